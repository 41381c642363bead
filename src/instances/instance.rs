//! One instance, and who uses it.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::base::{Lock, SessionId};
use crate::servers::Server;
use crate::servers::handle::Phase;

/// Sessions that are remembered to use one instance.
const SESSIONS_MAX: usize = 4096;

/// One instance of a server.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) server: Server,
    usage: Arc<Usage>,
    /// See [`super::Ground::changed`].
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct Usage {
    /// When a call of it last began or ended.
    last: Lock<Instant>,
    sessions: Lock<HashSet<SessionId>>,
}

/// An instance that is not given up for as long as the value lives.
#[derive(Debug)]
pub struct Lease(Arc<Instance>);

impl Instance {
    pub(super) fn new(server: Server, changed: Arc<Notify>) -> Arc<Self> {
        let (last, sessions) = (Lock::new(Instant::now()), Lock::default());
        Arc::new(Self { server, usage: Arc::new(Usage { last, sessions }), changed })
    }

    /// The same, treated as another config says.
    pub(super) fn with(&self, server: Server) -> Arc<Self> {
        Arc::new(Self { server, usage: self.usage.clone(), changed: self.changed.clone() })
    }

    pub(super) fn lease(self: &Arc<Self>, session: SessionId) -> Lease {
        *self.usage.last.lock() = Instant::now();
        let mut sessions = self.usage.sessions.lock();
        if sessions.len() < SESSIONS_MAX {
            sessions.insert(session);
        }
        Lease(self.clone())
    }

    pub(super) fn is_of(&self, session: SessionId) -> bool {
        self.usage.sessions.lock().contains(&session)
    }

    /// Since when nobody has been calling it; `None` while somebody is.
    pub(super) fn idle_since(self: &Arc<Self>) -> Option<Instant> {
        // The one of the registry is no lease.
        if Arc::strong_count(self) > 1 {
            return None;
        }
        let last = *self.usage.last.lock();
        match &self.server.status().live {
            Some(live) => live.connection.idle_since().map(|since| since.max(last)),
            None => Some(last),
        }
    }

    /// Whether it has no process and will have none unless it is called.
    pub(super) fn is_asleep(&self) -> bool {
        let status = self.server.status();
        status.phase == Phase::Asleep && status.pid.is_none()
    }
}

impl Deref for Lease {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0.server
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.0.usage.last.lock() = Instant::now();
        // Nothing else would tell that it can be given up.
        if self.0.is_asleep() {
            self.0.changed.notify_one();
        }
    }
}
