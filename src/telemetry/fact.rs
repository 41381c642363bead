//! The closed list of facts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::level::Level;
use super::record::{Record, Speaker};
use crate::base::{CallId, ServerName, SessionId};

#[cfg(test)]
mod tests;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// The server answered with a result.
    Done,
    /// The server answered, with an error or with a result that says `isError`.
    ToolError,
    /// Nothing of the call was ever written to the server.
    NotSent,
    /// It was written and there is no answer.
    OutcomeUnknown,
    /// The client took it back.
    Cancelled,
    /// Refused before it went anywhere.
    Refused,
    /// Whoever wanted it may not.
    Denied,
}

impl CallOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::ToolError => "tool_error",
            Self::NotSent => "not_sent",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Denied => "denied",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Fact {
    DaemonStarted {
        version: &'static str,
        pid: u32,
    },
    Listening {
        address: String,
        inherited: bool,
    },
    ListenerRefused {
        address: String,
        reason: String,
    },
    DaemonReady {
        servers: usize,
    },
    DaemonDraining {
        calls: usize,
    },
    DaemonStopped {
        calls_left: usize,
    },
    ConfigLoaded {
        files: Vec<PathBuf>,
        servers: usize,
    },
    ConfigRefused {
        complaint: String,
    },
    ConfigReloaded {
        added: Vec<ServerName>,
        removed: Vec<ServerName>,
        restarted: Vec<ServerName>,
        adjusted: Vec<ServerName>,
        unchanged: usize,
    },
    /// The current config was refused at the start; this one is in force.
    LastGoodConfigUsed {
        files: Vec<PathBuf>,
        servers: usize,
    },
    /// Changes of the config may go unnoticed.
    ConfigUnwatched {
        reason: String,
    },
    /// Somebody said what is to be done with a server.
    ServerOrdered {
        server: ServerName,
        order: &'static str,
        principal: Arc<str>,
    },
    ServerStarted {
        server: ServerName,
        pid: u32,
        attempt: u32,
    },
    /// A remote server is about to be greeted.
    ServerDialed {
        server: ServerName,
        /// Scheme, host and port of its URL; the rest may be a secret.
        origin: String,
        attempt: u32,
    },
    ServerReady {
        server: ServerName,
        era: &'static str,
        revision: String,
        tools: usize,
        took: Duration,
    },
    ServerAdopted {
        server: ServerName,
        pid: u32,
        took: Duration,
    },
    /// Our program was replaced on disk.
    DaemonUpgraded,
    /// Nobody needed us for `idle_exit`.
    DaemonIdle,
    /// A unit of ours that nobody holds was ended.
    StrayStopped {
        unit: String,
    },
    ServerFailed {
        server: ServerName,
        reason: String,
        retry_in: Duration,
    },
    ServerUnusable {
        server: ServerName,
        reason: String,
    },
    ServerStopped {
        server: ServerName,
    },
    ServerMisbehaved {
        server: ServerName,
        what: String,
        sample: String,
    },
    ServerWrote {
        server: ServerName,
        /// The unit it runs in.
        unit: Option<Arc<str>>,
        line: String,
    },
    ServerWroteTooMuch {
        server: ServerName,
        lines: u64,
    },
    /// Definitions of a server are left out of one of its lists, or cut.
    DefinitionsRefused {
        server: ServerName,
        /// The name of the first one.
        definition: Option<String>,
        /// How many of which list, and what is wrong with the first few.
        message: String,
    },
    ToolsChanged {
        tools: usize,
    },
    SessionOpened {
        session: SessionId,
        front: &'static str,
        principal: String,
        client: String,
        revision: String,
        cwd: Option<PathBuf>,
    },
    SessionClosed {
        session: SessionId,
    },
    LinkLost {
        session: SessionId,
    },
    LinkResumed {
        session: SessionId,
        resent: usize,
    },
    /// A client leaves unread what it was sent. Nothing that must arrive is lost.
    ClientBehind {
        session: SessionId,
        /// Unread bytes.
        waiting: usize,
    },
    /// It did so for too long: its session ended.
    ClientGivenUp {
        session: SessionId,
        /// Unread bytes.
        waiting: usize,
        /// How long it took no byte.
        silent: Duration,
    },
    PeerRefused {
        address: Option<SocketAddr>,
        /// The kind of reason, in one word.
        cause: &'static str,
        reason: String,
    },
    /// There were as many of something as there may be when one more came.
    CapReached {
        /// `connection`, `link` or `session`.
        what: &'static str,
        max: usize,
        /// The one that nobody had used for longest gave way; otherwise the new one was refused.
        evicted: bool,
    },
    CallFinished(Box<CallFinished>),
}

