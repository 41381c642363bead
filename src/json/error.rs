//! Why a text is not JSON.

/// A text that is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct ParseError {
    pub(super) what: &'static str,
    /// Bytes before the place.
    pub at: usize,
}
