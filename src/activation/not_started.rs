//! Why no daemon was started.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::Span;
use crate::base::quote::beginning;
use crate::base::trust::Distrust;

/// Characters of what a daemon said last: it may name a path.
const SAID_MAX: usize = 400;

/// Why no daemon was started where nobody but us could: the rest of a sentence that says that there is none.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    #[error("--no-spawn (CALLMUX_NO_SPAWN) keeps this from starting one; `callmux serve` does")]
    NotAllowed,
    #[error("none could be started: {}: {error}", .path.display())]
    Place { path: PathBuf, error: io::Error },
    #[error("none could be started: {0}")]
    Distrusted(#[from] Distrust),
    #[error("none could be started: {0}")]
    Program(io::Error),
    #[error(
        "one was started and ended at once: {}{}", beginning(.said, SAID_MAX),
        .log.as_ref().map(|log| format!("; {} has all of it", log.display())).unwrap_or_default()
    )]
    Ended { said: String, log: Option<PathBuf> },
    #[error("one was started and does not listen after {}", Span(*.0))]
    Late(Duration),
}