/// One finished call.
#[derive(Debug, Clone)]
pub struct CallFinished {
    pub call: CallId,
    pub session: Option<SessionId>,
    pub principal: Arc<str>,
    /// What the client calls itself: name and version.
    pub client: String,
    /// What it was about: `tool`, `prompt`, `resource`, `completion`, `task`, `tasks`, `subscription`,
    /// `log_level`, `roots`, or `request` if it named nothing.
    pub kind: &'static str,
    /// As clients know it.
    pub name: Arc<str>,
    pub server: Option<ServerName>,
    pub outcome: CallOutcome,
    /// Why, when it did not go well.
    pub reason: Option<String>,
    pub took: Duration,
    pub request_bytes: usize,
    pub reply_bytes: usize,
}

impl Fact {
    pub fn level(&self) -> Level {
        match self {
            Self::ConfigRefused { .. }
            | Self::ServerUnusable { .. }
            | Self::ListenerRefused { .. } => Level::Error,
            Self::ServerFailed { .. }
            | Self::ServerMisbehaved { .. }
            | Self::ServerWroteTooMuch { .. }
            | Self::DefinitionsRefused { .. }
            | Self::LastGoodConfigUsed { .. }
            | Self::ConfigUnwatched { .. }
            | Self::ClientBehind { .. }
            | Self::ClientGivenUp { .. }
            | Self::PeerRefused { .. }
            | Self::CapReached { .. } => Level::Warning,
            Self::CallFinished(_) | Self::ServerWrote { .. } => Level::Debug,
            _ => Level::Info,
        }
    }

    /// Whether the journal gets it whatever the level: the audit is complete or it is none.
    pub fn is_audit(&self) -> bool {
        matches!(self, Self::CallFinished(_) | Self::ServerWrote { .. })
    }

