//! What all ways in share.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Notify;

use super::http::StreamedAnswer;
use crate::access::TokenUses;
use crate::base::{Lock, Principal, Tasks};
use crate::client::session::Session;
use crate::dashboard::Door;
use crate::handover::{LinkRow, SessionRow, Table, WantRow};
use crate::metrics::HttpCounts;
use crate::mux::Hub;
use crate::oidc::Issuer;
use crate::outbox::Outbox;
use crate::peers::confined::Groups;
use crate::peers::connections::Connections;
use crate::results::aside::Aside;
use crate::sessions::duplex::Duplex;
use crate::sessions::http_sessions::{self, Sessions};
use crate::sessions::links::{Links, TakenUp};
use crate::sessions::sse_sessions::SseSessions;

/// What all ways in share.
#[derive(Debug)]
pub struct Front {
    pub hub: Hub,
    pub sessions: Sessions,
    pub links: Links,
    pub sse: SseSessions,
    pub connections: Arc<Connections>,
    /// Requests over HTTP.
    pub counts: Arc<HttpCounts>,
    /// On which days tokens of ours are used.
    pub token_uses: Arc<TokenUses>,
    /// Who may open the dashboard.
    pub dashboard: Door,
    /// Where clients over TCP run.
    pub groups: Groups,
    /// What waits for clients that do not read.
    pub aside: Aside,
    /// Notified when a session begins or ends.
    pub changed: Arc<Notify>,
    /// Whose tokens are taken, once somebody brought one.
    issuer: Lock<Option<Arc<Issuer>>>,
    /// Calls whose answer does not hang on the connection they came in by.
    pub calls: Tasks,
    /// Streams of events and links, which end only when they are told to.
    pub streams: Tasks,
}

impl Front {
    pub fn new(
        hub: Hub,
        changed: Arc<Notify>,
        links: Table<LinkRow>,
        sessions: (Table<SessionRow>, Table<WantRow>),
    ) -> Arc<Self> {
        let (sessions, links) = (Sessions::new(sessions, hub.recorder.clone()), Links::new(links));
        let (sse, calls, streams) = (SseSessions::default(), Tasks::new(), Tasks::new());
        let (connections, groups, aside) = (Arc::default(), Groups::default(), Aside::open());
        let (counts, token_uses) = <_>::default();
        let dashboard = Door::new(hub.recorder.clone());
        Arc::new(Self {
            hub,
            sessions,
            links,
            sse,
            connections,
            counts,
            token_uses,
            dashboard,
            groups,
            aside,
            changed,
            issuer: Lock::default(),
            calls,
            streams,
        })
    }

    /// The issuer of the config; `None` if it has none.
    pub(super) fn issuer(&self) -> Option<Arc<Issuer>> {
        let world = self.hub.world();
        let oidc = world.gate.oidc()?;
        let mut issuer = self.issuer.lock();
        if let Some(known) = issuer.as_ref().filter(|known| known.is_of(oidc)) {
            return Some(known.clone());
        }
        Some(issuer.insert(Arc::new(Issuer::new(oidc.clone(), self.streams.clone()))).clone())
    }

    /// Somebody came with a token of ours. The first time of a day is written down, beside what they want.
    pub(super) fn came(&self, principal: &Principal) {
        let is_first = |name| self.token_uses.note(name, SystemTime::now());
        if !principal.token_name().is_some_and(is_first) {
            return;
        }
        let (uses, world) = (self.token_uses.clone(), self.hub.world());
        self.calls.spawn("token uses", async move {
            let write = move || uses.write(|name| world.gate.has_token(name));
            if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
                tracing::warn!(%error, "that a token is used is not written down");
            }
        });
    }

    /// Goes on with the links and the sessions of an earlier process of ours.
    pub fn take_up(&self, links: Vec<TakenUp>, sessions: Vec<http_sessions::TakenUp>) {
        self.links.take_up(links, |session| self.duplex(session, Outbox::link()));
        for http_sessions::TakenUp { session, used, record, calls } in sessions {
            let held = self.sessions.restore(session, used, record);
            for (stream, call) in calls {
                StreamedAnswer::go_on(&self.hub, &self.calls, held.clone(), stream, call);
            }
        }
    }

    /// A session over which messages go both ways at any time.
    pub(super) fn duplex(&self, session: Arc<Session>, outbox: Outbox) -> Duplex {
        let outbox = Arc::new(outbox.told_of(session.id, self.hub.recorder.clone()));
        let (hub, aside, tasks) = (self.hub.clone(), self.aside.clone(), self.calls.child());
        Duplex { hub, session, outbox, aside, tasks }
    }
}
