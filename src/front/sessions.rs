//! The sessions of legacy HTTP clients, by the id in `Mcp-Session-Id`.
//!
//! An id works only for the principal it was given to. One that we do not know, because the daemon
//! was restarted or the session was evicted, is taken up again for whoever presents it: clients
//! treat a lost session as the end (2025-11-25 lets a server answer 404, and then most give up).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::time::Instant;

use super::http::stream::Streams;
use crate::access::Principal;
use crate::base::SessionId;
use crate::client::session::{Session, Way};

/// Sessions kept at the most. The one that was unused for longest gives way.
const SESSIONS_MAX: usize = 4096;

/// A legacy HTTP session: the conversation and its event streams.
#[derive(Debug)]
pub struct HttpSession {
    pub session: Arc<Session>,
    pub streams: Streams,
    used: Mutex<Instant>,
}

/// The table.
#[derive(Debug, Default)]
pub struct Sessions {
    by_id: Mutex<HashMap<SessionId, Arc<HttpSession>>>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<HttpSession>>> {
        self.by_id.lock().expect("no panic happens under this lock")
    }

    /// Opens a session under a fresh id.
    pub fn open(&self, principal: Principal) -> Arc<HttpSession> {
        self.insert(SessionId::random(), principal)
    }

    fn insert(&self, id: SessionId, principal: Principal) -> Arc<HttpSession> {
        let session = Session::new(id, principal, Way::Http, None);
        let held = Arc::new(HttpSession {
            session,
            streams: Streams::default(),
            used: Mutex::new(Instant::now()),
        });
        let mut sessions = self.lock();
        if sessions.len() >= SESSIONS_MAX {
            let idle = sessions.values().filter(|held| !held.streams.is_read());
            let oldest = idle.min_by_key(|held| held.used()).map(|held| held.session.id);
            oldest.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(id, held.clone());
        held
    }

    /// The session of this principal with this id, taken up again if we do not know it. `None` if
    /// the id is another principal's.
    pub fn take_up(&self, id: SessionId, principal: &Principal) -> Option<Arc<HttpSession>> {
        let found = self.lock().get(&id).cloned();
        let held = match found {
            Some(held) if held.session.principal != *principal => return None,
            Some(held) => held,
            None => self.insert(id, principal.clone()),
        };
        *held.used.lock().expect("no panic happens under this lock") = Instant::now();
        Some(held)
    }

    /// Ends a session. `false` if this principal has none with this id.
    pub fn close(&self, id: SessionId, principal: &Principal) -> bool {
        let mut sessions = self.lock();
        let is_own = sessions.get(&id).is_some_and(|held| held.session.principal == *principal);
        if is_own {
            let held = sessions.remove(&id);
            drop(sessions);
            if let Some(held) = held {
                held.streams.close();
            }
        }
        is_own
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }
}

impl HttpSession {
    fn used(&self) -> Instant {
        *self.used.lock().expect("no panic happens under this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::{SESSIONS_MAX, Sessions};
    use crate::access::Principal;
    use crate::base::SessionId;

    #[test]
    fn an_id_works_for_its_principal_only() {
        let sessions = Sessions::default();
        let (a, b) = (Principal::User(1), Principal::User(2));
        let id = sessions.open(a.clone()).session.id;
        assert!(sessions.take_up(id, &b).is_none());
        assert!(!sessions.close(id, &b));
        assert_eq!(sessions.take_up(id, &a).unwrap().session.id, id);
        assert!(sessions.close(id, &a) && !sessions.close(id, &a));
        let unknown = SessionId::random();
        assert_eq!(sessions.take_up(unknown, &b).unwrap().session.id, unknown);
        assert!(sessions.take_up(unknown, &a).is_none(), "taken up by another");
    }

    #[test]
    fn the_table_is_bounded() {
        let sessions = Sessions::default();
        for _ in 0..SESSIONS_MAX + 10 {
            sessions.open(Principal::User(1));
        }
        assert_eq!(sessions.len(), SESSIONS_MAX);
    }
}
