//! What all calls in flight share: how many there are, and when they must end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::open_call::{OpenCall, TellsOfItself};
use super::roll::Roll;
use crate::base::CallId;

/// Why a call ends with the daemon.
pub const CLOSING: &str = "the daemon is being stopped";
/// Why one ends that is not wanted any more.
const UNWANTED: &str = "an operator of callmux cancelled it";

/// Calls in flight.
#[derive(Debug, Default)]
pub struct Calls {
    count: AtomicUsize,
    idle: Notify,
    is_closing: AtomicBool,
    /// The next process of ours takes over what is in flight.
    is_leaving: AtomicBool,
    /// Those that no process but this one can answer.
    staying: AtomicUsize,
    /// They must end, or somebody asks what they are.
    news: Notify,
    roll: Roll,
}

impl Calls {
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Completes when none is in flight.
    pub async fn idle(&self) {
        self.none(Self::in_flight).await;
    }

    /// Completes when none is in flight that only this process can answer.
    pub async fn none_stays(&self) {
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

    /// From now on calls must end.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
        self.news.notify_waiters();
    }

    /// From now on those that are noted are left to the next process of ours.
    pub fn leave(&self) {
        self.is_leaving.store(true, Ordering::SeqCst);
    }

    pub fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::SeqCst)
    }

    /// Whether a call must end. `is_noted`: the next process of ours knows of it.
    pub fn is_closed(&self, is_noted: bool) -> bool {
        self.is_closing.load(Ordering::SeqCst) && !(is_noted && self.is_leaving())
    }

    /// Completes when a call must end with the daemon. `is_noted`: the next process of ours knows of it.
    pub async fn closed(&self, is_noted: bool) {
        loop {
            let news = self.news.notified();
            if self.is_closing.load(Ordering::SeqCst) {
                break;
            }
            news.await;
        }
        if is_noted && self.is_leaving() {
            std::future::pending::<()>().await;
        }
    }

    /// Completes when a call must end, with the reason. Until then it says what it is to whoever asks.
    pub async fn ended(
        &self,
        is_noted: bool,
        call: &(impl TellsOfItself + ?Sized),
    ) -> &'static str {
        let mut present = self.roll.join();
        loop {
            let news = self.news.notified();
            if self.is_closing.load(Ordering::SeqCst) {
                break;
            }
            if present.answer(call) {
                return UNWANTED;
            }
            news.await;
        }
        drop(present);
        self.closed(is_noted).await;
        CLOSING
    }

    /// Those that wait for a server or for its answer, the longest first.
    pub async fn open(&self) -> Vec<OpenCall> {
        self.ask(None).await
    }

    /// Ends one of them, as if its client had taken it back, but that the client is told. `None`: there is none.
    pub async fn cancel(&self, id: CallId) -> Option<OpenCall> {
        self.ask(Some(id)).await.pop()
    }

    async fn ask(&self, unwanted: Option<CallId>) -> Vec<OpenCall> {
        let called = self.roll.call(unwanted).await;
        self.news.notify_waiters();
        called.answers().await
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
    pub fn of(calls: &Arc<Calls>) -> Self {
        Self::among(calls, Calls::in_flight)
    }

    /// Among those that no process but this one can answer.
    pub fn staying(calls: &Arc<Calls>) -> Self {
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
