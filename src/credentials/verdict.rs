//! What comes of a refusal.

/// What to do about a request that a server refused with status 401 or 403.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Send it again: there is another credential now.
    Again,
    /// The refusal stands as it is.
    Stands,
    /// The refusal stands, and this says more than the status.
    Because(String),
}
