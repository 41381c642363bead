//! Facts of sessions and their clients.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;
use crate::base::{Count, SessionId};

/// A client has a session.
#[derive(Debug, Clone)]
pub struct SessionOpened {
    pub session: SessionId,
    pub front: &'static str,
    pub principal: String,
    pub client: String,
    pub revision: String,
    pub cwd: Option<PathBuf>,
}

impl FactKind for SessionOpened {
    const ABOUT: &'static About = &About {
        name: "session_opened",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30013",
        level: Level::Info,
        is_audit: false,
        subject: "A session was opened by @CALLMUX_CLIENT@",
        documentation: "man:callmux-bridge(1)",
        text: "\
A client connected. It speaks revision @CALLMUX_REVISION@ of MCP, over
@CALLMUX_FRONT@, and runs as @CALLMUX_PRINCIPAL@. Everything it does:

    journalctl --user -t callmux CALLMUX_SESSION=@CALLMUX_SESSION@",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("CWD", |fact| fact.cwd().into()),
        FactField::Always("SESSION", |fact| fact.session.to_string().into()),
        FactField::Always("FRONT", |fact| fact.front.into()),
        FactField::Always("PRINCIPAL", |fact| fact.principal.as_str().into()),
        FactField::Always("CLIENT", |fact| fact.client.as_str().into()),
        FactField::Always("REVISION", |fact| fact.revision.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { front, client, revision, .. } = self;
        format!("session opened by {client} over {front}, revision {revision}").into()
    }
}

/// A client is done.
#[derive(Debug, Clone)]
pub struct SessionClosed {
    pub session: SessionId,
}

impl FactKind for SessionClosed {
    const ABOUT: &'static About = &About {
        name: "session_closed",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30014",
        level: Level::Info,
        is_audit: false,
        subject: "A session was closed",
        documentation: "man:callmux-bridge(1)",
        text: "\
The client is done. Everything it did:

    journalctl --user -t callmux CALLMUX_SESSION=@CALLMUX_SESSION@",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("SESSION", |fact| fact.session.to_string().into())];

    fn message(&self) -> Cow<'_, str> {
        "session closed".into()
    }
}

/// An operator ended a session.
#[derive(Debug, Clone)]
pub struct SessionEnded {
    pub session: SessionId,
    /// Who wanted that.
    pub principal: Arc<str>,
    /// Requests that were taken back with it.
    pub calls: usize,
}

impl FactKind for SessionEnded {
    const ABOUT: &'static About = &About {
        name: "session_ended",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300c1",
        level: Level::Info,
        is_audit: false,
        subject: "A session was ended by an operator",
        documentation: "man:callmux-bridge(1)",
        text: "\
@CALLMUX_PRINCIPAL@ ended the session of a client, over the management API. What
it had asked for was taken back. Everything it did:

    journalctl --user -t callmux CALLMUX_SESSION=@CALLMUX_SESSION@",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SESSION", |fact| fact.session.to_string().into()),
        FactField::Always("PRINCIPAL", |fact| (&*fact.principal).into()),
        FactField::Always("CALLS", |fact| fact.calls.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { principal, calls, .. } = self;
        format!("session ended, says {principal}; {} taken back", Count::of(*calls, "request"))
            .into()
    }
}

/// A bridge is gone; it may come back.
#[derive(Debug, Clone)]
pub struct LinkLost {
    pub session: SessionId,
}

impl FactKind for LinkLost {
    const ABOUT: &'static About = &About {
        name: "link_lost",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30015",
        level: Level::Info,
        is_audit: false,
        subject: "The connection of a bridge was lost",
        documentation: "man:callmux-bridge(1)",
        text: "\
The bridge, or its client, ended without a word, or its machine slept. The
session waits for it for ten minutes; its calls go on and their answers are kept.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("SESSION", |fact| fact.session.to_string().into())];

    fn message(&self) -> Cow<'_, str> {
        "a bridge's connection was lost; its session waits".into()
    }
}

/// A bridge that was gone came back.
#[derive(Debug, Clone)]
pub struct LinkResumed {
    pub session: SessionId,
    pub resent: usize,
}

impl FactKind for LinkResumed {
    const ABOUT: &'static About = &About {
        name: "link_resumed",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30016",
        level: Level::Info,
        is_audit: false,
        subject: "A bridge came back",
        documentation: "man:callmux-bridge(1)",
        text: "\
A bridge whose connection was lost dialled again and got what it had missed. Its
client noticed nothing.",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("SESSION", |fact| fact.session.to_string().into())];

    fn message(&self) -> Cow<'_, str> {
        format!("a bridge came back; {} messages sent again", self.resent).into()
    }
}

/// A client leaves unread what it was sent. Nothing that must arrive is lost.
#[derive(Debug, Clone)]
pub struct ClientBehind {
    pub session: SessionId,
    /// Unread bytes.
    pub waiting: usize,
}

impl FactKind for ClientBehind {
    const ABOUT: &'static About = &About {
        name: "client_behind",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30052",
        level: Level::Warning,
        is_audit: false,
        subject: "A client does not read what it is sent",
        documentation: "man:callmux-bridge(1)",
        text: "\
Megabytes wait for a client. Answers are kept for it, on disk where they are large.
Until it reads, notifications for it are dropped and its new requests wait. No other
client notices.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SESSION", |fact| fact.session.to_string().into()),
        FactField::Always("WAITING_BYTES", |fact| fact.waiting.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        format!(
            "a client has {} bytes to read; until it does, notifications for it are dropped and its \
             new requests wait",
            self.waiting,
        )
        .into()
    }
}

/// It did so for too long: its session ended.
#[derive(Debug, Clone)]
pub struct ClientGivenUp {
    pub session: SessionId,
    /// Unread bytes.
    pub waiting: usize,
    /// How long it took no byte.
    pub silent: Duration,
}

impl FactKind for ClientGivenUp {
    const ABOUT: &'static About = &About {
        name: "client_given_up",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30053",
        level: Level::Warning,
        is_audit: false,
        subject: "A client that did not read was given up",
        documentation: "man:callmux-bridge(1)",
        text: "\
A client left megabytes unread and took no byte for minutes, so its session ended and
what was kept for it is gone. It probably hangs.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("SESSION", |fact| fact.session.to_string().into()),
        FactField::Always("WAITING_BYTES", |fact| fact.waiting.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let (minutes, waiting) = (self.silent.as_secs() / 60, self.waiting);
        format!(
            "a client was given up: it read nothing for {minutes} minutes and left {waiting} bytes"
        )
        .into()
    }
}

impl SessionOpened {
    fn cwd(&self) -> String {
        self.cwd.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}
