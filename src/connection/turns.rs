//! Requests that wait because their server takes only so many at once.
//!
//! Principals take turns, the sessions of one take turns among themselves, and within a session the oldest
//! request goes first: who has a thousand requests, in however many sessions, keeps nobody with one from
//! being the next. How many may wait, and how many bytes, is bounded by [`super::in_flight`] and
//! [`super::queue`], where these requests have their places like all others.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::cell::Cell;
use super::origin::Owner;
use super::outgoing::Outgoing;

/// What waits for its turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// So many requests of clients may be with the server at once; `None`: any number.
    max: Option<usize>,
    /// The principals with requests that wait; the first is the next one.
    order: VecDeque<u64>,
    of_principal: HashMap<u64, OfPrincipal>,
    waiting: usize,
}

/// What of it is one principal's.
#[derive(Debug, Default)]
struct OfPrincipal {
    /// The sessions with requests that wait; the first is the next one's.
    order: VecDeque<u64>,
    /// Their requests, by id.
    of_session: HashMap<u64, VecDeque<Outgoing>>,
}

impl OfPrincipal {
    fn next(&mut self) -> Option<Outgoing> {
        let session = self.order.pop_front()?;
        let own = self.of_session.get_mut(&session)?;
        let item = own.pop_front()?;
        if own.is_empty() {
            self.of_session.remove(&session);
        } else {
            self.order.push_back(session);
        }
        Some(item)
    }

    fn take_back(&mut self, session: u64, id: u64) -> Option<Outgoing> {
        let own = self.of_session.get_mut(&session)?;
        let at = own.binary_search_by_key(&Some(id), Turns::id).ok()?;
        let item = own.remove(at)?;
        if own.is_empty() {
            self.of_session.remove(&session);
            self.order.retain(|other| *other != session);
        }
        Some(item)
    }

    fn items(&self) -> impl Iterator<Item = &Outgoing> {
        self.of_session.values().flatten()
    }
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
        let all = self.of_principal.entry(owner.principal).or_default();
        if all.order.is_empty() {
            self.order.push_back(owner.principal);
        }
        let own = all.of_session.entry(owner.session).or_default();
        if own.is_empty() {
            all.order.push_back(owner.session);
        }
        own.push_back(item);
        self.waiting += 1;
    }

    /// The next that may go. `open`: see [`Turns::has_room`].
    pub(super) fn next(&mut self, open: usize) -> Option<Outgoing> {
        if self.waiting == 0 || !self.has_room(open) {
            return None;
        }
        let principal = self.order.pop_front()?;
        let all = self.of_principal.get_mut(&principal)?;
        let item = all.next()?;
        if all.order.is_empty() {
            self.of_principal.remove(&principal);
        } else {
            self.order.push_back(principal);
        }
        self.waiting -= 1;
        if let Some((_, cell)) = &item.cell {
            cell.set_waiting(false);
        }
        Some(item)
    }

    /// Takes out a request that waits, and returns its length in bytes.
    pub(super) fn take_back(&mut self, id: u64, cell: &Arc<Cell>) -> Option<usize> {
        let owner = cell.owner().filter(|_| cell.is_waiting())?;
        let all = self.of_principal.get_mut(&owner.principal)?;
        let item = all.take_back(owner.session, id)?;
        if all.order.is_empty() {
            self.of_principal.remove(&owner.principal);
            self.order.retain(|other| *other != owner.principal);
        }
        self.waiting -= 1;
        Some(item.payload.len())
    }

    fn id(item: &Outgoing) -> Option<u64> {
        item.cell.as_ref().map(|(id, _)| *id)
    }

    /// Bytes of the requests that wait of a session, and of its principal.
    pub(super) fn bytes_of(&self, owner: Owner) -> (usize, usize) {
        let Some(all) = self.of_principal.get(&owner.principal) else { return (0, 0) };
        let bytes = |item: &Outgoing| item.payload.len();
        let own = all.of_session.get(&owner.session).into_iter().flatten();
        (own.map(bytes).sum(), all.items().map(bytes).sum())
    }

    /// Bytes of all that wait.
    pub(super) fn bytes(&self) -> usize {
        self.of_principal.values().flat_map(OfPrincipal::items).map(|item| item.payload.len()).sum()
    }

    /// Nothing waits any more. Returns the ids of what did.
    pub(super) fn clear(&mut self) -> Vec<u64> {
        self.order.clear();
        self.waiting = 0;
        let all = self.of_principal.drain().flat_map(|(_, all)| all.of_session);
        all.flat_map(|(_, own)| own).filter_map(|item| Self::id(&item)).collect()
    }
}

#[cfg(test)]
#[path = "turns/tests.rs"]
mod tests;
