//! What is wanted of the history.

use std::path::PathBuf;
use std::time::Duration;

use crate::audit::{ArgumentsKept, SecretTexts};

/// Where it is, and what of what happens.
#[derive(Debug)]
pub struct HistoryWanted {
    /// The file.
    pub path: PathBuf,
    pub bounds: HistoryBounds,
    pub arguments: ArgumentsKept,
    /// What is never written down.
    pub secrets: SecretTexts,
}

/// How much is kept: whichever is reached first.
#[derive(Debug, Clone, Copy)]
pub struct HistoryBounds {
    /// Calls and other events.
    pub rows: u64,
    pub age: Duration,
    /// Of the file.
    pub bytes: u64,
}
