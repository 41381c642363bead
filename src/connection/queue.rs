//! What waits to be sent to a server, and the room for it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cell::Cell;
use super::origin::Owner;
use crate::wire::Payload;

/// Bytes that may wait to be sent to a server.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A message that waits.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) payload: Payload,
    /// The request it is, with its id.
    pub(super) cell: Option<(u64, Arc<Cell>)>,
}

/// What waits, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Outgoing>,
    /// Of what waits, and of what a carrier took out to send and has not sent yet.
    bytes: usize,
}

/// Why a message may not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoRoom {
    #[error("does not read its input: {0} bytes wait for it")]
    Full(usize),
    #[error("reads slowly: {0} bytes of this session wait for it, which is its share")]
    Session(usize),
}

impl Queue {
    /// Whether a message of this owner may wait for the server to read; nobody's are ours.
    pub(super) fn admit(&self, payload: &Payload, owner: Option<Owner>) -> Result<(), NoRoom> {
        let (queued, len) = (self.bytes, payload.len());
        if queued + len > BYTES_MAX && !self.items.is_empty() {
            return Err(NoRoom::Full(queued));
        }
        // A session gets no more than it leaves to others; one message it may have in any case.
        let own = owner.map_or(0, |owner| self.bytes_of(owner));
        if own > 0 && own + len > BYTES_MAX.saturating_sub(queued) {
            return Err(NoRoom::Session(own));
        }
        Ok(())
    }

    /// Bytes of a session's requests that wait. Looked at only where much waits.
    fn bytes_of(&self, owner: Owner) -> usize {
        if self.bytes <= BYTES_MAX / 4 {
            return 0;
        }
        let is_theirs = |item: &&Outgoing| {
            let of = item.cell.as_ref().and_then(|(_, cell)| cell.owner());
            of.is_some_and(|of| of.session == owner.session)
        };
        self.items.iter().filter(is_theirs).map(|item| item.payload.len()).sum()
    }

    pub(super) fn push(&mut self, payload: Payload, cell: Option<(u64, Arc<Cell>)>) {
        self.bytes += payload.len();
        self.items.push_back(Outgoing { payload, cell });
    }

    /// The first that may go now.
    pub(super) fn take(&mut self, may_go: impl Fn(&Outgoing) -> bool) -> Option<Outgoing> {
        let at = self.items.iter().position(may_go)?;
        let item = self.items.remove(at)?;
        self.sent(item.payload.len());
        Some(item)
    }

    /// The first.
    pub(super) fn first(&self) -> Option<&Outgoing> {
        self.items.front()
    }

    /// Takes the first out; its bytes count until they are [`Queue::sent`].
    pub(super) fn begin_first(&mut self) -> Option<Outgoing> {
        self.items.pop_front()
    }

    /// So many bytes wait no more.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Takes out the request of this cell; `false` if it waits no more.
    pub(super) fn take_back(&mut self, cell: &Arc<Cell>) -> bool {
        let is_it = |item: &Outgoing| item.cell.as_ref().is_some_and(|(_, c)| Arc::ptr_eq(c, cell));
        self.take(is_it).is_some()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
