//! A finding of our own.

use crate::api::{Finding, Severity};
use crate::base::ServerName;

pub fn finding(
    severity: Severity,
    server: Option<&ServerName>,
    message: String,
    remedy: &str,
) -> Finding {
    Finding { severity, server: server.cloned(), message, remedy: remedy.to_owned() }
}
