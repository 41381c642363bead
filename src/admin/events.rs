//! What happens, as it happens: server-sent events (WHATWG HTML, "Server-sent events").

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::time::Instant;

use super::answer::gone;
use super::desk::{Closed, Desk};
use super::sources::AnswerSources;
use crate::mux::Hub;
use crate::telemetry::{FactsSeen, FactsWatched};

/// How soon a reader comes back, in milliseconds.
const RETRY_MS: u64 = 2000;
/// A reader is shown that we are there, so that neither gives up the connection.
const BEAT: Duration = Duration::from_secs(20);

/// What comes within so long of what was written is written together: one write for each call would cost more than the call.
const GATHERED: Duration = Duration::from_millis(25);

/// One reader.
struct EventReader {
    watched: FactsWatched,
    desk: Desk,
    hub: Hub,
    instance: Arc<str>,
    /// What is said before anything else.
    greeting: Option<String>,
    /// Before then nothing is written.
    rests_until: Instant,
}

pub(super) async fn stream(State(sources): State<AnswerSources>, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let known = last.and_then(|last| number(last, &sources.instance));
    let Some(watched) = sources.hub.recorder.watch(known.map(|number| number + 1)) else {
        return gone(Closed);
    };
    let mut greeting = format!("retry: {RETRY_MS}\n\n");
    if last.is_some() && known.is_none() {
        // It was another daemon, of which this one knows nothing.
        greeting += RESET;
    }
    let AnswerSources { desk, hub, instance, .. } = sources;
    let (greeting, rests_until) = (Some(greeting), Instant::now());
    let reader = EventReader { watched, desk, hub, instance, greeting, rests_until };
    let frames = stream::unfold(reader, |mut reader| async move {
        let frame = reader.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(frame)), reader))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that waits for more would keep it from its reader (nginx, `proxy_buffering`).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Something is lost that came before what follows: look at everything anew.
const RESET: &str = "event: reset\ndata: {}\n\n";

/// The number of an event of this daemon.
fn number(id: &str, instance: &str) -> Option<u64> {
    id.strip_prefix(instance)?.strip_prefix('-')?.parse().ok()
}

impl EventReader {
    /// What is to be written next; `None` once the daemon ends.
    async fn next(&mut self) -> Option<String> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        tokio::select! {
            seen = gathered(&mut self.watched, &mut self.rests_until) => {
                let mut frames = String::from(if seen.is_torn { RESET } else { "" });
                for (number, fact) in (seen.first..).zip(&seen.facts) {
                    let (instance, name, json) = (&self.instance, fact.name, &fact.json);
                    // Writing to a text cannot fail.
                    _ = write!(frames, "id: {instance}-{number}\nevent: {name}\ndata: {json}\n\n");
                }
                Some(frames)
            }
            () = tokio::time::sleep(BEAT) => {
                self.hub.touch();
                Some(":\n\n".to_owned())
            }
            () = self.desk.closed() => None,
        }
    }
}

/// What came since. The first of it waits for nothing, and neither does what has piled up meanwhile.
async fn gathered(watched: &mut FactsWatched, rests_until: &mut Instant) -> FactsSeen {
    tokio::time::sleep_until(*rests_until).await;
    let seen = watched.next().await;
    if seen.is_all {
        *rests_until = Instant::now() + GATHERED;
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn an_id_counts_only_for_the_daemon_that_gave_it() {
        let cases = [
            ("ab-7", Some(7)),
            ("ab-0", Some(0)),
            ("cd-7", None),
            ("ab7", None),
            ("ab-", None),
            ("ab--1", None),
            ("ab-99999999999999999999", None),
            ("", None),
        ];
        for (id, expected) in cases {
            assert_eq!(number(id, "ab"), expected, "{id}");
        }
    }
}
