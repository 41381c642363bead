//! How a step of the demo ends.

use std::fmt;

use crate::base::Span;

/// What a step yields.
pub(super) type StepResult<T> = Result<T, StepError>;

/// What went wrong, in one sentence.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    /// What was being done, and why it failed.
    #[error("{0}: {1}")]
    Failed(String, String),
    /// What a process of the demo has to have.
    #[error("{0}")]
    Missing(&'static str),
    #[error("it was ended by a signal")]
    Ended,
    #[error("the bridge ended")]
    BridgeEnded,
    #[error("the daemon ended; it said: {0}")]
    DaemonEnded(String),
    #[error("the daemon has not told of {0}")]
    Untold(String),
    #[error("no {0} within {1}")]
    Late(String, Span),
    #[error("{0} was due: {1}")]
    Due(&'static str, String),
    #[error("four tools were due: {0}")]
    Tools(String),
    #[error("no value in {0}")]
    NoValue(String),
    #[error("an unexpected answer: {0}")]
    Unexpected(String),
}

impl StepError {
    /// That this was being done when something went wrong.
    pub(super) fn when(what: impl Into<String>) -> impl FnOnce(&dyn fmt::Display) -> Self {
        let what = what.into();
        move |why| Self::Failed(what, why.to_string())
    }
}
