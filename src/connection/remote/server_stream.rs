//! The stream on which a legacy server says what is about no request (2025-11-25, "Listening for
//! Messages from the Server").

use std::sync::Arc;
use std::time::Duration;

use super::server::Remote;
use super::stream::{self, Tail};
use crate::base::Backoff;
use crate::base::random::Jitter;
use crate::connection::state::Connection;
use crate::http::Content;

/// 0.5 s, 1 s, 2 s … then about a minute.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), 2, Duration::from_secs(70), 14);

/// Listens as long as the connection lives. A server without such a stream says so the first time.
pub(super) async fn listen(connection: Arc<Connection>, remote: Arc<Remote>) {
    let (mut tail, mut backoff, mut random) = (Tail::default(), BACKOFF, Jitter::from_kernel());
    let mut was_there = false;
    while !connection.is_over() {
        match remote.listen(&tail).await {
            Ok(response) if response.status().is_success() => {
                (was_there, tail.seen) = (true, 0);
                let Ok(content) = Content::of(response) else { return };
                let read = stream::read(&connection, content, remote.max_message, None, &mut tail);
                if read.await.is_err() {
                    // The id would bring the same event again.
                    tail.last_id = None;
                } else if tail.seen > 0 {
                    backoff.reset();
                }
            }
            // It knew the session before.
            Ok(response) if was_there && remote.forgets_session(response.status()) => {
                return connection.end("its session is over".to_owned());
            }
            Ok(response) if !was_there && response.status().is_client_error() => return,
            Err(failure) if !was_there && failure.is_answered() => return,
            Ok(_) | Err(_) => {}
        }
        tokio::time::sleep(backoff.next(random.next()).max(tail.pause())).await;
    }
}
