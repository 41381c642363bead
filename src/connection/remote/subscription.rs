//! A `subscriptions/listen` that lasts (2026-07-28): its stream cannot be taken up again, so it is
//! asked for anew when it breaks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderMap;
use tokio::time::Instant;

use super::asked::Responding;
use super::failure::RequestFailure;
use super::server::Remote;
use super::{answer, stream};
use crate::base::Backoff;
use crate::base::random::Jitter;
use crate::connection::state::Connection;
use crate::http::{self, Content};
use crate::wire::{Message, Topic, object};

/// 0.5 s, 1 s, 2 s … then about a minute.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), 2, Duration::from_secs(70), 14);
/// A stream that lasted so long was not refused.
const STEADY: Duration = Duration::from_secs(10);

/// Asks until there is an answer, which ends the subscription.
pub(super) async fn keep(
    connection: &Arc<Connection>,
    remote: &Remote,
    sent: &Responding<'_>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(), RequestFailure> {
    let (mut backoff, mut random) = (BACKOFF, Jitter::from_kernel());
    let mut was_there = false;
    loop {
        let response = remote.request(Method::POST, headers, body).await?;
        let is_stream = response.status().is_success() && http::is_events(response.headers());
        // A server that is being exchanged may be out of order for a while.
        let is_pause = was_there && response.status().is_server_error();
        if !(is_stream || is_pause) {
            return answer::take(connection, remote, sent, response).await;
        }
        let began = Instant::now();
        if is_stream {
            if std::mem::replace(&mut was_there, true) {
                assume_changes(connection, sent.message);
            }
            let content = Content::of(response)?;
            let stream = stream::answer(connection, remote, sent, content);
            if stream.await.is_ok() {
                return Ok(());
            }
        }
        if began.elapsed() >= STEADY {
            backoff.reset();
        }
        tokio::time::sleep(backoff.next(random.next())).await;
    }
}

/// What was not heard meanwhile may be any change.
fn assume_changes(connection: &Connection, message: &Message) {
    let filter = message.params().and_then(|params| object::get(params, "notifications"));
    let wants = |topic: &Topic| {
        filter.and_then(|filter| object::get(filter, topic.filter())) == Some("true")
    };
    Topic::ALL.into_iter().filter(wants).for_each(|topic| connection.list_changed(topic));
}
