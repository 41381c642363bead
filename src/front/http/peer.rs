//! The other end of a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;
use axum::http::header::{self as names, HeaderName};
use tokio::sync::Notify;

use crate::access::token::BadToken;
use crate::base::peer_facts::SharedPeer;
use crate::base::{Lock, Principal, SessionId};
use crate::client::session::{Carriage, Session};
use crate::facts;
use crate::front::Front;
use crate::peers::connections::Activity;
use crate::peers::peer::{Refusal, TcpClient};

/// What a proxy adds to what it sends on for others (RFC 7239, section 1). One that adds nothing cannot be
/// told from its user.
const SENT_ON: [HeaderName; 4] = [
    FORWARDED_FOR,
    names::FORWARDED,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
];
/// For whom proxies send on.
pub(super) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
use crate::oidc::NotProved;

/// Who is at the other end of a connection, and how it came.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Who it is by the kernel's word; `None`: a request tells by its token.
    pub proved: Option<Principal>,
    /// Over TCP.
    pub address: Option<SocketAddr>,
    /// The process at the other end, where the kernel tells.
    pub process: Option<SharedPeer>,
    pub arrival: Arrival,
    /// Over TCP, who is asked about again before the first request.
    pub tcp: Option<TcpClient>,
}

/// How a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Over a unix socket, where Host means nothing.
    Unix,
    /// Over loopback.
    Near,
    /// From another machine, or as if it were: nobody is known but by a token. `is_secure`: its client
    /// speaks TLS, be it with a proxy.
    Far { is_secure: bool },
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
    /// What a modern client is to us: it has no session, but its connection is its own, for as long
    /// as its requests are those of one principal.
    modern: Lock<Option<Arc<Session>>>,
}

impl Caller {
    pub(super) fn new(peer: Peer, activity: Arc<Activity>) -> Self {
        let (is_checked, began, modern) = <_>::default();
        Self { peer, activity, is_checked, began, modern }
    }

    pub(super) fn modern_session(&self, principal: &Principal) -> Arc<Session> {
        let mut modern = self.modern.lock();
        match &*modern {
            Some(session) if session.principal.asks_alike(principal) => session.clone(),
            _ => {
                let (id, principal) = (SessionId::random(), principal.clone());
                let session = modern.insert(Session::new(id, principal, Carriage::Http, None));
                session.comes_from(self.peer.process.clone());
                session.clone()
            }
        }
    }

    /// Who asks, from the process at the other end, where rules want to know of that. Whoever stands behind a
    /// proxy is not there.
    pub(super) fn asking(
        &self,
        front: &Front,
        principal: Principal,
        headers: &HeaderMap,
    ) -> Principal {
        let Some(process) = &self.peer.process else { return principal };
        let is_wanted = front.hub.world().gate.asks_for_peers();
        if !is_wanted || SENT_ON.iter().any(|name| headers.contains_key(name)) {
            return principal;
        }
        principal.at(Some(process.clone()))
    }

    /// Ends the connection as it is.
    pub(super) fn give_up(&self) {
        self.activity.close();
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Once per connection, when the first request was read and before anything of it is done:
    /// whoever sent it must still be there, and nobody may stand behind them.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        match &self.peer.tcp {
            Some(client) if !self.is_checked.swap(true, Ordering::Relaxed) => {
                client.check_again()?;
                if SENT_ON.iter().any(|name| headers.contains_key(name)) {
                    self.is_checked.store(false, Ordering::Relaxed);
                    return Err(Refusal::SentOn);
                }
                Ok(())
            }
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

/// The fact that what was presented makes nobody of its client.
pub(super) fn no_token(bad: BadToken, address: Option<SocketAddr>) -> facts::PeerRefused {
    facts::PeerRefused { address, cause: "token", reason: bad.to_string() }
}

/// The fact that an issuer's token makes nobody of its client.
pub(super) fn not_proved(why: &NotProved, address: Option<SocketAddr>) -> facts::PeerRefused {
    let (cause, reason) = match why {
        NotProved::Refused(refused) => (refused.word(), refused.to_string()),
        NotProved::Later(_) => ("jwt_no_keys", "the keys of its issuer are not there".to_owned()),
    };
    facts::PeerRefused { address, cause, reason: format!("a token is not taken: {reason}") }
}

/// The fact that somebody was not let in.
pub fn refused(refusal: &Refusal, address: Option<SocketAddr>) -> facts::PeerRefused {
    facts::PeerRefused { address, cause: refusal.cause(), reason: refusal.to_string() }
}
