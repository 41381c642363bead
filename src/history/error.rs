//! What can be wrong with the file.

use std::io;

use rusqlite::ErrorCode;

/// Why the history cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("a newer callmux wrote it (version {0} of its tables)")]
    Newer(i64),
    #[error(
        "there is no history; a daemon keeps one where the config has `enabled = true` in `[history]`"
    )]
    Missing,
}

impl HistoryError {
    /// Whether the file is no history any more, and never will be.
    pub(super) fn is_of_a_broken_file(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        let code = error.sqlite_error_code();
        matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
    }
}
