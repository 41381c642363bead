//! Room in the queue of what is to be written to a server.

use super::{Connection, Inner, Loss, Outgoing, Owner};
use crate::wire::Payload;

/// Bytes that may wait to be written to a server.
const QUEUE_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Connection {
    /// Whether a message of this owner may wait for the server to read; nobody's are ours.
    pub(super) fn check_room(
        &self,
        inner: &Inner,
        payload: &Payload,
        owner: Option<Owner>,
    ) -> Result<(), Loss> {
        let (queued, len) = (inner.queued_bytes, payload.len());
        if queued + len > QUEUE_BYTES_MAX && !inner.queue.is_empty() {
            let reason = format!(
                "server {} does not read its input: {queued} bytes wait for it",
                self.server
            );
            return Err(Loss::not_sent(reason));
        }
        // A session gets no more than it leaves to others; one message it may have in any case.
        let own = owner.map_or(0, |owner| inner.queued_by(owner));
        if own > 0 && own + len > QUEUE_BYTES_MAX.saturating_sub(queued) {
            let reason = format!(
                "server {} reads slowly: {own} bytes of this session wait for it, which is its share",
                self.server
            );
            return Err(Loss::not_sent(reason));
        }
        Ok(())
    }
}

impl Inner {
    /// Bytes of a session's requests that wait to be written. Looked at only where much waits.
    fn queued_by(&self, owner: Owner) -> usize {
        if self.queued_bytes <= QUEUE_BYTES_MAX / 4 {
            return 0;
        }
        let is_theirs = |item: &&Outgoing| {
            let of = item.cell.as_ref().and_then(|(_, cell)| cell.owner());
            of.is_some_and(|of| of.session == owner.session)
        };
        self.queue.iter().filter(is_theirs).map(|item| item.payload.len()).sum()
    }
}
