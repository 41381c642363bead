//! How the history is, for the daemon and for the thread that writes.

use std::thread::JoinHandle;

use crate::base::Lock;

/// How it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryStatus {
    pub is_on: bool,
    /// Why it cannot be written now.
    pub trouble: Option<String>,
    /// What had no room or no disk since the daemon began.
    pub lost: u64,
}

/// The same, for the thread that writes.
#[derive(Debug, Default)]
pub(super) struct HistoryState {
    pub(super) status: Lock<HistoryStatus>,
    /// A thread that waits for the end of one that is not wanted any more.
    pub(super) leaving: Lock<Option<JoinHandle<()>>>,
}

impl HistoryState {
    pub(super) fn status(&self) -> HistoryStatus {
        self.status.lock().clone()
    }

    /// What is wrong with it now; whether that is news.
    pub(super) fn trouble(&self, trouble: Option<String>) -> bool {
        let mut status = self.status.lock();
        let is_news = status.trouble != trouble;
        status.trouble = trouble;
        is_news
    }

    pub(super) fn lost(&self, count: u64) {
        self.status.lock().lost += count;
    }
}
