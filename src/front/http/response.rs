//! What we answer with, and what of a request's headers the answer hangs on.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use axum::http::header::{self as names, AsHeaderName, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::body::Body;
use crate::base::SessionId;
use crate::peers::peer::Refusal;
use crate::sessions::http_sessions::{NoSession, SESSIONS_MAX};
use crate::wire::error::code::INVALID_REQUEST;
use crate::wire::{Payload, RpcError, headers};

/// What we answer.
pub(super) type Response = axum::http::Response<Body>;

/// Marks a response whose message is an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct IsError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A name that was looked at before is found faster than a text.
pub(super) const SESSION_ID: HeaderName = HeaderName::from_static(headers::SESSION_ID);
/// As the npm callmux calls it.
const CWD: HeaderName = HeaderName::from_static("x-callmux-cwd");
/// What a request is called by whoever sent it on, and its answer after it.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id is none, in bytes.
const REQUEST_ID_MAX: usize = 128;
pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static(headers::PROTOCOL_VERSION);

pub(super) fn json(status: StatusCode, body: bytes::Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(names::CONTENT_TYPE, JSON);
    response
}

/// A JSON-RPC message as a whole response.
pub(super) fn message(status: StatusCode, payload: Payload) -> Response {
    let mut response = Response::new(Body::parts(payload.into_parts()));
    *response.status_mut() = status;
    response.headers_mut().insert(names::CONTENT_TYPE, JSON);
    response
}

/// What a refusal says, for who reads another form of it.
#[derive(Debug, Clone)]
pub(super) struct RefusalText(pub(super) String);

/// An error that belongs to no request.
pub(super) fn refusal(status: StatusCode, error: &RpcError) -> Response {
    let mut response = json(status, error.response(None));
    response.extensions_mut().insert(RefusalText(error.message.clone()));
    response
}

/// The answer about what is not there.
pub(super) fn not_here() -> Response {
    let message = "there is nothing here; the endpoints are /mcp, /sse, /health and /ready";
    refusal(StatusCode::NOT_FOUND, &RpcError::new(INVALID_REQUEST, message))
}

/// The answer to who may not come at all; the connection ends with it.
pub(super) fn shut_out(why: &Refusal) -> Response {
    let error = RpcError::new(INVALID_REQUEST, why.to_string());
    let mut response = refusal(StatusCode::FORBIDDEN, &error);
    response.headers_mut().insert(names::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A response without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

pub(super) fn header(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The directory that the client says it works in: as it is, or as `utf8b64:` and base64url of it.
pub(super) fn cwd(headers: &HeaderMap) -> Option<PathBuf> {
    let value = headers.get(CWD)?.as_bytes();
    let bytes = match value.strip_prefix(b"utf8b64:") {
        Some(encoded) => URL_SAFE_NO_PAD.decode(encoded.trim_ascii_end()).ok()?,
        None => value.to_vec(),
    };
    (!bytes.is_empty() && !bytes.contains(&0)).then(|| OsString::from_vec(bytes).into())
}

/// The id of a request, if it is one: visible characters of ASCII, and not too many.
pub(super) fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let is_one =
        (1..=REQUEST_ID_MAX).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    is_one.then(|| id.clone())
}

/// The session a legacy request names: `None` if it names none, `Err` if it is no session's.
pub(super) fn session_id(request: &HeaderMap) -> Option<Result<SessionId, ()>> {
    let value = request.get(SESSION_ID)?;
    Some(value.to_str().ok().and_then(SessionId::parse).ok_or(()))
}

/// The answer to a request whose session there is not.
pub(super) fn no_session(why: NoSession) -> (StatusCode, RpcError) {
    let (status, what) = match why {
        NoSession::Unknown => {
            (StatusCode::NOT_FOUND, "no such session; begin one with `initialize`".to_owned())
        }
        NoSession::Full => {
            let what = format!("all {SESSIONS_MAX} sessions are in use; end one with DELETE");
            (StatusCode::SERVICE_UNAVAILABLE, what)
        }
    };
    (status, RpcError::new(INVALID_REQUEST, what))
}

/// Whether the client reads this media type (RFC 9110, section 12.5.1). No header means any.
pub(super) fn accepts(request: &HeaderMap, media_type: &str) -> bool {
    let Some(accept) = header(request, names::ACCEPT) else { return true };
    if memchr::memmem::find(accept.as_bytes(), media_type.as_bytes()).is_some() {
        return true;
    }
    let general = media_type.split('/').next().unwrap_or_default();
    accept.split(',').any(|item| {
        let item = item.split(';').next().unwrap_or_default().trim();
        item.eq_ignore_ascii_case(media_type)
            || item == "*/*"
            || item.strip_suffix("/*") == Some(general)
    })
}

#[cfg(test)]
mod tests;
