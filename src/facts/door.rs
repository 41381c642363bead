//! Facts of who is not let in.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;

/// Somebody was not let in.
#[derive(Debug, Clone)]
pub struct PeerRefused {
    pub address: Option<SocketAddr>,
    /// The kind of reason, in one word.
    pub cause: &'static str,
    pub reason: String,
}

impl FactKind for PeerRefused {
    const ABOUT: &'static About = &About {
        name: "peer_refused",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30017",
        level: Level::Warning,
        is_audit: false,
        subject: "The connection of @CALLMUX_PEER@ was refused",
        documentation: "man:callmux(1)",
        text: "\
Somebody connected whom the daemon does not serve: another user's process, one that
was gone before it could be asked whose it is, or, where other machines can come, one
from a network that is not allowed. Three of a kind are told at once, and then a sum
every hour.

If you do not expect this, find out who it was: the entry names the address, or
the number of the user of this machine.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("PEER", |fact| fact.peer().into()),
        FactField::Always("CAUSE", |fact| fact.cause.into()),
        FactField::Always("REASON", |fact| fact.reason.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        format!("connection of {} refused: {}", self.peer(), self.reason).into()
    }
}

/// There were as many of something as there may be when one more came.
#[derive(Debug, Clone)]
pub struct CapReached {
    /// `connection`, `link` or `session`.
    pub what: &'static str,
    pub max: usize,
    /// The one that nobody had used for longest gave way; otherwise the new one was refused.
    pub evicted: bool,
}

impl FactKind for CapReached {
    const ABOUT: &'static About = &About {
        name: "cap_reached",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30050",
        level: Level::Warning,
        is_audit: false,
        subject: "There are @CALLMUX_MAX@ of one kind, as many as there may be",
        documentation: "man:callmux(1)",
        text: "\
So many connections, links or sessions are open that one more had no place. One
that nobody had used for long gave way to it; where all were in use, the new one
was refused. How many connections there may be follows from LimitNOFILE= of the
service (systemd.exec(5)).

Something opens them and does not close them: bridges that were killed, or a
client that begins a new session for each request.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("CAP", |fact| fact.what.into()),
        FactField::Always("MAX", |fact| fact.max.into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { what, max, evicted } = self;
        let outcome = if *evicted {
            "the one that was unused for longest gave way to a new one"
        } else {
            "all are in use, and a new one was refused"
        };
        format!("there are {max} {what}s, as many as there may be: {outcome}").into()
    }
}

impl PeerRefused {
    fn peer(&self) -> String {
        self.address.map_or_else(|| "a local peer".to_owned(), |address| address.to_string())
    }
}
