//! The user's browser.

use std::process::{Command, Stdio};

/// Where everybody has the program that opens an address in the user's browser.
pub const OPENER: &str = "xdg-open";

/// Opens an address; no shell sees it.
pub fn open(url: &str) -> bool {
    let mut opener = Command::new(OPENER);
    opener.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    opener.spawn().is_ok()
}
