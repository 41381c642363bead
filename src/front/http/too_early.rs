//! A call that comes too early whatever its body says: it is answered before that is read.
//!
//! Only a modern client says in its headers what a request is, so only that is told here. Anybody else's
//! body is read, as far as a body may be, and the gate answers inside the result.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header as names};

use super::response::{PROTOCOL_VERSION, Response, header, refusal};
use crate::access::ActionKind;
use crate::meta::is_own_name;
use crate::wire::{Era, Method, Revision, RpcError, headers};

/// What a request's headers say that it calls, if that is counted.
pub(super) fn call(request: &HeaderMap) -> Option<(ActionKind, Cow<'_, str>)> {
    let version = header(request, PROTOCOL_VERSION).and_then(Revision::parse)?;
    if version.era() != Era::Modern {
        return None;
    }
    let method = Method::parse(header(request, headers::METHOD)?);
    let kind = match method {
        Method::ToolsCall => ActionKind::Tool,
        Method::PromptsGet => ActionKind::Prompt,
        Method::ResourcesRead => ActionKind::Resource,
        Method::Complete => ActionKind::PromptCompletion,
        // Of a task, the request may be what ends it; all others are none or not counted.
        _ => return None,
    };
    if kind == ActionKind::PromptCompletion {
        return Some((kind, "?".into()));
    }
    let name = std::str::from_utf8(request.get(headers::NAME)?.as_bytes()).ok()?;
    let name = headers::decode(name)?;
    // Our own tools are not counted; the calls that they make are.
    (kind != ActionKind::Tool || !is_own_name(&name)).then_some((kind, name))
}

/// RFC 6585, section 4.
pub(super) fn answer(error: &RpcError, after_seconds: u64) -> Response {
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, error);
    response.headers_mut().insert(names::RETRY_AFTER, HeaderValue::from(after_seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::call;
    use crate::access::ActionKind;
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    #[test]
    fn only_what_is_counted_whatever_its_body_says_is_a_call() {
        let read = |version: &str, method: &str, name: &str| {
            let mut headers = HeaderMap::new();
            for (header, value) in
                [("mcp-protocol-version", version), ("mcp-method", method), ("mcp-name", name)]
            {
                if !value.is_empty() {
                    let value = HeaderValue::from_str(value).unwrap();
                    headers.insert(HeaderName::from_static(header), value);
                }
            }
            call(&headers).map(|(kind, name)| (kind, name.into_owned()))
        };
        let modern = "2026-07-28";
        for (method, name, expected) in [
            ("tools/call", "a__b", Some((ActionKind::Tool, "a__b"))),
            ("tools/call", "=?base64?YV9fw6k=?=", Some((ActionKind::Tool, "a__é"))),
            ("prompts/get", "callmux_x", Some((ActionKind::Prompt, "callmux_x"))),
            ("resources/read", "x:1", Some((ActionKind::Resource, "x:1"))),
            ("completion/complete", "", Some((ActionKind::PromptCompletion, "?"))),
            ("tools/call", "callmux_parallel", None),
            ("tools/call", "=?base64?Y2FsbG11eF9jYWxs?=", None),
            ("tools/call", "", None),
            ("tools/call", "=?base64?%?=", None),
            ("tools/list", "", None),
            ("tasks/cancel", "", None),
            ("subscriptions/listen", "", None),
            ("notifications/cancelled", "", None),
            ("server/discover", "", None),
            ("", "a__b", None),
        ] {
            let expected = expected.map(|(kind, name)| (kind, name.to_owned()));
            assert_eq!(read(modern, method, name), expected, "{method} {name}");
        }
        for version in ["", "2025-11-25", "x"] {
            assert_eq!(read(version, "tools/call", "a__b"), None, "{version}");
        }
    }
}
