//! What is wrong with a lock text.

/// A line that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number} is no line of `callmux pins export`: SERVER KIND NAME sha256:DIGEST")]
pub struct BadLine {
    /// From 1.
    pub number: usize,
}
