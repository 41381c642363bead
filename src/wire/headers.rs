//! The header rules of revision 2026-07-28: what a header repeats must be what the body says.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{RpcError, code};
use super::method::Method;

pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
pub const SESSION_ID: &str = "mcp-session-id";
pub const METHOD: &str = "mcp-method";
pub const NAME: &str = "mcp-name";
/// What the headers of a tool's arguments begin with.
pub const PARAM_PREFIX: &str = "mcp-param-";

/// The mirrored headers of one request, as they came in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mirrored<'a> {
    pub version: Option<&'a str>,
    pub method: Option<&'a str>,
    pub name: Option<&'a str>,
}

/// Which member of `params` a method's `Mcp-Name` repeats.
pub fn named_by(method: &Method) -> Option<&'static str> {
    match method.as_str() {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        _ => None,
    }
}

/// Compares the headers with the body (transports, "Standard request headers").
///
/// `name`: what the body says for [`named_by`], `None` where the method has no such member.
pub fn check(
    mirrored: Mirrored<'_>,
    version: &str,
    method: &str,
    name: Option<&str>,
) -> Result<(), RpcError> {
    same("MCP-Protocol-Version", mirrored.version, version)?;
    same("Mcp-Method", mirrored.method, method)?;
    match name {
        Some(name) => same("Mcp-Name", mirrored.name, name),
        None => Ok(()),
    }
}

/// Compares the version alone.
pub fn check_version(header: Option<&str>, version: &str) -> Result<(), RpcError> {
    same("MCP-Protocol-Version", header, version)
}

fn same(header: &str, value: Option<&str>, body: &str) -> Result<(), RpcError> {
    let mismatch = |what: String| Err(RpcError::new(code::HEADER_MISMATCH, what));
    match value {
        None => mismatch(format!("the `{header}` header is missing; the body says `{body}`")),
        Some(value) => match decode(value) {
            Some(decoded) if decoded == body => Ok(()),
            Some(decoded) => {
                mismatch(format!("`{header}: {decoded}` differs from the body's `{body}`"))
            }
            None => mismatch(format!("`{header}` holds base64 that cannot be decoded")),
        },
    }
}

/// Undoes `=?base64?…?=`, the form of values that a header cannot hold as they are.
pub fn decode(value: &str) -> Option<Cow<'_, str>> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        None => Some(Cow::Borrowed(value)),
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok().map(Cow::Owned),
    }
}

/// The text in the form in which a header can hold it.
pub fn encode(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let is_framed = text.starts_with("=?base64?") && text.ends_with("?=");
    if is_plain && !is_framed && !text.starts_with(' ') && !text.ends_with(' ') {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("=?base64?{}?=", STANDARD.encode(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Mirrored, check, decode, encode};

    #[test]
    fn every_text_passes_through_a_header() {
        let check = |text: &str, is_plain: bool| {
            let encoded = encode(text);
            assert_eq!(encoded == text, is_plain, "{text:?}");
            assert!(encoded.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
            assert_eq!(decode(&encoded).as_deref(), Some(text));
        };
        for plain in ["", "echo", "a b", "file:///a%20b?c=d", "=?base64?"] {
            check(plain, true);
        }
        for unsafe_ in ["é", " a", "a ", "a\tb", "a\r\nb", "=?base64?YQ==?="] {
            check(unsafe_, false);
        }
    }

    #[test]
    fn headers_must_say_what_the_body_says() {
        let ok = |version, method, name| {
            check(Mirrored { version, method, name }, "2026-07-28", "tools/call", Some("é"))
                .map_err(|e| e.code)
        };
        let (version, method) = (Some("2026-07-28"), Some("tools/call"));
        assert_eq!(ok(version, method, Some("=?base64?w6k=?=")), Ok(()));
        assert_eq!(ok(version, method, Some("é")), Ok(()));
        assert_eq!(ok(version, method, Some("e")), Err(-32020));
        assert_eq!(ok(version, method, Some("=?base64?%?=")), Err(-32020));
        assert_eq!(ok(version, method, None), Err(-32020));
        assert_eq!(ok(version, Some("tools/list"), Some("é")), Err(-32020));
        assert_eq!(ok(None, method, Some("é")), Err(-32020));
        assert_eq!(ok(Some("2025-11-25"), method, Some("é")), Err(-32020));
    }
}
