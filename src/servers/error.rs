//! Why a server cannot be used: it does not start, greet or list.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::{BadAddress, Loss};
use crate::process::StartError;

/// Why a start failed. Its process is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct StartFailure {
    pub step: Step,
    /// For people.
    pub reason: String,
}

/// What a start did not get over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Something in its config can never work, or is missing.
    Config,
    /// There is no process of it.
    Process,
    /// Nothing answers where it should be.
    Reach,
    /// It was not ready within its `start_timeout`.
    Time,
    /// It answered with what is of no use, or ended.
    Handshake,
    /// A person has to log in first.
    Login,
}

impl StartFailure {
    pub(super) fn at(step: Step, reason: impl Into<String>) -> Self {
        Self { step, reason: reason.into() }
    }

    /// Whether another try cannot succeed.
    pub fn is_hopeless(&self) -> bool {
        matches!(self.step, Step::Config | Step::Login)
    }
}

/// Why a server did not start, or was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error("{0}")]
    Process(#[from] StartError),
    #[error("{0}")]
    Address(#[from] BadAddress),
    #[error("no memory for its output: {0}")]
    Memory(io::Error),
    #[error("its pipes are of no use: {0}")]
    Pipes(io::Error),
    /// What [`HandshakeError`] says, without secrets.
    #[error("{0}")]
    Handshake(String),
    #[error("{0}")]
    List(#[from] ListError),
    /// `why`: what it waited for, behind a colon.
    #[error("it was not ready within {within:?}{why}")]
    Late { within: Duration, why: String },
    #[error("it ended while it was taken over")]
    EndedInTakeover,
    #[error("it ended during the handshake")]
    EndedInHandshake,
    /// The connection ended. Empty if nothing more is known.
    #[error("{0}")]
    Over(String),
    /// What there is to say of a process that was ended for it.
    #[error("{0}")]
    Ended(String),
}

/// Why the first words with a server came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// `sent`: it may have read the question.
    #[error("{reason}")]
    Lost { reason: Arc<str>, sent: bool },
    #[error("it did not answer the handshake within {0:?}")]
    Late(Duration),
    #[error("it refused the handshake: {0}")]
    Refused(String),
    /// With the error by which it refused `server/discover`.
    #[error("it speaks no revision we know; it refused with {0}")]
    NoRevision(String),
    #[error("its answer to initialize is wrong: {0}")]
    Json(serde_json::Error),
    #[error("its answer to initialize names no protocolVersion")]
    NoVersion,
    #[error("its answer to initialize names a protocolVersion that is none")]
    NotAVersion,
    #[error("it answered the handshake with nonsense")]
    Nonsense,
}

impl HandshakeError {
    pub(super) fn lost(Loss { reason, sent, .. }: Loss) -> Self {
        Self::Lost { reason, sent }
    }

    /// Whether a server that did not answer may have meant to refuse.
    pub(super) fn may_be_refusal(&self) -> bool {
        matches!(self, Self::Lost { sent: true, .. } | Self::Late(_))
    }
}

/// Why a list of a server cannot be read. `method`: the one that asks for the list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("callmux is ending")]
    Ending,
    #[error("{0}")]
    Lost(Arc<str>),
    #[error("it did not answer {method} within {patience:?}")]
    Late { method: &'static str, patience: Duration },
    #[error("it answered {method} with the error {error}")]
    Refused { method: &'static str, error: String },
    #[error("it answered {method} with nonsense")]
    Nonsense { method: &'static str },
    #[error("the result of its {method} is wrong: {error}")]
    Json { method: &'static str, error: serde_json::Error },
    #[error("the result of its {method} has no `{member}`")]
    NoMember { method: &'static str, member: &'static str },
    #[error("the result of its {method} has `{member}` that are no list")]
    NoList { method: &'static str, member: &'static str },
    #[error("the result of its {method} has a `nextCursor` that is no text")]
    NoCursor { method: &'static str },
}
