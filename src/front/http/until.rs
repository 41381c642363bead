//! A stream lasts no longer than what its client proved.

use std::time::SystemTime;

use tokio::time::Instant;

use crate::base::Principal;

/// When what an issuer said of somebody ends; `None` for who needs no issuer.
pub(super) fn until(principal: &Principal) -> Option<Instant> {
    let left = principal.proof()?.until().duration_since(SystemTime::now());
    Some(Instant::now() + left.unwrap_or_default())
}

/// Completes then, if ever.
pub(super) async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
