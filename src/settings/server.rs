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
    pub instances: Instancing,
    pub policy: ToolPolicy,
    pub call_timeout: Duration,
    /// Calls that may be in flight there at once.
    pub max_concurrency: Option<usize>,
    /// In bytes.
    pub max_message: usize,
    /// Why the server cannot be started: references that could not be resolved.
    pub unresolved: Vec<Complaint>,
}

/// How many processes a server has, and who shares one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Instancing {
    pub scope: Scope,
    /// Instances at the same time.
    pub max: usize,
    /// A client that works in no directory is refused.
    pub require_cwd: bool,
}

/// Who shares a process of a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// All clients.
    #[default]
    Shared,
    /// The clients of one user that work in the same directory.
    Cwd,
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::Shared, Self::Cwd];

    /// Their names, in the same order.
    pub const NAMES: [&str; 2] = ["shared", "cwd"];

    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// After so long an instance that is not called is ended, if nothing else is said.
const INSTANCE_IDLE_STOP: Duration = Duration::from_mins(30);

impl ServerConfig {
    /// Whether there is an instance of it for each directory.
    pub fn is_per_directory(&self) -> bool {
        self.instances.scope == Scope::Cwd
    }

    /// Whether it is started with its first call, where it is known what it offers.
    pub fn waits_to_be_called(&self) -> bool {
        self.supervision.lazy || self.is_per_directory()
    }

    /// After how long without a call it is ended.
    pub fn idle_stop(&self) -> Option<Duration> {
        let default = self.is_per_directory().then_some(INSTANCE_IDLE_STOP);
        self.supervision.idle_stop.or(default)
    }
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
