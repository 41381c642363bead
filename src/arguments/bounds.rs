//! How much the references of one call may be.

/// How many references the arguments of a call may have.
pub const REFERENCES_MAX: usize = 32;
/// How many bytes all of them may stand for.
pub const BYTES_MAX: usize = 16_000_000;
