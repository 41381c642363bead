//! What waits to be sent to a server, and the room for it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cell::Cell;
use super::origin::Owner;
use super::outgoing::Outgoing;
use super::turns::Turns;
use crate::wire::Payload;

/// Bytes that may wait to be sent to a server.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// A principal may have so many times what is free, a session once what is free.
const PRINCIPALS_SHARE: usize = 7;

/// What waits, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Outgoing>,
    /// Requests that may not be sent yet.
    turns: Turns,
    /// Of what waits in either, and of what a carrier took out to send and has not sent yet.
    bytes: usize,
}

/// Why a message may not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoRoom {
    #[error("does not read its input: {0} bytes wait for it")]
    Full(usize),
    #[error("reads slowly: {0} bytes of this session wait for it, which is its share")]
    Session(usize),
    #[error("reads slowly: {0} bytes of this user wait for it, which is their share")]
    Principal(usize),
}

impl Queue {
    /// Whether a message of this owner may wait for the server to read; nobody's are ours.
    pub(super) fn admit(&self, payload: &Payload, owner: Option<Owner>) -> Result<(), NoRoom> {
        let (queued, len) = (self.bytes, payload.len());
        if queued + len > BYTES_MAX && self.has_any() {
            return Err(NoRoom::Full(queued));
        }
        // A session gets no more than it leaves to others; one message it may have in any case. The
        // sessions of a principal together leave something to other principals.
        let (own, of_all) = owner.map_or((0, 0), |owner| self.bytes_of(owner));
        let free = BYTES_MAX.saturating_sub(queued);
        if own > 0 && own + len > free {
            return Err(NoRoom::Session(own));
        }
        if of_all > 0 && of_all + len > PRINCIPALS_SHARE * free {
            return Err(NoRoom::Principal(of_all));
        }
        Ok(())
    }

    fn has_any(&self) -> bool {
        !self.items.is_empty() || self.turns.waiting() > 0
    }

    /// Bytes of the requests that wait of a session, and of its principal. Looked at only where much
    /// waits.
    fn bytes_of(&self, owner: Owner) -> (usize, usize) {
        if self.bytes <= BYTES_MAX / 4 {
            return (0, 0);
        }
        let (mut own, mut of_all) = self.turns.bytes_of(owner);
        for item in &self.items {
            let of = item.cell.as_ref().and_then(|(_, cell)| cell.owner());
            let Some(of) = of.filter(|of| of.principal == owner.principal) else { continue };
            of_all += item.payload.len();
            own += if of.session == owner.session { item.payload.len() } else { 0 };
        }
        (own, of_all)
    }

    pub(super) fn push(&mut self, payload: Payload, cell: Option<(u64, Arc<Cell>)>) {
        self.bytes += payload.len();
        self.items.push_back(Outgoing { payload, cell });
    }

    /// The request of a client: it is sent at once, if its server may have one more. `open`: the
    /// requests of clients before this one.
    pub(super) fn push_in_turn(
        &mut self,
        payload: Payload,
        (id, cell): (u64, Arc<Cell>),
        open: usize,
    ) {
        match cell.turn_of() {
            Some(owner) if !self.turns.has_room(open) => {
                self.bytes += payload.len();
                self.turns.wait(owner, Outgoing { payload, cell: Some((id, cell)) });
            }
            _ => self.push(payload, Some((id, cell))),
        }
    }

    /// So many requests of clients may be with the server at once.
    pub(super) fn limit(&mut self, max: Option<usize>) {
        self.turns.limit(max);
    }

    /// What waits for its turn.
    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Whose turn it is now may be sent. Returns whether there is any. `open`: the requests of clients,
    /// those that wait among them.
    pub(super) fn let_go(&mut self, open: usize) -> bool {
        let mut any = false;
        while let Some(item) = self.turns.next(open) {
            self.items.push_back(item);
            any = true;
        }
        any
    }

    /// No request waits for its turn any more. Returns the ids of those that did.
    pub(super) fn end_turns(&mut self) -> Vec<u64> {
        self.bytes -= self.turns.bytes();
        self.turns.clear()
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

    /// Takes out a request that waits for its turn; `false` if it does not.
    pub(super) fn give_up_turn(&mut self, id: u64, cell: &Arc<Cell>) -> bool {
        let bytes = self.turns.take_back(id, cell);
        self.sent(bytes.unwrap_or(0));
        bytes.is_some()
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
