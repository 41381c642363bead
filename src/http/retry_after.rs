//! `Retry-After` (RFC 9110, section 10.2.3): a server that is busy says when to ask again.

use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use hyper::header::{HeaderMap, RETRY_AFTER};

/// The longest wait. Who is told to wait longer hears so at once.
pub const WAIT_MAX: Duration = Duration::from_mins(1);
/// When to ask again, if the server wants to be asked again: it has not looked at the request.
pub fn after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
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
pub fn is_bearable(after: &Duration) -> bool {
    *after <= WAIT_MAX
}

/// What a person is told of it.
pub fn reason(status: StatusCode, after: Duration) -> String {
    format!("HTTP status {status}; try again after {} s", after.as_secs())
}

#[cfg(test)]
mod tests;
