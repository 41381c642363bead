//! What an operator sees of a session, and does to all of its requests at once.

use super::Session;
use crate::base::peer_facts::SharedPeer;

impl Session {
    /// How many of its requests are in flight.
    pub fn in_flight(&self) -> usize {
        self.lock().in_flight.len()
    }

    /// Takes back every request that is in flight.
    pub fn cancel_all(&self) {
        let senders: Vec<_> = self.lock().in_flight.drain().map(|(_, sender)| sender).collect();
        for sender in senders {
            // Already over if nobody listens.
            _ = sender.send(());
        }
    }

    /// The process at the other end now, where it is known.
    pub fn peer(&self) -> Option<SharedPeer> {
        let now = self.shared.process.borrow().clone();
        now.or_else(|| self.principal.peer().cloned())
    }
}
