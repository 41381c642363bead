//! The sessions of HTTP with SSE.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};

use super::duplex::Duplex;
use crate::base::{Lock, Principal, SessionId};
use crate::client::session::Session;

/// The sessions by their ids. Each holds a connection, so these bound the table.
#[derive(Debug, Default)]
pub struct SseSessions {
    by_id: Lock<HashMap<SessionId, Arc<Duplex>>>,
}

impl SseSessions {
    pub fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Duplex>>> {
        self.by_id.lock()
    }

    /// The session of this principal with this id.
    pub fn find(&self, id: SessionId, principal: &Principal) -> Option<Arc<Duplex>> {
        let found = self.lock().get(&id).cloned();
        found.filter(|duplex| duplex.session.principal == *principal)
    }

    /// Ends a session as an operator wants it: its stream ends, and with it all that is asked for in it.
    pub fn end(&self, id: SessionId) -> bool {
        let duplex = self.lock().remove(&id);
        let ended = duplex.inspect(|duplex| {
            duplex.tasks.stop();
            duplex.outbox.close();
        });
        ended.is_some()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Session>> {
        self.lock().values().map(|duplex| duplex.session.clone()).collect()
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }
}
