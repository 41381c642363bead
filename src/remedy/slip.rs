//! What is said of a part of a file.

use std::ops::Range;

/// A mistake that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Where it is, as an offset in bytes.
    pub at: usize,
    /// All that it explains: other complaints within are its consequences.
    pub span: Range<usize>,
    /// The thing, and the remedy.
    pub message: String,
}
