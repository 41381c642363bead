//! GET: a legacy client listens. DELETE: it leaves.

use std::sync::Arc;

use axum::Extension;
use axum::extract::Request;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header as names};

use super::answer::events;
use super::response::{Response, accepts, empty, header, no_session, refusal, session_id};
use super::streamed_answer::KEEP_ALIVE;
use super::until::{reached, until};
use crate::base::Principal;
use crate::client::announce::{Announcements, Said};
use crate::client::session::Session;
use crate::event_streams::stream::{self, Reader, Stream};
use crate::front::Front;
use crate::sessions::http_sessions::NoSession;
use crate::wire::{Era, Revision, RpcError, error::code, headers};

/// Opens the stream for what belongs to no response, or resumes the one that `Last-Event-ID`
/// names.
pub(super) async fn open(
    State(front): State<Arc<Front>>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> axum::response::Response {
    listen_or_refuse(&front, &principal, request.headers()).map(axum::body::Body::new)
}

fn listen_or_refuse(front: &Arc<Front>, principal: &Principal, request: &HeaderMap) -> Response {
    let wrong = |status, what: &str| refusal(status, &RpcError::new(code::INVALID_REQUEST, what));
    let Some(session) = session_id(request).filter(|_| !is_modern(request)) else {
        return not_allowed();
    };
    if !accepts(request, "text/event-stream") {
        return wrong(StatusCode::NOT_ACCEPTABLE, "the answer to GET is a text/event-stream");
    }
    let found = session.map_err(|()| NoSession::Unknown);
    let held = match found.and_then(|id| front.sessions.take_up(id, principal)) {
        Ok(held) => held,
        Err(why) => {
            let (status, error) = no_session(why);
            return refusal(status, &error);
        }
    };
    let last = header(request, "last-event-id");
    match last.and_then(|id| held.streams.resume(id)) {
        Some((stream, body)) if held.streams.is_standing(&stream) => {
            feed(front, held.session.asked_by(principal), stream, body)
        }
        Some((_, body)) => events(body),
        // A standing stream instead would end the one that the client has.
        None if last.is_some_and(stream::is_of_response) => {
            wrong(StatusCode::BAD_REQUEST, "the rest of that stream is not kept any more")
        }
        None => {
            let stream = held.streams.open_standing();
            stream.prime();
            let body = stream.body();
            feed(front, held.session.asked_by(principal), stream, body)
        }
    }
}

/// Sends changes to the standing stream for as long as this reader reads it, and is somebody.
fn feed(
    front: &Arc<Front>,
    session: Arc<Session>,
    stream: Arc<Stream>,
    mut body: Reader,
) -> Response {
    let until = until(&session.principal);
    let mut gone = body.when_gone();
    let (tasks, front) = (front.streams.clone(), front.clone());
    let mut announcements = Announcements::new(&front.hub, session);
    tasks.clone().spawn("event stream", async move {
        loop {
            tokio::select! {
                _ = &mut gone => return front.hub.touch(),
                () = tasks.stopped() => return stream.end(),
                // Who comes back with another token hears more.
                () = reached(until) => return stream.end(),
                said = announcements.next() => match said {
                    Said::Notification(message) => stream.push_notification(message),
                    Said::Question(message) => stream.push(message),
                },
                () = tokio::time::sleep(KEEP_ALIVE) => stream.keep_alive(),
            }
        }
    });
    events(body)
}

/// Ends a session (2025-03-26, "Session Management").
pub(super) async fn close(
    State(front): State<Arc<Front>>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> axum::response::Response {
    close_or_refuse(&front, &principal, request.headers()).map(axum::body::Body::new)
}

fn close_or_refuse(front: &Front, principal: &Principal, request: &HeaderMap) -> Response {
    let Some(session) = session_id(request).filter(|_| !is_modern(request)) else {
        return not_allowed();
    };
    match session {
        Ok(id) if front.sessions.close(id, principal) => {
            front.changed.notify_one();
            empty(StatusCode::NO_CONTENT)
        }
        _ => {
            refusal(StatusCode::NOT_FOUND, &RpcError::new(code::INVALID_REQUEST, "no such session"))
        }
    }
}

/// Since 2026-07-28 the endpoint has neither GET nor DELETE.
fn is_modern(request: &HeaderMap) -> bool {
    let version = header(request, headers::PROTOCOL_VERSION).and_then(Revision::parse);
    version.is_some_and(|version| version.era() == Era::Modern)
}

fn not_allowed() -> Response {
    let mut response = refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        &RpcError::new(code::INVALID_REQUEST, "only POST, without a session"),
    );
    response.headers_mut().insert(names::ALLOW, HeaderValue::from_static("POST"));
    response
}
