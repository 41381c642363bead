//! The answer to one message: JSON at once, or a stream of events whose last is the answer.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header as names};

use super::body::Body;
use super::response::{IsError, Response, empty, json, message};
use super::streamed_answer::{Answering, KEEP_ALIVE, StreamedAnswer, cancelled};
use super::until::{reached, until};
use crate::client::announce::{Filter, Listening};
use crate::client::handle::{self, Handled};
use crate::client::session::{InFlight, Session};
use crate::connection::Forwarded;
use crate::event_streams::PendingStream;
use crate::event_streams::stream::{Reader, Stream};
use crate::front::Front;
use crate::handover::{CallRow, PendingCall};
use crate::meta;
use crate::mux::{self, Actor, Reply};
use crate::sessions::http_sessions::HttpSession;
use crate::sessions::note;
use crate::sessions::outlet::{Back, CallOutlet};
use crate::wire::error::code;
use crate::wire::params::Head;
use crate::wire::{Message, Payload, RpcError};

/// A response that takes longer becomes a stream of events, so that the client sees that we are
/// there and, in a legacy session, can come back for the rest.
const QUIET: Duration = Duration::from_secs(1);

/// One message with everything that its headers said about it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) session: Arc<Session>,
    /// The legacy session it came in.
    pub(super) held: Option<Arc<HttpSession>>,
    pub(super) message: Message,
    pub(super) head: Head,
    /// Whether the client reads streams of events.
    pub(super) reads_events: bool,
    /// What of its headers some server is to get.
    pub(super) forwarded: Option<Arc<Forwarded>>,
}

