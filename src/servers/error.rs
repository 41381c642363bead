//! Why a server cannot be used, or why one of its lists cannot.

use std::sync::Arc;
use std::time::Duration;

/// Why the first words with a server came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    #[error("{0}")]
    Lost(Arc<str>),
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
    #[error("its {method} returns the cursor {cursor} a second time")]
    Repeated { method: &'static str, cursor: String },
    #[error("the result of its {method} is wrong: {error}")]
    Json { method: &'static str, error: serde_json::Error },
    #[error("the result of its {method} has no `{member}`")]
    NoMember { method: &'static str, member: &'static str },
    #[error("the result of its {method} has `{member}` that are no list")]
    NoList { method: &'static str, member: &'static str },
    #[error("the result of its {method} has a `nextCursor` that is no text")]
    NoCursor { method: &'static str },
}
