//! The headers of a request: the user's, the transport's, and those that repeat the body.

use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::failure::Failure;
use super::server::{Remote, Session};
use crate::wire::params::Head;
use crate::wire::{Era, Message, Method, Revision, headers, mirror, object};

const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Remote {
    /// Those of every request, and those that a legacy server wants with every request of a session
    /// (2025-11-25, "Session Management", "Protocol Version Header").
    pub(super) fn headers_in(&self, session: &Session) -> HeaderMap {
        let mut out = self.headers.clone();
        if let Some(revision) = &session.revision {
            out.insert(headers::PROTOCOL_VERSION, revision.clone());
        }
        if let Some(id) = &session.id {
            out.insert(headers::SESSION_ID, id.clone());
        }
        out
    }

    /// Those of the POST of this message.
    pub(super) fn headers_of(&self, message: &Message) -> Result<(HeaderMap, Era), Failure> {
        let head = Head::parse(message).unwrap_or_default();
        let named = head.meta(message).version;
        let session = self.session();
        let is_greeting = message.method() == Some(&Method::Initialize);
        let is_modern = session.revision.is_none() && !is_greeting;
        let mut out = if is_modern { self.headers.clone() } else { self.headers_in(&session) };
        out.insert(ACCEPT, BOTH);
        out.insert(CONTENT_TYPE, JSON);
        if !is_modern {
            return Ok((out, Era::Legacy));
        }
        let revision = named.as_deref().unwrap_or(Revision::MODERN.as_str());
        put(&mut out, headers::PROTOCOL_VERSION, revision)?;
        let Some(method) = message.method() else { return Ok((out, Era::Modern)) };
        put(&mut out, headers::METHOD, &headers::encode(method.as_str()))?;
        if let Some(name) = name(message, method, &head) {
            put(&mut out, headers::NAME, &headers::encode(&name))?;
            if let (Method::ToolsCall, Some(mirrors)) = (method, session.mirrors.get(&*name)) {
                let arguments = message.params().and_then(|json| object::get(json, "arguments"));
                for (header, value) in mirror::headers(mirrors, arguments.unwrap_or("{}")) {
                    put(&mut out, &header, &value)?;
                }
            }
        }
        Ok((out, Era::Modern))
    }
}

/// What `Mcp-Name` repeats (2026-07-28, "Standard Request Headers"; the tasks extension has the
/// task's id there).
fn name(message: &Message, method: &Method, head: &Head) -> Option<String> {
    match method {
        Method::ToolsCall
        | Method::PromptsGet
        | Method::ResourcesRead
        | Method::TasksGet
        | Method::TasksUpdate
        | Method::TasksCancel => Some(head.request(message).ok()?.name.into_owned()),
        _ => None,
    }
}

fn put(out: &mut HeaderMap, name: &str, value: &str) -> Result<(), Failure> {
    let wrong = || Failure::refused(format!("what it says cannot be repeated in `{name}`"));
    let value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    out.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{HeaderMap, Remote};
    use crate::base::Secret;
    use crate::connection::Address;
    use crate::wire::{Message, mirror};
    use hyper::header::HeaderValue;

    fn remote() -> Remote {
        let address = Address {
            url: Secret::new("http://localhost/mcp".to_owned()),
            socket: None,
            streamable: true,
            sse: true,
            headers: vec![],
            credential: None,
            max_message: 1000,
        };
        Remote::new(&address).unwrap()
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let mcp = headers.iter().filter(|(name, _)| name.as_str().starts_with("mcp-"));
        let mut lines: Vec<String> =
            mcp.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    fn check(remote: &Remote, method: &str, params: &str, expected: &[&str]) {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let message = Message::parse(&text.into()).unwrap();
        assert_eq!(shown(&remote.headers_of(&message).unwrap().0), expected, "{method} {params}");
    }

    #[test]
    fn a_modern_request_is_repeated_in_its_headers() {
        let remote = remote();
        let schema = r#"{"properties":{"r":{"type":"string","x-mcp-header":"R"}}}"#;
        let mirrors = mirror::annotations(schema).unwrap().into();
        remote.mirror(HashMap::from([("echo".into(), mirrors)]));
        let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
        let check = |method: &str, params: &str, expected: &[&str]| {
            let mut all = vec![format!("mcp-method: {method}")];
            all.extend(expected.iter().map(ToString::to_string));
            all.push("mcp-protocol-version: 2026-07-28".to_owned());
            all.sort();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            check(&remote, method, &format!("{{{params}{meta}}}"), &all);
        };
        check("server/discover", "", &[]);
        let call = r#""name":"echo","arguments":{"r":"é"},"#;
        check("tools/call", call, &["mcp-name: echo", "mcp-param-r: =?base64?w6k=?="]);
        check("tools/call", r#""name":"other","arguments":{"r":"é"},"#, &["mcp-name: other"]);
        check("resources/read", r#""uri":"a:ü","#, &["mcp-name: =?base64?YTrDvA==?="]);
        check("tasks/get", r#""taskId":"t 1","#, &["mcp-name: t 1"]);
        check("completion/complete", r#""ref":{"type":"ref/prompt","name":"p"},"#, &[]);
    }

    #[test]
    fn a_legacy_request_names_its_session() {
        let remote = remote();
        check(&remote, "initialize", "{}", &[]);
        {
            let mut session = remote.session();
            session.id = Some(HeaderValue::from_static("s-1"));
            session.revision = Some(HeaderValue::from_static("2025-06-18"));
        }
        let expected = ["mcp-protocol-version: 2025-06-18", "mcp-session-id: s-1"];
        check(&remote, "tools/call", r#"{"name":"x"}"#, &expected);
    }
}
