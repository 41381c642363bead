//! Why there is no answer, and with which exit code that ends.

use std::io;
use std::time::Duration;

use super::outcome;
use crate::activation::{NotStarted, remedy};
use crate::base::Span;
use crate::base::runtime_dir::NoPlace;
use crate::terminal::{Exit, print};
use crate::wire::object;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    NoSocket(#[from] NoPlace),
    #[error("no daemon is listening on {target} ({error}); {}", remedy())]
    NoDaemon { target: String, error: io::Error },
    #[error("no daemon is listening on {target}: {why}")]
    NotStarted { target: String, why: NotStarted },
    #[error(
        "{target} took the connection, and no daemon has answered there after {}; `callmux doctor` looks for the reason",
        Span(*.within)
    )]
    Silent { target: String, within: Duration },
    #[error("the daemon's answer cannot be read: {0}")]
    Unreadable(String),
    #[error("the connection to the daemon is over: {0}")]
    Broken(String),
    #[error("no answer within {}; the call was taken back", Span(*.0))]
    Late(Duration),
    /// The daemon says no.
    #[error("{message}")]
    Refused { message: String, exit: Exit },
    /// A signal came.
    #[error("the call was taken back")]
    Ended(Exit),
    #[error("{0}")]
    System(String),
}

impl Trouble {
    /// What a JSON-RPC error says.
    pub(super) fn refused(error: &str) -> Self {
        let message = object::get(error, "message").and_then(object::string).unwrap_or_default();
        Self::Refused { message: message.into_owned(), exit: outcome::of_error(error) }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NoSocket(_)
            | Self::NoDaemon { .. }
            | Self::NotStarted { .. }
            | Self::Silent { .. } => Exit::Unavailable,
            Self::Unreadable(_) | Self::Broken(_) => Exit::OutcomeUnknown,
            Self::Late(_) => Exit::TimedOut,
            Self::Ended(exit) | Self::Refused { exit, .. } => *exit,
            Self::System(_) => Exit::System,
        }
    }

    /// Says it on stderr.
    pub(super) fn tell(&self) -> Exit {
        print::error(&self.to_string());
        self.exit()
    }
}
