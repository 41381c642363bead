//! Why a bundle is not taken.

use std::io;
use std::path::PathBuf;

/// Why a bundle is not taken, with what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("{0}")]
    Refused(String),
    #[error("{}: {error}", .path.display())]
    File { path: PathBuf, error: io::Error },
}

pub(super) fn refused(why: impl Into<String>) -> BundleError {
    BundleError::Refused(why.into())
}
