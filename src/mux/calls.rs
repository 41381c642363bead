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
        loop {
            let notified = self.idle.notified();
            if self.count() == 0 {
                return;
            }
            notified.await;
        }
    }

    /// Completes when none is in flight that only this process can answer.
    pub(super) async fn none_stays(&self) {
        loop {
            let notified = self.idle.notified();
            if self.staying.load(Ordering::Relaxed) == 0 {
                return;
            }
            notified.await;
        }
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

/// Counts a call for as long as the value lives.
#[derive(Debug)]
pub struct CallCount(Arc<Calls>);

impl CallCount {
    pub(super) fn of(calls: &Arc<Calls>) -> Self {
        calls.count.fetch_add(1, Ordering::Relaxed);
        Self(calls.clone())
    }
}

impl Drop for CallCount {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

/// A call that no process but this one can answer, for as long as the value lives.
#[derive(Debug)]
pub struct Staying(Arc<Calls>);

impl Staying {
    pub(super) fn of(calls: &Arc<Calls>) -> Self {
        calls.staying.fetch_add(1, Ordering::Relaxed);
        Self(calls.clone())
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        if self.0.staying.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
