//! The headers of a request: the user's, the transport's, and those that repeat the body.

use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::failure::RequestFailure;
use super::server::{Remote, RemoteSession};
use crate::wire::params::Head;
use crate::wire::{Era, Message, Method, Revision, headers, mirror, object};

const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Remote {
    /// Those of every request, and those that a legacy server wants with every request of a session
    /// (2025-11-25, "Session Management", "Protocol Version Header").
    pub(super) fn headers_in(&self, session: &RemoteSession) -> HeaderMap {
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
    pub(super) fn headers_of(&self, message: &Message) -> Result<(HeaderMap, Era), RequestFailure> {
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

fn put(out: &mut HeaderMap, name: &str, value: &str) -> Result<(), RequestFailure> {
    let wrong = || RequestFailure::refused(format!("what it says cannot be repeated in `{name}`"));
    let value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    out.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
    Ok(())
}

#[cfg(test)]
mod tests;
