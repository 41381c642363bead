//! The requests in flight to one server, and what of its places each client has.
//!
//! Nobody knows who will come next, so nobody gets everything: a session and a principal may have more
//! only as long as enough is free for the others. Some places are for those who have few.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::cell::Cell;
use super::origin::Owner;

/// Requests that may be in flight to one server.
pub(super) const IN_FLIGHT_MAX: usize = 4096;
/// Places that only clients with fewer than [`FEW`] requests in flight get.
const RESERVED: usize = 512;
const FEW: usize = 8;
/// A principal may have so many times what is free, a session once what is free.
const PRINCIPALS_SHARE: usize = 7;

/// The table.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    by_id: HashMap<u64, Waiting>,
    /// Requests of clients.
    clients: usize,
    of_session: HashMap<u64, usize>,
    of_principal: HashMap<u64, usize>,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) cell: Arc<Cell>,
    /// Ends its way to the server and back, if it goes there alone.
    way: Option<CancellationToken>,
}

impl Waiting {
    /// Nothing more is awaited where its answer was to come.
    pub(super) fn stop(&self) {
        self.way.as_ref().inspect(|way| way.cancel());
    }
}

/// Why there is no place for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoPlace {
    #[error("{IN_FLIGHT_MAX} requests are open there already; wait for some to end")]
    Full,
    #[error("this session has {0} calls open there, which is its share; wait for some to end")]
    Session(usize),
    #[error("this user has {0} calls open there, which is their share; wait for some to end")]
    Principal(usize),
}

impl InFlight {
    /// Whether there is a place for a request of this owner; of nobody, if it is our own.
    pub(super) fn admit(&self, owner: Option<Owner>) -> Result<(), NoPlace> {
        if self.by_id.len() >= IN_FLIGHT_MAX {
            return Err(NoPlace::Full);
        }
        let Some(owner) = owner else { return Ok(()) };
        let free = (IN_FLIGHT_MAX - RESERVED).saturating_sub(self.by_id.len());
        let session = self.of_session.get(&owner.session).copied().unwrap_or(0);
        if session >= free.max(FEW) {
            return Err(NoPlace::Session(session));
        }
        let principal = self.of_principal.get(&owner.principal).copied().unwrap_or(0);
        if session >= FEW && principal >= PRINCIPALS_SHARE * free {
            return Err(NoPlace::Principal(principal));
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, id: u64, cell: Arc<Cell>) {
        if let Some(owner) = cell.owner() {
            self.clients += 1;
            *self.of_session.entry(owner.session).or_default() += 1;
            *self.of_principal.entry(owner.principal).or_default() += 1;
        }
        self.by_id.insert(id, Waiting { cell, way: None });
    }

    /// A request goes to the server alone; `way` ends that.
    pub(super) fn goes_alone(&mut self, id: u64, way: CancellationToken) {
        if let Some(waiting) = self.by_id.get_mut(&id) {
            waiting.way = Some(way);
        }
    }

    pub(super) fn get(&self, id: u64) -> Option<&Arc<Cell>> {
        self.by_id.get(&id).map(|waiting| &waiting.cell)
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Waiting> {
        let waiting = self.by_id.remove(&id)?;
        if let Some(owner) = waiting.cell.owner() {
            self.clients -= 1;
            one_less(&mut self.of_session, owner.session);
            one_less(&mut self.of_principal, owner.principal);
        }
        Some(waiting)
    }

    /// The request in flight, if there is exactly one.
    pub(super) fn only(&self) -> Option<(u64, &Arc<Cell>)> {
        self.iter().next().filter(|_| self.by_id.len() == 1)
    }

    /// Empties the table.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Arc<Cell>> + use<> {
        std::mem::take(self).by_id.into_values().map(|waiting| waiting.cell)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Arc<Cell>)> {
        self.by_id.iter().map(|(id, waiting)| (*id, &waiting.cell))
    }

    /// Requests of clients.
    pub(super) fn of_clients(&self) -> impl Iterator<Item = (u64, &Arc<Cell>)> {
        self.iter().filter(|(_, cell)| cell.owner().is_some())
    }

    /// How many requests of clients there are.
    pub(super) fn clients(&self) -> usize {
        self.clients
    }

    /// Whether a client waits for an answer.
    pub(super) fn has_clients(&self) -> bool {
        self.clients > 0
    }

    /// The newest request of each owner that has any with the server.
    pub(super) fn newest_of_each_owner(&self) -> Vec<(u64, Arc<Cell>)> {
        let mut newest: Vec<(u64, &Arc<Cell>)> = Vec::new();
        for (id, cell) in self.of_clients().filter(|(_, cell)| !cell.is_waiting()) {
            match newest.iter_mut().find(|(_, other)| other.owner() == cell.owner()) {
                Some(known) if known.0 < id => *known = (id, cell),
                Some(_) => {}
                None => newest.push((id, cell)),
            }
        }
        newest.into_iter().map(|(id, cell)| (id, cell.clone())).collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

fn one_less(counts: &mut HashMap<u64, usize>, key: u64) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

#[cfg(test)]
mod tests;
