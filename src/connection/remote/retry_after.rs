//! `Retry-After` (RFC 9110, section 10.2.3): a server that is busy says when to ask again.

use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use hyper::header::{HeaderMap, RETRY_AFTER};

use super::asked::OpenRequest;
use super::server::Remote;
use crate::base::Backoff;
use crate::base::random::Jitter;
use crate::connection::state::Connection;

/// The longest wait. Who is told to wait longer hears so at once.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// The least that is waited, however often the server says "now".
const AT_LEAST: Backoff = Backoff::new(Duration::from_millis(200), 2, WAIT_MAX, 14);

/// When to ask again, if the server wants to be asked again: it has not looked at the request.
pub(super) fn after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let is_busy =
        [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
    let text = headers.get(RETRY_AFTER).filter(|_| is_busy)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Whatever has more digits is too long in any case.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let wait = at.duration_since(SystemTime::now()).unwrap_or_default();
    // The date has no fractions; neither has what people are told.
    Some(Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
}

/// Whether a wait is short enough.
pub(super) fn is_bearable(after: &Duration) -> bool {
    *after <= WAIT_MAX
}

/// What a person is told of it.
pub(super) fn reason(status: StatusCode, after: Duration) -> String {
    format!("HTTP status {status}; try again after {} s", after.as_secs())
}

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
        remote.session().delay = Some(reason(status, after));
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

#[cfg(test)]
mod tests;
