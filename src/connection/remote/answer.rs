//! What comes back for a request: a message, a stream of them, or a status that says why not.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::HeaderMap;
use hyper::{Response, StatusCode};

use super::asked::Responding;
use super::body::{take_in, whole};
use super::failure::{RequestFailure, RequestReached};
use super::server::Remote;
use super::{gone, redirect, stream};
use crate::base::visible;
use crate::connection::state::Connection;
use crate::http::{Content, ResponseBody, retry_after, said};
use crate::lenient::own_id;
use crate::wire::error::code;
use crate::wire::{Era, Kind, Message, Method, RpcError, Topic, headers, object};

/// The most that is read of a response whose status is an error, in bytes.
const REFUSAL_MAX: usize = 256 * 1024;

/// Statuses by which a server says that it did not look at a request's meaning (RFC 9110, section
/// 15.5; RFC 6585, section 4).
const REFUSED: [StatusCode; 10] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::NOT_ACCEPTABLE,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::MISDIRECTED_REQUEST,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
];

/// Acts on the response to `message`. `Ok` once it is answered. What takes long, or is rare, is in a box
/// of its own: every request would have to carry the room for it.
pub(super) async fn take(
    connection: &Arc<Connection>,
    remote: &Remote,
    sent: &Responding<'_>,
    response: Response<ResponseBody>,
) -> Result<(), RequestFailure> {
    let Responding { asked, message, .. } = sent;
    let (head, body) = response.into_parts();
    if !head.status.is_success() {
        let head = (head.status, head.headers);
        return Box::pin(refused(connection, remote, sent, head, body)).await;
    }
    if message.method() == Some(&Method::Initialize) {
        // Before anybody acts on the answer.
        remote.session().id = head.headers.get(headers::SESSION_ID).cloned();
    }
    let mut content = Content::new(&head.headers, body)?;
    if content.is_stream().await {
        return Box::pin(stream::answer(connection, remote, sent, content)).await;
    }
    let bytes = whole(content, remote.max_message).await?;
    if gone::is_worth_a_look(&bytes) {
        Box::pin(gone::end_session(connection, remote, sent, (head.status, &bytes))).await?;
    }
    if bytes.is_empty() {
        return Err(RequestFailure::lost(format!("HTTP status {} without an answer", head.status)));
    }
    take_in(connection, &bytes, Some((asked.id, &asked.cell)));
    if connection.waits_for(asked.id) {
        return Err(RequestFailure::lost("what it answered is no answer to the request"));
    }
    Ok(())
}

/// The server answered with a status that is an error. Its body may still be the answer.
async fn refused(
    connection: &Arc<Connection>,
    remote: &Remote,
    sent: &Responding<'_>,
    (status, headers): (StatusCode, HeaderMap),
    body: ResponseBody,
) -> Result<(), RequestFailure> {
    let Responding { asked, message, era } = sent;
    let body = match Content::new(&headers, body) {
        Ok(content) => whole(content, remote.max_message.min(REFUSAL_MAX)).await,
        Err(error) => Err(error.into()),
    };
    let body = body.unwrap_or_default();
    gone::end_session(connection, remote, sent, (status, &body)).await?;
    let error = error_for(&body, message.id().unwrap_or_default());
    let said = said::behind(&body, |words| remote.redact(words));
    let said = visible::line(&said);
    let may_be_older = message.method() == Some(&Method::Initialize) && remote.may_be_older(status);
    if may_be_older && error.as_ref().is_none_or(|(code, _)| !code::is_modern(*code)) {
        let reason = format!("HTTP status {status}{said}");
        let refused = status == StatusCode::BAD_REQUEST;
        return Err(RequestFailure { reason, reached: RequestReached::Misplaced { refused } });
    }
    // A session that is gone is told in many ways; only an unknown method is something else.
    let is_answer =
        |code| may_be_older || status != StatusCode::NOT_FOUND || code == code::METHOD_NOT_FOUND;
    if let Some((code, error)) = error.filter(|(code, _)| *era == Era::Modern || is_answer(*code)) {
        if code == code::HEADER_MISMATCH && message.method() == Some(&Method::ToolsCall) {
            // Perhaps the tool has other annotations by now.
            connection.list_changed(Topic::Tools);
        }
        connection.take_in(&error, Some((asked.id, &asked.cell)));
        return Ok(());
    }
    if *era == Era::Legacy && remote.forgets_session(status) {
        connection.end("its session is over".to_owned());
        return Err(RequestFailure::refused("its session is over"));
    }
    if message.method() == Some(&Method::Discover) && status.is_client_error() {
        // 2026-07-28 ("Versioning", era detection): so answers a legacy server.
        let error = RpcError::new(code::METHOD_NOT_FOUND, format!("HTTP status {status}"));
        connection.take_in(&error.response(message.id()), Some((asked.id, &asked.cell)));
        return Ok(());
    }
    // Where a POST is only accepted, a client's fault is found before that.
    let is_refused = REFUSED.contains(&status)
        || status.is_redirection()
        || (remote.is_sse() && status.is_client_error());
    match retry_after::after(status, &headers) {
        Some(after) => {
            let reason = retry_after::reason(status, after);
            Err(RequestFailure::refused(format!("{reason}{said}")))
        }
        None if let Some(told) = redirect::unfollowed(&remote.url, status, &headers) => {
            Err(RequestFailure::refused(told))
        }
        None if is_refused => Err(RequestFailure::refused(format!("HTTP status {status}{said}"))),
        None => Err(RequestFailure::lost(format!("HTTP status {status}{said}"))),
    }
}

/// The JSON-RPC error in a body, with its code, as the answer to the request with `id`. An error
/// without an id is about the one request that was sent.
fn error_for(body: &Bytes, id: &str) -> Option<(i64, Bytes)> {
    let message = Message::parse(body).ok()?;
    let Kind::Error { id: named, error } = message.kind() else { return None };
    let error = message.at(*error);
    let code = object::get(error, "code")?.parse().ok()?;
    match named.map(|named| message.at(named)) {
        Some(named) if named == id || own_id::are_equal(named, id) => Some((code, body.clone())),
        Some(_) => None,
        None => Some((code, format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#).into())),
    }
}

#[cfg(test)]
mod tests;
