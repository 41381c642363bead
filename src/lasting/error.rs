//! Why a program could not be put where it stays.

use std::path::{Path, PathBuf};

/// Why it was not copied, or not taken back.
#[derive(Debug, thiserror::Error)]
pub enum LastingError {
    #[error(
        "{} is not callmux, and stays; move it away, or install callmux where your PATH finds it before {}",
        .path.display(), .path.parent().unwrap_or(Path::new("/")).display()
    )]
    Foreign { path: PathBuf },
    #[error("{}: {error}", .path.display())]
    File { path: PathBuf, error: std::io::Error },
    #[error("{}: not readable as what was done ({why}); take it away and undo by hand", .path.display())]
    Record { path: PathBuf, why: String },
    #[error("there is no home directory")]
    NoHome,
}

impl LastingError {
    /// That something went wrong with this file.
    pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |error| Self::File { path, error }
    }
}
