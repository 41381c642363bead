//! Where clients come in.
//!
//! # Knows
//! Listeners and connections, streamable HTTP in both eras, HTTP with SSE, stdio, the daemon's end of
//! the link, and which session a message belongs to.
//!
//! # Does not know
//! What messages mean, how servers are run, how the world changes, what systemd is.
//!
//! # How to read it
//! The ways in are [`http`], [`stdio`] and [`link`]; the last two and HTTP with SSE share
//! [`duplex`]; [`crate::outbox`] and [`stowage`] are what waits for a client that does not read. [`listen`]
//! accepts connections. What outlives the process is noted as [`crate::handover`] has it.

pub mod duplex;
pub mod http;
pub mod link;
pub mod listen;
pub mod outlet;
pub mod sessions;
mod sink;
pub mod stdio;
mod stowage;
pub mod wants;

use std::sync::Arc;

use tokio::sync::Notify;

use crate::access::confined::Groups;
use crate::access::connections::Connections;
use crate::base::Tasks;
use crate::handover::{LinkRow, SessionRow, Table, WantRow};
use crate::mux::Hub;
use crate::results::aside::Aside;

use http::SseSessions;
use link::Links;
use sessions::Sessions;

/// What all ways in share.
#[derive(Debug)]
pub struct Front {
    pub hub: Hub,
    pub sessions: Sessions,
    pub links: Links,
    pub sse: SseSessions,
    pub connections: Arc<Connections>,
    /// Where clients over TCP run.
    pub groups: Groups,
    /// What waits for clients that do not read.
    pub aside: Aside,
    /// Notified when a session begins or ends.
    pub changed: Arc<Notify>,
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
        Arc::new(Self {
            hub,
            sessions,
            links,
            sse,
            connections,
            groups,
            aside,
            changed,
            calls,
            streams,
        })
    }
}
