//! Facts of what servers say.

use std::borrow::Cow;
use std::sync::Arc;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::{Level, Priority};
use super::record::Speaker;
use crate::base::{Count, ServerName};

/// A server sent what the protocol does not allow.
#[derive(Debug, Clone)]
pub struct ServerMisbehaved {
    pub server: ServerName,
    pub what: String,
    pub sample: String,
}

impl FactKind for ServerMisbehaved {
    const ABOUT: &'static About = &About {
        name: "server_misbehaved",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f3000e",
        level: Level::Warning,
        is_audit: false,
        subject: "The server @CALLMUX_SERVER@ broke the protocol",
        documentation: "man:callmux.toml(5)",
        text: "\
The MCP server @CALLMUX_SERVER@ sent what the protocol does not allow; the entry
says what. It was not passed on. How it began:

    @CALLMUX_SAMPLE@

If this looks like a log line, the server logs to its standard output, which
belongs to the protocol: many servers have an option that changes this.
Otherwise report it to the server's authors.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("SAMPLE", |fact| fact.sample.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        format!("server {} sent {}", self.server, self.what).into()
    }
}

/// A server wrote a line to its standard error.
#[derive(Debug, Clone)]
pub struct ServerWrote {
    pub server: ServerName,
    /// The unit it runs in.
    pub unit: Option<Arc<str>>,
    pub priority: Priority,
    pub line: String,
}

impl FactKind for ServerWrote {
    const ABOUT: &'static About = &About {
        name: "server_wrote",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f3000f",
        level: Level::Debug,
        is_audit: true,
        subject: "The server @CALLMUX_SERVER@ wrote to its standard error",
        documentation: "man:callmux.toml(5)",
        text: "\
The line above is the server's own, not callmux's. If it began with a priority
such as <4> (sd-daemon(3)), that is the entry's; otherwise it is 6 (info). All
lines of this server, and those with warnings and errors:

    journalctl --user -t mcp-@CALLMUX_SERVER@
    journalctl --user -t mcp-@CALLMUX_SERVER@ -p warning

What callmux says of this server as well:

    journalctl --user CALLMUX_SERVER=@CALLMUX_SERVER@",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("SERVER", |fact| fact.server.as_str().into())];

    fn message(&self) -> Cow<'_, str> {
        (&self.line).into()
    }

    fn speaker(&self) -> Option<Speaker<'_>> {
        let Self { server, unit, priority, .. } = self;
        Some(Speaker { server, unit: unit.as_ref(), priority: *priority })
    }
}

/// Lines of a server are missing.
#[derive(Debug, Clone)]
pub struct ServerWroteTooMuch {
    pub server: ServerName,
    pub lines: u64,
}

impl FactKind for ServerWroteTooMuch {
    const ABOUT: &'static About = &About {
        name: "server_wrote_too_much",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30010",
        level: Level::Warning,
        is_audit: false,
        subject: "The server @CALLMUX_SERVER@ wrote too much",
        documentation: "man:callmux.toml(5)",
        text: "\
The MCP server @CALLMUX_SERVER@ wrote to its standard error faster than is kept,
and @CALLMUX_LINES@ lines are missing from the journal. Calls are not affected.

If you need those lines, make the server log less, or into a file of its own.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Always("LINES", |fact| fact.lines.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { server, lines } = self;
        let lines = Count(*lines, "line");
        format!("server {server}: {lines} on stderr {} left out", lines.were()).into()
    }
}

/// Definitions of a server are left out of one of its lists, or cut.
#[derive(Debug, Clone)]
pub struct DefinitionsRefused {
    pub server: ServerName,
    /// The name of the first one.
    pub definition: Option<String>,
    /// How many of which list, and what is wrong with the first few.
    pub message: String,
}

impl FactKind for DefinitionsRefused {
    const ABOUT: &'static About = &About {
        name: "definition_refused",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30011",
        level: Level::Warning,
        is_audit: false,
        subject: "A definition of the server @CALLMUX_SERVER@ is not shown",
        documentation: "man:callmux.toml(5)",
        text: "\
The MCP server @CALLMUX_SERVER@ offers something, @CALLMUX_DEFINITION@, whose
definition cannot be passed on to clients. The entry says why. Everything else
that it offers is shown. `callmux doctor` lists all such definitions.

Update the server, or report it to the server's authors.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Maybe("DEFINITION", |fact| fact.definition.as_deref().map(Into::into)),
    ];

    fn message(&self) -> Cow<'_, str> {
        format!("server {}: {}", self.server, self.message).into()
    }
}

/// What a server offers is not what was accepted.
#[derive(Debug, Clone)]
pub struct DefinitionMoved {
    pub server: ServerName,
    /// What it is, and its name; `None`: several.
    pub definition: Option<String>,
    /// How it differs.
    pub change: String,
    /// It is kept from clients.
    pub is_held: bool,
}

impl FactKind for DefinitionMoved {
    const ABOUT: &'static About = &About {
        name: "definition_changed",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30070",
        level: Level::Warning,
        is_audit: false,
        subject: "A definition of the server @CALLMUX_SERVER@ changed",
        documentation: "man:callmux-pins(1)",
        text: "\
The MCP server @CALLMUX_SERVER@ offers something, @CALLMUX_DEFINITION@, that is not
what it was when it was first seen, or when it was accepted. The entry says how
it differs. Models read definitions as instructions, so look at it:

    callmux pins diff @CALLMUX_SERVER@

and if all is well:

    callmux pins accept @CALLMUX_SERVER@

With `pin = \"hold\"` clients neither see nor call it before that.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SERVER", |fact| fact.server.as_str().into()),
        FactField::Maybe("DEFINITION", |fact| fact.definition.as_deref().map(Into::into)),
        FactField::Always("REASON", |fact| fact.change.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { server, definition, change, is_held } = self;
        let what = definition.as_ref().map_or_else(String::new, |what| format!("{what} is "));
        let held = if *is_held { "; it is held" } else { "" };
        format!("server {server}: {what}{change}{held} (callmux pins diff {server})").into()
    }
}

/// Clients are told that there are other tools now.
#[derive(Debug, Clone)]
pub struct ToolsChanged {
    pub tools: usize,
}

impl FactKind for ToolsChanged {
    const ABOUT: &'static About = &About {
        name: "tools_changed",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30012",
        level: Level::Info,
        is_audit: false,
        subject: "The list of tools changed",
        documentation: "man:callmux(1)",
        text: "\
There are @CALLMUX_TOOLS@ tools now. Clients were told so.

A list that changes again and again costs agents a good deal, because they read
it anew. Look for a server that comes and goes:

    journalctl --user -t callmux -p warning",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("TOOLS", |fact| fact.tools.into())];

    fn message(&self) -> Cow<'_, str> {
        format!("the list of tools changed: {}", Count::of(self.tools, "tool")).into()
    }
}
