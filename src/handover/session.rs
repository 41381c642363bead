//! The rows of legacy HTTP sessions, and of what their clients want to hear.
//!
//! A client says once who it is, what it can do, which log messages it wants and which resources it
//! wants to hear about, and it treats the loss of a session as the end. So what it said is written
//! down when it says it.

use serde::{Deserialize, Serialize};

use crate::base::{Principal, SessionId};

/// The state of every row. The word of a session's row is when it was last used, counted in uses of
/// any session.
pub const OPEN: u32 = 1;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    pub session: SessionId,
    /// Whose it is.
    #[serde(rename = "uid")]
    pub principal: Principal,
    /// Of MCP, as it was settled on.
    pub revision: Box<str>,
    /// The directory its client works in; empty where it is not known.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub cwd: Box<str>,
    /// `clientInfo` and `capabilities`, as written; empty where they are not known.
    pub info: Box<str>,
    pub capabilities: Box<str>,
}

/// What the client of a session wants to hear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantRow {
    pub session: SessionId,
    pub want: Want,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Log messages from this level on, as MCP calls it.
    Level(Box<str>),
    /// Changes of the resource with this URI, as the client knows it.
    Resource(Box<str>),
}
