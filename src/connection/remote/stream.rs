//! A stream of events: what comes on it is routed, and one that was cut is taken up again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{ACCEPT, HeaderValue};
use hyper::{Method, Response};
use tokio::sync::oneshot;

use super::asked::Responding;
use super::body;
use super::failure::RequestFailure;
use super::server::Remote;
use crate::connection::conduct::STRAY_PAUSE;
use crate::connection::route::OwnStream;
use crate::connection::state::Connection;
use crate::http::{self, Content, ResponseBody};
use crate::wire::Era;
use crate::wire::sse::EventReader;

/// How long to wait before a stream is taken up again, if the server does not say.
const RETRY: Duration = Duration::from_secs(1);
/// The longest that a server can make us wait.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// How often in a row a stream is taken up without anything new on it.
const TRIES_MAX: u32 = 5;
/// How long a stream may go on after the answer; its connection can be used again if it ends.
pub(super) const LINGER: Duration = Duration::from_millis(500);

const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// Where a stream was cut.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The id of the last event that has one.
    pub(super) last_id: Option<String>,
    retry: Option<Duration>,
    /// Events read since this was last cleared.
    pub(super) seen: usize,
    /// Who waits for the address that the stream of HTTP with SSE begins with.
    endpoint: Option<oneshot::Sender<Result<String, StreamOver>>>,
}

/// Why the stream of HTTP with SSE is over.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamOver {
    #[error("its stream of events ended: {0}")]
    Ended(String),
    #[error("{}", .0.reason)]
    Failed(RequestFailure),
}

impl Tail {
    /// That of a stream of HTTP with SSE; `told` hears where to POST, or why nobody says so.
    pub(super) fn of_sse(told: oneshot::Sender<Result<String, StreamOver>>) -> Self {
        Self { endpoint: Some(told), ..Self::default() }
    }

    /// Passes on why the stream ended to who waits for its first event; else gives it back.
    pub(super) fn tell(&mut self, why: StreamOver) -> Result<(), StreamOver> {
        let Some(told) = self.endpoint.take() else { return Err(why) };
        drop(told.send(Err(why)));
        Ok(())
    }

    /// How long to wait before the next try.
    pub(super) fn pause(&self) -> Duration {
        self.retry.unwrap_or(RETRY).min(RETRY_MAX)
    }
}

/// Reads the stream that answers a request until the answer came.
pub(super) async fn answer(
    connection: &Arc<Connection>,
    remote: &Remote,
    Responding { asked, era, .. }: &Responding<'_>,
    content: Content,
) -> Result<(), RequestFailure> {
    let on = Some((asked.id, &asked.cell));
    let mut tail = Tail::default();
    let mut why = read(connection, content, remote.max_message, on, &mut tail).await?;
    let mut tries = 0;
    while connection.waits_for(asked.id) {
        // 2025-11-25 ("Resumability and Redelivery"); a modern stream cannot be taken up again.
        if *era == Era::Modern || tail.last_id.is_none() || tries == TRIES_MAX {
            return Err(RequestFailure::lost(format!("the stream of its answer ended: {why}")));
        }
        tries += 1;
        tokio::time::sleep(tail.pause()).await;
        if !connection.waits_for(asked.id) {
            break;
        }
        match remote.listen(&tail).await {
            Ok(response) if response.status().is_success() => {
                tail.seen = 0;
                let content = Content::of(response)?;
                why = read(connection, content, remote.max_message, on, &mut tail).await?;
                if tail.seen > 0 {
                    tries = 0;
                }
            }
            Ok(response) if remote.forgets_session(response.status()) => {
                connection.end("its session is over".to_owned());
                return Err(RequestFailure::lost("its session ended before it answered"));
            }
            Ok(response) => why = format!("HTTP status {}", response.status()),
            Err(failure) => why = failure.reason,
        }
    }
    Ok(())
}

/// Reads to the stream's end and returns how it ended, for people. A stream that answers a request
/// is left once it did. `Err` if it breaks the rules.
pub(super) async fn read(
    connection: &Arc<Connection>,
    mut content: Content,
    cap: usize,
    on: OwnStream<'_>,
    tail: &mut Tail,
) -> Result<String, RequestFailure> {
    let mut events = EventReader::new(cap);
    loop {
        let data = match content.next().await {
            None => return Ok("it closed it".to_owned()),
            Some(Err(error)) => return Ok(error.to_string()),
            Some(Ok(data)) => data,
        };
        events.push(&data);
        loop {
            let event = match events.next() {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(bad) => {
                    connection.misbehaved(&bad.to_string(), b"");
                    let advice = "raise `max_message` if that is right";
                    return Err(RequestFailure::lost(format!("it sent {bad}; {advice}")));
                }
            };
            if events.takes_damage() {
                let what = "an event with bytes that are no characters, which are replaced";
                connection.misbehaved(what, event.data.as_bytes());
            }
            tail.seen += 1;
            tail.last_id = event.id.filter(|id| !id.is_empty()).or(tail.last_id.take());
            tail.retry = event.retry.map(Duration::from_millis).or(tail.retry);
            if event.name.as_deref() == Some("endpoint")
                && let Some(told) = tail.endpoint.take()
            {
                drop(told.send(Ok(event.data)));
            } else if !event.data.is_empty() && event.name.as_deref().is_none_or(|n| n == "message")
            {
                body::take_in(connection, &Bytes::from(event.data), on);
            }
            if connection.must_pause() {
                tokio::time::sleep(STRAY_PAUSE).await;
            }
        }
        if on.is_some_and(|(id, _)| !connection.waits_for(id)) {
            let rest = async { while let Some(Ok(_)) = content.next().await {} };
            drop(tokio::time::timeout(LINGER, rest).await);
            return Ok(String::new());
        }
    }
}

impl Remote {
    /// Opens a stream, from where it was cut if it was.
    pub(super) async fn listen(
        &self,
        tail: &Tail,
    ) -> Result<Response<ResponseBody>, RequestFailure> {
        let mut headers = self.headers_in(&self.session());
        headers.insert(ACCEPT, EVENTS);
        if let Some(id) = tail.last_id.as_deref().and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert("last-event-id", id);
        }
        let response = self.request(Method::GET, &headers, &Bytes::new()).await?;
        let head = response.headers();
        let may_be_events = http::is_events(head) || http::is_untyped(head);
        if response.status().is_success() && !may_be_events {
            return Err(RequestFailure::lost("what it answers to GET is no stream of events"));
        }
        Ok(response)
    }
}
