//! One call that is asked about.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::base::{ServerName, clip};
use crate::json::Json;

/// Of the arguments so much is shown, in bytes.
const SHOWN_MAX: usize = 2048;
/// And of a name.
const NAME_MAX: usize = 512;
/// Longer arguments are the same only if they are written in the same way, in bytes.
const READ_MAX: usize = 64 * 1024;

/// A call of something of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedCall {
    /// As it stands in the config.
    pub server: Box<str>,
    /// `tool`, `prompt` or `resource`.
    pub kind: Box<str>,
    /// The name that clients see, or the URI.
    pub shown: Box<str>,
    /// What the client wrote as its arguments, as JSON. A long text is cut.
    pub arguments: Option<Box<str>>,
    /// The SHA-256 of what it is a call of, in hexadecimal digits. Two calls of the same are alike.
    target: Box<str>,
    /// The same of all of it. The order of members and white space between values make no difference.
    whole: Box<str>,
}

impl AskedCall {
    /// `own`: what the server calls it.
    pub fn new(
        server: &ServerName,
        kind: &str,
        (own, shown): (&str, &str),
        arguments: Option<&str>,
    ) -> Self {
        let server = server.configured();
        let target = sha256(&[server.as_str(), kind, own]);
        let sorted = arguments.filter(|text| text.len() <= READ_MAX);
        let sorted = sorted.and_then(|text| Json::parse(text).ok()).map(Json::sorted);
        let written = sorted.map(|json| json.to_string());
        // No arguments and an empty object are the same to every server.
        let written = written.as_deref().or(arguments).filter(|text| *text != "{}");
        let whole = sha256(&[&target, written.unwrap_or_default()]);
        Self {
            server: server.as_str().into(),
            kind: kind.into(),
            shown: clip::start(shown, NAME_MAX).into(),
            arguments: arguments.map(|text| clip::start(text, SHOWN_MAX).into()),
            target,
            whole,
        }
    }

    /// The same with no more than it takes to know it again.
    pub(super) fn without_arguments(&self) -> Self {
        Self { arguments: None, ..self.clone() }
    }

    /// Whether both are calls of the same with the same arguments.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.whole == other.whole
    }

    /// Whether both are calls of the same.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        self.target == other.target
    }
}

fn sha256(parts: &[&str]) -> Box<str> {
    let mut hash = Sha256::new();
    for part in parts {
        // So that no two lists of parts are written alike.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digits = hash.finalize();
    digits.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")).into()
}

#[cfg(test)]
mod tests {
    use super::AskedCall;
    use crate::base::ServerName;

    #[test]
    fn calls_are_the_same_however_their_arguments_are_written() {
        let call = |server: &str, own: &str, arguments: Option<&str>| {
            let server = ServerName::parse(server).unwrap();
            AskedCall::new(&server, "tool", (own, own), arguments)
        };
        let one = call("s", "t", Some(r#"{"a":1,"b":{"c":2,"d":3}}"#));
        assert!(one.is_same(&call("s", "t", Some(r#"{ "b": {"d":3, "c":2}, "a":1 }"#))));
        assert!(call("s", "t", None).is_same(&call("s", "t", Some("{ }"))));
        for other in [
            call("s", "t", Some(r#"{"a":1.0,"b":{"c":2,"d":3}}"#)),
            call("s", "t", Some(r#"{"a":1,"b":{"c":2,"d":"3"}}"#)),
            call("s", "t", None),
        ] {
            assert!(!one.is_same(&other) && one.is_alike(&other), "{other:?}");
        }
        for other in [call("s", "u", None), call("r", "t", None)] {
            assert!(!call("s", "t", None).is_alike(&other), "{other:?}");
        }
        let long = format!(r#"{{"a":"{}"}}"#, "é".repeat(1 << 16));
        assert!(call("s", "t", Some(&long)).arguments.unwrap().len() <= super::SHOWN_MAX);
    }
}
