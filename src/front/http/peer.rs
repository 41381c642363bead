//! The other end of a connection.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::access::connections::Activity;
use crate::access::peer::{Refusal, TcpClient};
use crate::base::{Principal, SessionId};
use crate::client::session::{Carriage, Session};
use crate::telemetry::fact;

/// Who is at the other end of a connection, and how it came.
#[derive(Debug, Clone)]
pub struct Peer {
    pub principal: Principal,
    /// Over a unix socket, where Host means nothing.
    pub is_unix: bool,
    /// Over TCP, who is asked about again before the first request.
    pub tcp: Option<TcpClient>,
}

/// The other end of one connection.
#[derive(Debug)]
pub struct Caller {
    pub(super) peer: Peer,
    pub(super) activity: Arc<Activity>,
    /// The client was there when its first request was read.
    is_checked: AtomicBool,
    /// Notified when a request begins; holds on to the first notice.
    began: Notify,
    /// What a modern client is to us: it has no session, but its connection is its own.
    modern: OnceLock<Arc<Session>>,
}

impl Caller {
    pub(super) fn new(peer: Peer, activity: Arc<Activity>) -> Self {
        let (is_checked, began, modern) = (AtomicBool::new(false), Notify::new(), OnceLock::new());
        Self { peer, activity, is_checked, began, modern }
    }

    pub(super) fn modern_session(&self) -> Arc<Session> {
        let open =
            || Session::new(SessionId::random(), self.peer.principal.clone(), Carriage::Http, None);
        self.modern.get_or_init(open).clone()
    }

    /// Ends the connection as it is.
    pub(super) fn give_up(&self) {
        self.activity.close();
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Once per connection, when the first request was read and before anything of it is done:
    /// whoever sent it must still be there.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match &self.peer.tcp {
            Some(client) if !self.is_checked.swap(true, Ordering::Relaxed) => client.check_again(),
            _ => Ok(()),
        }
    }

    /// A request begins.
    pub(super) fn begins(&self) {
        self.began.notify_one();
    }

    /// Completes once the first request has begun.
    pub async fn began(&self) {
        self.began.notified().await;
    }
}

/// The fact that somebody was not let in.
pub fn refused(refusal: &Refusal, address: Option<SocketAddr>) -> fact::PeerRefused {
    fact::PeerRefused { address, cause: refusal.cause(), reason: refusal.to_string() }
}
