//! The sessions of clients, as they are.

use serde::{Deserialize, Serialize};

use super::server::Era;

/// A session that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionDetails {
    /// What stands for it here and in the history: with the id that its client has, somebody could go on with it.
    pub id: String,
    /// What its client calls itself: name and version. Empty where it has not said so yet.
    pub client: String,
    /// Whose it is, as rules name them.
    pub principal: String,
    /// How its client comes in: `link` (a bridge), `http` or `sse`.
    pub front: String,
    /// The revision of MCP that it speaks, once that is known.
    pub revision: Option<String>,
    pub era: Option<Era>,
    /// In seconds since 1970. Nothing where an earlier daemon opened it, or where more have been opened since than are
    /// remembered.
    pub opened_at: Option<u64>,
    /// Where its client works, if it said so.
    pub directory: Option<String>,
    /// The process at the other end, where the kernel tells.
    pub process: Option<SessionProcess>,
    /// The connection of its bridge is lost, and is waited for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// Requests that have no answer yet.
    pub in_flight: usize,
    /// Calls of servers' tools so far, those that our own tools made among them.
    pub calls: u64,
    /// Bytes of results and of lists of tools that were sent in it.
    pub sent_bytes: u64,
}

/// A process that is the client, or started the bridge that speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionProcess {
    /// The number of the process that connected.
    pub pid: u32,
    /// The program of the client; behind an interpreter its script stands here, too.
    pub programs: Vec<String>,
    /// The unit of systemd that it is in.
    pub unit: Option<String>,
}
