//! How a token of the config is written in a file of its own.

use std::fmt::Display;
use std::time::SystemTime;

use super::access::AccessToken;

impl AccessToken {
    /// What each such file begins with.
    pub const HEAD: &str = "# Written by `callmux token`. The token itself is nowhere.\n";

    /// The name of the file, without its end.
    pub fn file_name(name: &str) -> String {
        format!("token-{name}")
    }

    /// The text of the file of a token of this name.
    pub fn file_text(&self, name: &str) -> String {
        // A name may have dots.
        let mut text = format!("{}[access.tokens.\"{name}\"]\n", Self::HEAD);
        let mut add = |key: &str, value: &dyn Display| text += &format!("{key} = \"{value}\"\n");
        add("hash", &self.hash);
        if let Some(expires) = self.expires {
            add("expires", &moment(expires));
        }
        if let Some((hash, until)) = &self.previous {
            add("previous", hash);
            add("grace_until", &moment(*until));
        }
        text
    }
}

/// A moment, to the second.
pub fn moment(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}