/// A message that is being answered.
pub(super) enum Begun {
    Response(Response),
    Call(Leaving, Arc<PendingStream>, bool),
    /// What happens rarely is in a box of its own: every call would have to carry the room for it.
    Rare(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl Begun {
    pub(super) async fn response(self) -> Response {
        match self {
            Self::Response(response) => response,
            Self::Call(call, late, reads_events) => respond(call, late, reads_events).await,
            Self::Rare(response) => response.await,
        }
    }
}

/// Handles the message.
pub(super) fn begin(front: &Arc<Front>, prepared: Prepared) -> Begun {
    let Prepared { session, held, message: parsed, head, reads_events, forwarded } = prepared;
    let id: Box<str> = parsed.id().unwrap_or("null").into();
    let front = front.clone();
    Begun::Response(match handle::handle(&front.hub, &session, parsed, head) {
        Handled::Taken => empty(StatusCode::ACCEPTED),
        Handled::Reply(payload) => message(StatusCode::OK, payload),
        Handled::Refused(error) => {
            json(status_of(error.code, held.is_some()), error.response(Some(&id)))
        }
        Handled::Deferred(deferred) => {
            return Begun::Rare(Box::pin(async move {
                let answer = handle::deferred(&front.hub, &session, &id, deferred).await;
                message(StatusCode::OK, answer)
            }));
        }
        Handled::Listen(filter, actor) => {
            return Begun::Rare(Box::pin(async move { listen(&front, &actor, &id, filter).await }));
        }
        Handled::Call(mut call) => {
            call.forwarded = forwarded;
            let in_flight = match held.as_ref().map(|_| session.begin(&id)).transpose() {
                Ok(in_flight) => in_flight,
                Err(error) => {
                    let error = RpcError::new(code::INVALID_REQUEST, error.to_string());
                    let refused = json(StatusCode::OK, error.response(Some(&id)));
                    return Begun::Response(refused);
                }
            };
            let number = held.as_ref().filter(|held| reads_events && held.outlives_us());
            let number = number.map(|held| held.streams.number());
            call.pending = number.and_then(|number| noted(&front, &session, &call, &id, number));
            let late = Arc::new(PendingStream::default());
            let mut outlet = CallOutlet::new(session.clone(), call.era, Back::Http(late.clone()));
            if !reads_events {
                outlet = outlet.answer_only();
            }
            let answering: Answering = Box::pin(meta::serve(front.hub.clone(), call, outlet));
            let answering = Some(answering);
            let leaving = Leaving { front, answering, held, in_flight, number };
            return Begun::Call(leaving, late, reads_events);
        }
    })
}

/// Notes a call whose client comes back for its answer, by the stream with this number.
fn noted(
    front: &Front,
    session: &Session,
    call: &mux::Call,
    id: &str,
    number: u64,
) -> Option<PendingCall> {
    let row = note::row(session, call, id)?;
    front.hub.pending.begin(CallRow { stream: Some(number), ..row }, false)
}

/// The HTTP status of an error. Legacy clients read the body of a 200; 2026-07-28 names the
/// status for each.
pub(super) fn status_of(code: i64, legacy: bool) -> StatusCode {
    match code {
        _ if legacy => StatusCode::OK,
        code::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        code::UNSUPPORTED_VERSION | code::HEADER_MISMATCH | code::MISSING_CAPABILITY => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::OK,
    }
}

/// A call being answered. If the client leaves, a legacy call goes on (2025-11-25: a disconnect is
/// no cancellation) and a modern one is taken back (2026-07-28: it is).
pub(super) struct Leaving {
    front: Arc<Front>,
    answering: Option<Answering>,
    held: Option<Arc<HttpSession>>,
    in_flight: Option<InFlight>,
    /// The one its stream is to have.
    number: Option<u64>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let (Some(answering), Some(_)) = (self.answering.take(), &self.held) {
            let mut in_flight = self.in_flight.take();
            self.front.calls.spawn_until_stopped("call", async move {
                tokio::select! {
                    _ = answering => {}
                    () = cancelled(&mut in_flight) => {}
                }
            });
        }
    }
}

enum First {
    /// The answer, and nothing before it.
    Answer(Reply),
    /// Something came before the answer, which may be there too.
    Events(Option<Payload>),
    Cancelled,
}

async fn respond(mut call: Leaving, late: Arc<PendingStream>, reads_events: bool) -> Response {
    let first = first(&mut call, &late, reads_events).await;
    match first {
        First::Answer(Reply { payload, error, .. }) => {
            call.answering = None;
            let status = error.map_or(StatusCode::OK, |code| status_of(code, call.held.is_some()));
            let mut response = message(status, payload);
            if error.is_some() {
                response.extensions_mut().insert(IsError);
            }
            response
        }
        First::Cancelled => {
            call.answering = None;
            call.held = None;
            empty(StatusCode::ACCEPTED)
        }
        First::Events(answer) => stream_the_rest(call, &late, answer),
    }
}

/// Waits for the answer, for something that comes before it, or until it takes long.
async fn first(call: &mut Leaving, late: &PendingStream, reads_events: bool) -> First {
    let Leaving { answering: Some(answering), in_flight, .. } = call else {
        return First::Cancelled;
    };
    let mut taken_back = pin!(cancelled(in_flight));
    let mut quiet = pin!(tokio::time::sleep(QUIET));
    poll_fn(|cx| {
        if let Poll::Ready(reply) = answering.as_mut().poll(cx) {
            let has_events = reads_events && late.has_events();
            return Poll::Ready(if has_events {
                First::Events(Some(reply.payload))
            } else {
                First::Answer(reply)
            });
        }
        if taken_back.as_mut().poll(cx).is_ready() {
            return Poll::Ready(First::Cancelled);
        }
        let is_quiet = quiet.as_mut().poll(cx).is_ready();
        if reads_events && (late.has_events() || is_quiet) {
            Poll::Ready(First::Events(None))
        } else {
            Poll::Pending
        }
    })
    .await
}

/// Goes on with the call as a stream of events whose last is the answer.
fn stream_the_rest(mut call: Leaving, late: &PendingStream, answer: Option<Payload>) -> Response {
    let held = call.held.take();
    let stream = held.as_ref().map_or_else(Stream::fleeting, |held| held.streams.open(call.number));
    stream.prime();
    late.open(stream.clone());
    let mut body = stream.body();
    let gone = body.when_gone();
    let (answering, in_flight) = (call.answering.take(), call.in_flight.take());
    StreamedAnswer { stream, held, in_flight }.spawn(
        &call.front.calls,
        answer,
        answering,
        Some(gone),
    );
    events(body)
}

/// A modern client hears of changes for as long as it stays.
async fn listen(front: &Arc<Front>, actor: &Actor, id: &str, filter: Filter) -> Response {
    let mut listening = Listening::open(&front.hub, actor, id, filter).await;
    let stream = Stream::fleeting();
    let mut body = stream.body();
    let mut gone = body.when_gone();
    let (tasks, hub) = (front.streams.clone(), front.hub.clone());
    let until = until(&actor.principal);
    front.streams.spawn("subscription", async move {
        // What is granted must arrive.
        stream.push(listening.next().await);
        loop {
            tokio::select! {
                _ = &mut gone => return hub.touch(),
                () = tasks.stopped() => break,
                () = reached(until) => break,
                message = listening.next() => stream.push_notification(message),
                () = tokio::time::sleep(KEEP_ALIVE) => stream.keep_alive(),
            }
        }
        stream.push(listening.ended());
        stream.end();
    });
    events(body)
}

/// A stream of events as a response.
pub(super) fn events(body: Reader) -> Response {
    let mut response = Response::new(Body::Events(body));
    let headers = response.headers_mut();
    headers.insert(names::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(names::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
