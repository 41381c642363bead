//! One server, as it is wanted.

use std::time::Duration;

use super::complaint::Complaint;
use super::program::Program;
use super::remote::Remote;
use super::tool_policy::ToolPolicy;

/// `[servers.NAME]`. That of `default()` has not even the defaults of its keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerConfig {
    pub enabled: bool,
    /// What it is, in the user's words: in one line.
    pub description: Option<String>,
    pub program: Program,
    pub remote: Remote,
    pub supervision: Supervision,
    pub policy: ToolPolicy,
    pub call_timeout: Duration,
    /// Calls that may be in flight there at once.
    pub max_concurrency: Option<usize>,
    /// In bytes.
    pub max_message: usize,
    /// Why the server cannot be started: references that could not be resolved.
    pub unresolved: Vec<Complaint>,
}

/// When a server runs, and how long it may take to begin and to end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Supervision {
    pub start_timeout: Duration,
    pub stop_timeout: Duration,
    /// Started with its first call.
    pub lazy: bool,
    /// Ended when it was not called for so long.
    pub idle_stop: Option<Duration>,
}
