//! Facts of the life of a server.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;
use crate::base::{Count, ServerName};

/// The program of a server runs.
#[derive(Debug, Clone)]
pub struct ServerStarted {
    pub server: ServerName,
    pub pid: u32,
    pub attempt: u32,
}

impl FactKind for ServerStarted {
    const ABOUT: &'static About = &About {
        name: "server_started",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30009",
        level: Level::Info,
        is_audit: false,
        subject: "The server @CALLMUX_SERVER@ started",
        documentation: "man:callmux.toml(5)",
        text: "\
The MCP server @CALLMUX_SERVER@ runs as process @CALLMUX_SERVER_PID@. It is ready
once it has answered callmux's greeting.

If no entry follows that it is ready, it does not answer. What it wrote to its
standard error:

    journalctl --user -t mcp-@CALLMUX_SERVER@",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("SERVER_PID", |fact| fact.pid.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { server, pid, attempt } = self;
        format!("server {server} started as process {pid} (attempt {attempt})").into()
    }
}

/// A remote server is about to be greeted.
#[derive(Debug, Clone)]
pub struct ServerDialed {
    pub server: ServerName,
    /// Scheme, host and port of its URL; the rest may be a secret.
    pub origin: String,
    pub attempt: u32,
}

impl FactKind for ServerDialed {
    const ABOUT: &'static About = &About {
        name: "server_dialed",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30034",
        level: Level::Info,
        is_audit: false,
        subject: "The remote server @CALLMUX_SERVER@ is being greeted",
        documentation: "man:callmux.toml(5)",
        text: "\
callmux asks for the MCP server @CALLMUX_SERVER@ at @CALLMUX_ORIGIN@. It is ready
once it has answered callmux's greeting; if it is not there, callmux tries again
after a while.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("ORIGIN", |fact| fact.origin.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { server, origin, attempt } = self;
        format!("server {server} is at {origin} (attempt {attempt})").into()
    }
}

/// A server answered our greeting.
#[derive(Debug, Clone)]
pub struct ServerReady {
    pub server: ServerName,
    pub era: &'static str,
    pub revision: String,
    pub tools: usize,
    pub took: Duration,
}

impl FactKind for ServerReady {
    const ABOUT: &'static About = &About {
        name: "server_ready",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f3000a",
        level: Level::Info,
        is_audit: false,
        subject: "The server @CALLMUX_SERVER@ is ready",
        documentation: "man:callmux.toml(5)",
        text: "\
The MCP server @CALLMUX_SERVER@ answered, and its tools can be called. It speaks
the @CALLMUX_ERA@ form of the protocol.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("ERA", |fact| fact.era.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { server, era: _, revision, tools, took } = self;
        let (took, tools) = (took.as_millis(), Count::of(*tools, "tool"));
        format!("server {server} is ready after {took} ms: {tools}, {revision}").into()
    }
}

/// A server of the process before us goes on.
#[derive(Debug, Clone)]
pub struct ServerAdopted {
    pub server: ServerName,
    pub pid: u32,
    pub took: Duration,
}

impl FactKind for ServerAdopted {
    const ABOUT: &'static About = &About {
        name: "server_adopted",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30030",
        level: Level::Info,
        is_audit: false,
        subject: "callmux goes on with MCP server @CALLMUX_SERVER@",
        documentation: "man:callmux(1)",
        text: "\
The daemon was started anew while the server was running. The server's process,
@CALLMUX_SERVER_PID@, did not notice: it keeps its state and its running calls.
Nothing needs to be done.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("SERVER_PID", |fact| fact.pid.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let (Self { server, pid, .. }, took) = (self, self.took.as_millis());
        format!("server {server} goes on as process {pid}, taken over in {took} ms").into()
    }
}

/// A server ended or could not be started, and is tried again.
#[derive(Debug, Clone)]
pub struct ServerFailed {
    pub server: ServerName,
    pub reason: String,
    pub retry_in: Duration,
}

impl FactKind for ServerFailed {
    const ABOUT: &'static About = &About {
        name: "server_failed",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f3000b",
        level: Level::Warning,
        is_audit: false,
        subject: "The server @CALLMUX_SERVER@ failed",
        documentation: "man:callmux.toml(5)",
        text: "\
The MCP server @CALLMUX_SERVER@ failed: @CALLMUX_REASON@.

It is started again, after a pause that grows with each failure in a row. Calls
wait for it. If it keeps failing, its own messages are likely to say why:

    journalctl --user CALLMUX_SERVER=@CALLMUX_SERVER@

If the command was not found: the daemon has the user manager's PATH, which does
not hold ~/.local/bin, ~/.cargo/bin or what nvm adds. Write the absolute path. A
server that works in your shell but not here may miss an environment variable:
it gets only those that the config names.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("REASON", |fact| fact.reason.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let (Self { server, reason, .. }, retry) = (self, self.retry_in.as_millis());
        format!("server {server}: {reason}; next try in {retry} ms").into()
    }
}

/// To start a server again would not help.
#[derive(Debug, Clone)]
pub struct ServerUnusable {
    pub server: ServerName,
    pub reason: String,
}

impl FactKind for ServerUnusable {
    const ABOUT: &'static About = &About {
        name: "server_unusable",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f3000c",
        level: Level::Error,
        is_audit: false,
        subject: "The server @CALLMUX_SERVER@ cannot be started",
        documentation: "man:callmux.toml(5)",
        text: "\
The MCP server @CALLMUX_SERVER@ cannot be started: @CALLMUX_REASON@.

Trying again would not help: something that its config refers to is missing, such
as an environment variable, a file or a credential. Put it there, or correct the
reference, then:

    callmux config check
    systemctl --user restart callmux.service",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("REASON", |fact| fact.reason.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        format!("server {} cannot be started: {}", self.server, self.reason).into()
    }
}

/// A server was told to end, and did.
#[derive(Debug, Clone)]
pub struct ServerStopped {
    pub server: ServerName,
}

impl FactKind for ServerStopped {
    const ABOUT: &'static About = &About {
        name: "server_stopped",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f3000d",
        level: Level::Info,
        is_audit: false,
        subject: "The server @CALLMUX_SERVER@ stopped",
        documentation: "man:callmux.toml(5)",
        text: "\
The MCP server @CALLMUX_SERVER@ was told to end, and ended. Nothing needs to be
done.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("SERVER", |fact| fact.server.as_str().into())];

    fn message(&self) -> Cow<'_, str> {
        format!("server {} stopped", self.server).into()
    }
}

/// Somebody said what is to be done with a server.
#[derive(Debug, Clone)]
pub struct ServerOrdered {
    pub server: ServerName,
    pub order: &'static str,
    pub principal: Arc<str>,
}

impl FactKind for ServerOrdered {
    const ABOUT: &'static About = &About {
        name: "server_ordered",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30043",
        level: Level::Info,
        is_audit: false,
        subject: "The server @CALLMUX_SERVER@ was told to start or to stop",
        documentation: "man:callmux(1)",
        text: "\
@CALLMUX_PRINCIPAL@ said what is to be done with the MCP server
@CALLMUX_SERVER@. A server that was stopped so stays stopped until

    callmux start @CALLMUX_SERVER@

or until the daemon is started anew.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("PRINCIPAL", |fact| (&*fact.principal).into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { server, order, principal } = self;
        format!("server {server}: {order}, says {principal}").into()
    }
}
