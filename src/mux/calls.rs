//! The calls in flight: how many there are, and when they must end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Calls in flight.
#[derive(Debug, Default)]
pub(super) struct Calls {
    count: AtomicUsize,
    idle: Notify,
    closing: CancellationToken,
    /// The next process of ours takes over what is in flight.
    leaving: CancellationToken,
    /// Those that no process but this one can answer.
    staying: AtomicUsize,
}

impl Calls {
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Completes when none is in flight.
    pub(super) async fn idle(&self) {
        self.none(Self::in_flight).await;
    }

    /// Completes when none is in flight that only this process can answer.
    pub(super) async fn none_stays(&self) {
        self.none(Self::staying).await;
    }

    async fn none(&self, which: Which) {
        loop {
            let notified = self.idle.notified();
            if which(self).load(Ordering::Relaxed) == 0 {
                return;
            }
            notified.await;
        }
    }

    fn in_flight(&self) -> &AtomicUsize {
        &self.count
    }

    fn staying(&self) -> &AtomicUsize {
        &self.staying
    }

    /// See [`super::Hub::close`].
    pub(super) fn close(&self) {
        self.closing.cancel();
    }

    /// See [`super::Hub::leave`].
    pub(super) fn leave(&self) {
        self.leaving.cancel();
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }

    /// Whether a call must end. `is_noted`: the next process of ours knows of it.
    pub(super) fn is_closed(&self, is_noted: bool) -> bool {
        self.closing.is_cancelled() && !(is_noted && self.is_leaving())
    }

    /// Completes when a call must end. `is_noted`: the next process of ours knows of it.
    pub(super) async fn closed(&self, is_noted: bool) {
        self.closing.cancelled().await;
        if is_noted && self.is_leaving() {
            std::future::pending::<()>().await;
        }
    }
}

/// One of the counts.
type Which = fn(&Calls) -> &AtomicUsize;

/// Counts a call for as long as the value lives.
#[derive(Debug)]
pub struct CallCount {
    calls: Arc<Calls>,
    which: Which,
}

impl CallCount {
    /// Among all in flight.
    pub(super) fn of(calls: &Arc<Calls>) -> Self {
        Self::among(calls, Calls::in_flight)
    }

    /// Among those that no process but this one can answer.
    pub(super) fn staying(calls: &Arc<Calls>) -> Self {
        Self::among(calls, Calls::staying)
    }

    fn among(calls: &Arc<Calls>, which: Which) -> Self {
        which(calls).fetch_add(1, Ordering::Relaxed);
        Self { calls: calls.clone(), which }
    }
}

impl Drop for CallCount {
    fn drop(&mut self) {
        if (self.which)(&self.calls).fetch_sub(1, Ordering::Relaxed) == 1 {
            self.calls.idle.notify_waiters();
        }
    }
}
