//! HTTP with SSE, as revision 2024-11-05 has it ("HTTP with SSE"), for clients that speak nothing
//! newer.
//!
//! GET `/sse` opens a stream of events; its first event says where the client is to POST its
//! messages, and everything that we have to say comes on the stream. The session is the stream:
//! when that ends, the calls in flight are taken back.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header as names};
use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use super::peer::Caller;
use super::post::read;
use super::response::{Response, accepts, cwd, empty, json, refusal};
use super::streamed_answer::KEEP_ALIVE;
use crate::base::{Principal, SessionId};
use crate::client::session::{Carriage, Session};
use crate::facts;
use crate::front::Front;
use crate::outbox::{FULL, Outbox, SILENT_MAX};
use crate::sessions::duplex::Duplex;
use crate::wire::error::code::INVALID_REQUEST;
use crate::wire::params::Head;
use crate::wire::{Era, Malformed, Message, Payload, RpcError, sse};

/// Where the stream is opened.
pub(super) const STREAM: &str = "/sse";
/// Where messages are taken in.
pub(super) const MESSAGES: &str = "/messages";
/// The parameter that names the session there.
const SESSION: &str = "sessionId";

/// Opens a session and its stream.
pub(super) async fn open(
    State(front): State<Arc<Front>>,
    Extension(principal): Extension<Principal>,
    Extension(caller): Extension<Arc<Caller>>,
    request: Request,
) -> axum::response::Response {
    if !accepts(request.headers(), "text/event-stream") {
        let error = RpcError::new(INVALID_REQUEST, "the answer to GET is a text/event-stream");
        return refusal(StatusCode::NOT_ACCEPTABLE, &error).map(axum::body::Body::new);
    }
    let session =
        Session::new(SessionId::random(), principal, Carriage::Sse, cwd(request.headers()));
    let endpoint = sse::endpoint(&format!("{MESSAGES}?{SESSION}={}", session.id));
    let duplex = Arc::new(front.duplex(session, Outbox::events(endpoint)));
    duplex.announce();
    front.sse.lock().insert(duplex.session.id, duplex.clone());
    front.changed.notify_one();
    let (sender, gone) = oneshot::channel();
    front.streams.spawn("sse session", end(front.clone(), duplex.clone(), caller, gone));
    let stream = OutboxBody::new(duplex.outbox.clone(), Held { front, duplex, _gone: sender });
    let mut response = axum::response::Response::new(axum::body::Body::new(stream));
    let headers = response.headers_mut();
    headers.insert(names::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(names::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Ends the session of a client that does not read, and in order when the daemon is told to stop.
async fn end(
    front: Arc<Front>,
    duplex: Arc<Duplex>,
    caller: Arc<Caller>,
    mut gone: oneshot::Receiver<()>,
) {
    let in_order = async {
        front.streams.stopped().await;
        duplex.session.wait_idle().await;
        front.sse.lock().remove(&duplex.session.id);
        // What was taken in meanwhile.
        duplex.session.wait_idle().await;
        duplex.outbox.close();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = &mut gone => {}
        () = duplex.outbox.given_up(SILENT_MAX) => caller.give_up(),
        () = in_order => {}
    }
}

/// Takes in one message.
pub(super) async fn post(
    State(front): State<Arc<Front>>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> axum::response::Response {
    let (head, body) = request.into_parts();
    let response = match find(&front, &principal, &head.uri) {
        Err(response) => response,
        Ok(_) => match read(&head.headers, body, front.hub.world().config.http.max_body).await {
            Err(response) => response,
            // The session may have ended while the body came.
            Ok(text) => match find(&front, &principal, &head.uri) {
                Err(response) => response,
                Ok(duplex) if duplex.outbox.waiting() > FULL => {
                    let what = "the session's stream is not read; read it before you send more";
                    let error = RpcError::new(INVALID_REQUEST, what);
                    refusal(StatusCode::TOO_MANY_REQUESTS, &error)
                }
                Ok(duplex) => take_in(&duplex, &text),
            },
        },
    };
    response.map(axum::body::Body::new)
}

#[expect(clippy::result_large_err, reason = "the error is the response, and is sent at once")]
fn find(front: &Front, principal: &Principal, uri: &Uri) -> Result<Arc<Duplex>, Response> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let id = pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == SESSION);
    let Some((_, id)) = id else {
        let what = format!("the session is missing; the first event of GET {STREAM} names it");
        return Err(refusal(StatusCode::BAD_REQUEST, &RpcError::new(INVALID_REQUEST, what)));
    };
    let found = SessionId::parse(id).and_then(|id| front.sse.find(id, principal));
    let found = found.map(|duplex| duplex.asked_by(principal));
    found.ok_or_else(|| {
        let what = format!("no such session; begin one with GET {STREAM}");
        refusal(StatusCode::NOT_FOUND, &RpcError::new(INVALID_REQUEST, what))
    })
}

/// What is no message is refused here; everything else is answered on the stream.
fn take_in(duplex: &Duplex, text: &Bytes) -> Response {
    let refused = match Message::parse(text) {
        Ok(message) if Head::parse(&message).is_ok_and(|head| head.era() == Era::Modern) => {
            let what = "2026-07-28 has no HTTP with SSE; it is spoken on /mcp";
            Some(RpcError::new(INVALID_REQUEST, what).response(message.id()))
        }
        Err(Malformed::Batch) if duplex.session.revision().has_batches() => None,
        Ok(_) => None,
        Err(malformed) => {
            let (error, id) = malformed.answer();
            Some(error.response(id))
        }
    };
    match refused {
        Some(error) => json(StatusCode::BAD_REQUEST, error),
        None => {
            duplex.take_in(text, false);
            empty(StatusCode::ACCEPTED)
        }
    }
}

/// A session for as long as its stream is there.
#[derive(Debug)]
struct Held {
    front: Arc<Front>,
    duplex: Arc<Duplex>,
    /// Dropped with the stream, which the other end hears.
    _gone: oneshot::Sender<()>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let session = self.duplex.session.id;
        self.front.sse.lock().remove(&session);
        self.duplex.tasks.stop();
        self.front.changed.notify_one();
        self.front.hub.touch();
        self.front.hub.recorder.record(facts::SessionClosed { session });
    }
}

type NextPayload = Pin<Box<dyn Future<Output = Option<Payload>> + Send>>;

/// The body that sends what is in the session's outbox.
struct OutboxBody<H> {
    outbox: Arc<Outbox>,
    next: Option<NextPayload>,
    /// Until the next comment, which keeps a silent stream alive.
    silence: Pin<Box<Sleep>>,
    /// Dropped with the stream.
    _held: H,
}

impl<H> OutboxBody<H> {
    fn new(outbox: Arc<Outbox>, held: H) -> Self {
        let silence = Box::pin(tokio::time::sleep(KEEP_ALIVE));
        Self { outbox, next: None, silence, _held: held }
    }
}

impl<H: Unpin> Body for OutboxBody<H> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let outbox = self.outbox.clone();
        let next = self.next.get_or_insert_with(|| Box::pin(async move { outbox.next().await }));
        let event = match next.as_mut().poll(cx) {
            Poll::Ready(event) => {
                self.next = None;
                event.map(Payload::into_bytes)
            }
            Poll::Pending => {
                std::task::ready!(self.silence.as_mut().poll(cx));
                Some(Bytes::from_static(sse::KEEP_ALIVE))
            }
        };
        self.silence.as_mut().reset(Instant::now() + KEEP_ALIVE);
        Poll::Ready(event.map(|event| Ok(Frame::data(event))))
    }
}

#[cfg(test)]
mod tests;
