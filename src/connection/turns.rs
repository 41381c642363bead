//! Requests that wait because their server takes only so many at once.
//!
//! Principals take turns, the sessions of one take turns among themselves, and within a session the oldest
//! request goes first: who has a thousand requests, in however many sessions, keeps nobody with one from
//! being the next. How many may wait, and how many bytes, is bounded by [`super::in_flight`] and
//! [`super::queue`], where these requests have their places like all others.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cell::Cell;
use super::origin::Owner;
use super::outgoing::Outgoing;
use crate::access::rounds::{Lane, Rounds};

/// What waits for its turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// So many requests of clients may be with the server at once; `None`: any number.
    max: Option<usize>,
    /// By principal and session, in the order of their ids.
    requests: Rounds<Rounds<VecDeque<Outgoing>>>,
    waiting: usize,
}

impl Turns {
    pub(super) fn limit(&mut self, max: Option<usize>) {
        self.max = max;
    }

    /// Whether there may be anything to do.
    pub(super) fn is_limited(&self) -> bool {
        self.max.is_some() || self.waiting > 0
    }

    pub(super) fn max(&self) -> Option<usize> {
        self.max
    }

    /// Requests that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether one more may go. `open`: the requests of clients, those that wait among them.
    pub(super) fn has_room(&self, open: usize) -> bool {
        self.max.is_none_or(|max| open.saturating_sub(self.waiting) < max)
    }

    /// A request waits from now on. Its id is higher than those before.
    pub(super) fn wait(&mut self, owner: Owner, item: Outgoing) {
        if let Some((_, cell)) = &item.cell {
            cell.set_waiting(true);
        }
        self.requests.put(owner.principal, |all| all.put(owner.session, |own| own.push_back(item)));
        self.waiting += 1;
    }

    /// The next that may go. `open`: see [`Turns::has_room`].
    pub(super) fn next(&mut self, open: usize) -> Option<Outgoing> {
        if self.waiting == 0 || !self.has_room(open) {
            return None;
        }
        let item = self.requests.pop()?;
        self.waiting -= 1;
        if let Some((_, cell)) = &item.cell {
            cell.set_waiting(false);
        }
        Some(item)
    }

    /// Takes out a request that waits, and returns its length in bytes.
    pub(super) fn take_back(&mut self, id: u64, cell: &Arc<Cell>) -> Option<usize> {
        let owner = cell.owner().filter(|_| cell.is_waiting())?;
        let take = |own: &mut VecDeque<Outgoing>| {
            own.remove(own.binary_search_by_key(&Some(id), Self::id).ok()?)
        };
        let item = self.requests.take(owner.principal, |all| all.take(owner.session, take))?;
        self.waiting -= 1;
        Some(item.payload.len())
    }

    fn id(item: &Outgoing) -> Option<u64> {
        item.cell.as_ref().map(|(id, _)| *id)
    }

    /// Bytes of the requests that wait of a session, and of its principal.
    pub(super) fn bytes_of(&self, owner: Owner) -> (usize, usize) {
        let Some(all) = self.requests.get(owner.principal) else { return (0, 0) };
        let own = all.get(owner.session).into_iter().flatten();
        (bytes(own), bytes(all.lanes().flatten()))
    }

    /// Bytes of all that wait.
    pub(super) fn bytes(&self) -> usize {
        bytes(self.requests.lanes().flat_map(Rounds::lanes).flatten())
    }

    /// Nothing waits any more. Returns the ids of what did.
    pub(super) fn clear(&mut self) -> Vec<u64> {
        self.waiting = 0;
        let all = std::mem::take(&mut self.requests);
        all.lanes().flat_map(Rounds::lanes).flatten().filter_map(Self::id).collect()
    }
}

fn bytes<'a>(of: impl Iterator<Item = &'a Outgoing>) -> usize {
    of.map(|item| item.payload.len()).sum()
}

#[cfg(test)]
#[path = "turns/tests.rs"]
mod tests;
