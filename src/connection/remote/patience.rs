//! A server that is busy says when to ask again, and is asked then.

use std::time::Duration;

use hyper::StatusCode;

use super::asked::OpenRequest;
use super::server::Remote;
use crate::base::Backoff;
use crate::base::random::Jitter;
use crate::connection::state::Connection;
use crate::http::retry_after;

/// The least that is waited, however often the server says "now".
const AT_LEAST: Backoff = Backoff::new(Duration::from_millis(200), 2, retry_after::WAIT_MAX, 14);

/// The patience with one request.
pub(super) struct Patience {
    least: Backoff,
    /// Hardly any request needs it.
    random: Option<Jitter>,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { least: AT_LEAST, random: None }
    }

    /// Waits as the server wants. `true`: the request is to be sent again; else nobody waits for its
    /// answer any more.
    pub(super) async fn wait(
        &mut self,
        connection: &Connection,
        remote: &Remote,
        asked: &OpenRequest,
        (status, after): (StatusCode, Duration),
    ) -> bool {
        asked.cell.mark_unsent();
        remote.session().delay = Some(retry_after::reason(status, after));
        let random = self.random.get_or_insert_with(Jitter::from_kernel).next();
        tokio::time::sleep(after.max(self.least.next(random))).await;
        if !connection.waits_for(asked.id) {
            return false;
        }
        remote.session().delay = None;
        asked.cell.mark_sending(connection.key(), asked.id);
        true
    }
}
