//! Why a server could not be started, and how far it came.

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
