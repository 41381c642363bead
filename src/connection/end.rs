//! How far a connection is from its end.

use std::sync::Arc;

/// How far a connection is from its end.
#[derive(Debug, Default)]
pub(super) struct End {
    /// Everything in flight was lost, and nothing more is sent.
    closed: Option<Arc<str>>,
    /// No answer will come any more. What is in flight is lost, but the owner still looks for the
    /// reason.
    ended: Option<Arc<str>>,
    /// That is all there is to say: a pipe was closed.
    is_cut: bool,
    /// The carrier ends when everything queued is sent.
    finishing: bool,
}

impl End {
    pub(super) fn finish(&mut self) {
        self.finishing = true;
    }

    pub(super) fn end(&mut self, reason: String) {
        self.ended.get_or_insert(reason.into());
    }

    /// A pipe was closed.
    pub(super) fn cut(&mut self, reason: String) {
        if self.ended.is_none() {
            (self.ended, self.is_cut) = (Some(reason.into()), true);
        }
    }

    /// Why there will be no more answers, if that is no more than that a pipe was closed.
    pub(super) fn why_cut(&self) -> Option<&Arc<str>> {
        self.ended.as_ref().filter(|_| self.is_cut)
    }

    /// `false` if it was closed before.
    pub(super) fn close(&mut self, reason: &Arc<str>) -> bool {
        let is_first = self.closed.is_none();
        self.closed.get_or_insert_with(|| reason.clone());
        is_first
    }

    pub(super) fn is_finishing(&self) -> bool {
        self.finishing
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether no more requests are taken.
    pub(super) fn is_over(&self) -> bool {
        self.finishing || self.ended.is_some() || self.closed.is_some()
    }

    /// Why there will be no more answers, for people.
    pub(super) fn why(&self) -> Option<&Arc<str>> {
        self.ended.as_ref().or(self.closed.as_ref())
    }

    /// Why a request is not taken, unless that is for being finished.
    pub(super) fn refusal(&self) -> Option<&Arc<str>> {
        self.closed.as_ref().or(self.ended.as_ref())
    }
}
