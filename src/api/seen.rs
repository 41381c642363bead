//! Sessions and calls, as they come and go.

use serde::{Deserialize, Serialize};

use crate::base::SessionId;

/// What happened since somebody asked before. Who asks without a number is told of no fact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CallsSeen {
    /// What to ask with the next time.
    pub next: u64,
    /// Facts that there was no room for.
    #[serde(default)]
    pub lost: u64,
    /// Each as callmux.journal(7) has it: `session_opened`, `session_closed`, `call_finished`, the fields by their
    /// names in small letters without their prefix, all of them texts, and `time` (RFC 3339).
    #[serde(default)]
    pub facts: Vec<serde_json::Value>,
    /// Those that are open, the oldest first, as far as the daemon has seen them open.
    #[serde(default)]
    pub sessions: Vec<SessionSeen>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionSeen {
    pub session: SessionId,
    /// What its client calls itself: name and version.
    pub client: String,
    /// In seconds since 1970.
    pub opened_at: u64,
}

/// A client that the daemon has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientSeen {
    /// What it calls itself: name and version.
    pub name: String,
    /// When it was last seen to greet, or to call, in seconds since 1970.
    pub seen_at: u64,
}
