//! What carries the messages of a connection: the pipes of a process, or HTTP.
//!
//! Each has tasks that take what waits in the queue and route what comes. Here is what a connection and
//! its owner want of either.

use std::sync::Arc;
use std::time::Duration;

use super::remote::{Mirrors, Remote};

/// What carries the messages of a connection.
#[derive(Debug)]
pub enum Carrier {
    /// Both pipes of a process.
    Pipes {
        /// What the table of pending calls knows the connection by; 0, if no later process of ours
        /// can go on with it.
        key: u32,
    },
    /// Requests of HTTP, each with a response of its own.
    Http(Arc<Remote>),
}

impl Carrier {
    fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Pipes { .. } => None,
            Self::Http(remote) => Some(remote),
        }
    }

    /// What the table of pending calls knows the connection by.
    pub(super) fn key(&self) -> u32 {
        match self {
            Self::Pipes { key } => *key,
            Self::Http(_) => 0,
        }
    }

    /// Whether it is HTTP.
    pub fn is_remote(&self) -> bool {
        self.remote().is_some()
    }

    /// Whether it is HTTP with SSE.
    pub fn is_sse(&self) -> bool {
        self.remote().is_some_and(Remote::is_sse)
    }

    /// Whether a server has to be told that a request is given up (2026-07-28, "Cancellation": over
    /// HTTP the end of the response says it).
    pub(super) fn tells_cancellation(&self) -> bool {
        self.remote().is_none_or(Remote::is_legacy)
    }

    /// The server chose a legacy revision.
    pub fn agree(&self, revision: &str) {
        if let Some(remote) = self.remote() {
            remote.agree(revision);
        }
    }

    /// Which arguments of the server's tools are to be repeated beside the message.
    pub fn mirror(&self, mirrors: Mirrors) {
        if let Some(remote) = self.remote() {
            remote.mirror(mirrors);
        }
    }

    /// Whether anybody is at the other end: over HTTP, whether there was any response.
    pub fn has_responded(&self) -> bool {
        self.remote().is_none_or(Remote::has_responded)
    }

    /// Why a request waits to be sent again, if one does.
    pub fn delay(&self) -> Option<String> {
        self.remote()?.delay()
    }

    /// Words about a server that may be its own, without what it was shown.
    pub fn redact(&self, text: &str) -> String {
        self.remote().map_or_else(|| text.to_owned(), |remote| remote.redact(text))
    }

    /// Once the connection is being finished: waits up to `patience` until what is queued is sent and
    /// clients' calls are answered. Pipes end with their process.
    pub async fn drained(&self, patience: Duration) {
        if let Some(remote) = self.remote() {
            drop(tokio::time::timeout(patience, remote.drained()).await);
        }
    }

    /// Tells the server that its session is over.
    pub async fn part(&self) {
        if let Some(remote) = self.remote() {
            remote.part().await;
        }
    }
}
