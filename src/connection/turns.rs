//! Requests that wait because their server takes only so many at once.
//!
//! Sessions take turns, and within a session the oldest request goes first: who has a thousand
//! requests keeps nobody with one from being the next. How many may wait, and how many bytes, is bounded
//! by [`super::in_flight`] and [`super::queue`], where these requests have their places like all others.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::cell::Cell;
use super::outgoing::Outgoing;

/// What waits for its turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// So many requests of clients may be with the server at once; `None`: any number.
    max: Option<usize>,
    /// The sessions with requests that wait; the first is the next one's.
    order: VecDeque<u64>,
    /// Their requests, by id.
    of_session: HashMap<u64, VecDeque<Outgoing>>,
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
    pub(super) fn wait(&mut self, session: u64, item: Outgoing) {
        if let Some((_, cell)) = &item.cell {
            cell.set_waiting(true);
        }
        let own = self.of_session.entry(session).or_default();
        if own.is_empty() {
            self.order.push_back(session);
        }
        own.push_back(item);
        self.waiting += 1;
    }

    /// The next that may go. `open`: see [`Turns::has_room`].
    pub(super) fn next(&mut self, open: usize) -> Option<Outgoing> {
        if self.waiting == 0 || !self.has_room(open) {
            return None;
        }
        let session = self.order.pop_front()?;
        let own = self.of_session.get_mut(&session)?;
        let item = own.pop_front()?;
        if own.is_empty() {
            self.of_session.remove(&session);
        } else {
            self.order.push_back(session);
        }
        self.waiting -= 1;
        if let Some((_, cell)) = &item.cell {
            cell.set_waiting(false);
        }
        Some(item)
    }

    /// Takes out a request that waits, and returns its length in bytes.
    pub(super) fn take_back(&mut self, id: u64, cell: &Arc<Cell>) -> Option<usize> {
        let session = cell.owner().filter(|_| cell.is_waiting())?.session;
        let own = self.of_session.get_mut(&session)?;
        let at = own.binary_search_by_key(&Some(id), Self::id).ok()?;
        let item = own.remove(at)?;
        if own.is_empty() {
            self.of_session.remove(&session);
            self.order.retain(|other| *other != session);
        }
        self.waiting -= 1;
        Some(item.payload.len())
    }

    fn id(item: &Outgoing) -> Option<u64> {
        item.cell.as_ref().map(|(id, _)| *id)
    }

    /// Bytes of a session's requests that wait.
    pub(super) fn bytes_of(&self, session: u64) -> usize {
        let own = self.of_session.get(&session).into_iter().flatten();
        own.map(|item| item.payload.len()).sum()
    }

    /// Bytes of all that wait.
    pub(super) fn bytes(&self) -> usize {
        self.of_session.values().flatten().map(|item| item.payload.len()).sum()
    }

    /// Nothing waits any more. Returns the ids of what did.
    pub(super) fn clear(&mut self) -> Vec<u64> {
        self.order.clear();
        self.waiting = 0;
        self.of_session
            .drain()
            .flat_map(|(_, own)| own)
            .filter_map(|item| Self::id(&item))
            .collect()
    }
}

#[cfg(test)]
#[path = "turns/tests.rs"]
mod tests;