    /// The written form.
    pub fn record(&self) -> Record<'_> {
        let (name, message_id) = self.identity();
        let speaker = match self {
            Self::ServerWrote { server, unit, .. } => Some(Speaker { server, unit: unit.as_ref() }),
            _ => None,
        };
        let (message, fields) = self.text();
        let level = self.level();
        let mut record = Record { name, message_id, level, message, fields, speaker };
        record.bound();
        record
    }

    fn identity(&self) -> (&'static str, &'static str) {
        match self {
            Self::DaemonStarted { .. } => ("daemon_started", "a1f0c6de5b7e4b0fa3a5d0c1e2f30001"),
            Self::Listening { .. } => ("listening", "a1f0c6de5b7e4b0fa3a5d0c1e2f30002"),
            Self::ListenerRefused { .. } => {
                ("listener_refused", "a1f0c6de5b7e4b0fa3a5d0c1e2f30003")
            }
            Self::DaemonReady { .. } => ("daemon_ready", "a1f0c6de5b7e4b0fa3a5d0c1e2f30004"),
            Self::DaemonDraining { .. } => ("daemon_draining", "a1f0c6de5b7e4b0fa3a5d0c1e2f30005"),
            Self::DaemonStopped { .. } => ("daemon_stopped", "a1f0c6de5b7e4b0fa3a5d0c1e2f30006"),
            Self::ConfigLoaded { .. } => ("config_loaded", "a1f0c6de5b7e4b0fa3a5d0c1e2f30007"),
            Self::ConfigRefused { .. } => ("config_refused", "a1f0c6de5b7e4b0fa3a5d0c1e2f30008"),
            Self::ConfigReloaded { .. } => ("config_reloaded", "a1f0c6de5b7e4b0fa3a5d0c1e2f30040"),
            Self::LastGoodConfigUsed { .. } => {
                ("last_good_config_used", "a1f0c6de5b7e4b0fa3a5d0c1e2f30041")
            }
            Self::ConfigUnwatched { .. } => {
                ("config_unwatched", "a1f0c6de5b7e4b0fa3a5d0c1e2f30042")
            }
            Self::ServerOrdered { .. } => ("server_ordered", "a1f0c6de5b7e4b0fa3a5d0c1e2f30043"),
            Self::ServerStarted { .. } => ("server_started", "a1f0c6de5b7e4b0fa3a5d0c1e2f30009"),
            Self::ServerDialed { .. } => ("server_dialed", "a1f0c6de5b7e4b0fa3a5d0c1e2f30034"),
            Self::ServerReady { .. } => ("server_ready", "a1f0c6de5b7e4b0fa3a5d0c1e2f3000a"),
            Self::ServerAdopted { .. } => ("server_adopted", "a1f0c6de5b7e4b0fa3a5d0c1e2f30030"),
            Self::DaemonUpgraded => ("daemon_upgraded", "a1f0c6de5b7e4b0fa3a5d0c1e2f30033"),
            Self::DaemonIdle => ("daemon_idle", "a1f0c6de5b7e4b0fa3a5d0c1e2f30032"),
            Self::StrayStopped { .. } => ("stray_stopped", "a1f0c6de5b7e4b0fa3a5d0c1e2f30031"),
            Self::ServerFailed { .. } => ("server_failed", "a1f0c6de5b7e4b0fa3a5d0c1e2f3000b"),
            Self::ServerUnusable { .. } => ("server_unusable", "a1f0c6de5b7e4b0fa3a5d0c1e2f3000c"),
            Self::ServerStopped { .. } => ("server_stopped", "a1f0c6de5b7e4b0fa3a5d0c1e2f3000d"),
            Self::ServerMisbehaved { .. } => {
                ("server_misbehaved", "a1f0c6de5b7e4b0fa3a5d0c1e2f3000e")
            }
            Self::ServerWrote { .. } => ("server_wrote", "a1f0c6de5b7e4b0fa3a5d0c1e2f3000f"),
            Self::ServerWroteTooMuch { .. } => {
                ("server_wrote_too_much", "a1f0c6de5b7e4b0fa3a5d0c1e2f30010")
            }
            Self::DefinitionsRefused { .. } => {
                ("definition_refused", "a1f0c6de5b7e4b0fa3a5d0c1e2f30011")
            }
            Self::ToolsChanged { .. } => ("tools_changed", "a1f0c6de5b7e4b0fa3a5d0c1e2f30012"),
            Self::SessionOpened { .. } => ("session_opened", "a1f0c6de5b7e4b0fa3a5d0c1e2f30013"),
            Self::SessionClosed { .. } => ("session_closed", "a1f0c6de5b7e4b0fa3a5d0c1e2f30014"),
            Self::LinkLost { .. } => ("link_lost", "a1f0c6de5b7e4b0fa3a5d0c1e2f30015"),
            Self::LinkResumed { .. } => ("link_resumed", "a1f0c6de5b7e4b0fa3a5d0c1e2f30016"),
            Self::ClientBehind { .. } => ("client_behind", "a1f0c6de5b7e4b0fa3a5d0c1e2f30052"),
            Self::ClientGivenUp { .. } => ("client_given_up", "a1f0c6de5b7e4b0fa3a5d0c1e2f30053"),
            Self::PeerRefused { .. } => ("peer_refused", "a1f0c6de5b7e4b0fa3a5d0c1e2f30017"),
            Self::CapReached { .. } => ("cap_reached", "a1f0c6de5b7e4b0fa3a5d0c1e2f30050"),
            Self::CallFinished(_) => ("call_finished", "a1f0c6de5b7e4b0fa3a5d0c1e2f30018"),
        }
    }
}
