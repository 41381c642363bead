//! Whether the issuer of the config is there, and is the one that the config means.

use super::finding::finding;
use crate::api::{Finding, Severity};
use crate::base::runtime::runtime;
use crate::oidc::{NoKeys, fetch};
use crate::settings::access::Oidc;

/// Asks it, for five seconds at the most; `None` if it has keys for us.
pub fn issuer(oidc: &Oidc) -> Option<Finding> {
    let why = runtime().ok()?.block_on(fetch(oidc)).err()?;
    let remedy = match why {
        NoKeys::Unreachable(_) | NoKeys::TooSlow => {
            "nobody is let in with its tokens until it can be reached, and who was may go on for a day"
        }
        NoKeys::OtherIssuer(_) | NoKeys::NoMetadata(_) => {
            "write `issuer` as the issuer writes it, to the last slash"
        }
        NoKeys::NoPlace | NoKeys::NoSet(_) => "that is for whoever runs the issuer to mend",
        NoKeys::Unusable => "set `algorithms` to those that the issuer signs with",
    };
    let message = format!("the issuer {} of `[access.oidc]`: {why}", oidc.issuer);
    Some(finding(Severity::Problem, None, message, remedy))
}
