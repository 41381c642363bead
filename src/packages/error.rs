//! Why nothing is added.

use std::io;
use std::path::PathBuf;

use crate::bundles::BundleError;
use crate::imports::ImportError;
use crate::settings::Complaint;

/// Why nothing is added, with what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The command line does not say what to add.
    #[error("{0}")]
    Usage(String),
    /// What was given is understood, and not taken.
    #[error("{0}")]
    Refused(String),
    #[error("{url}: {why}")]
    Fetch { url: String, why: String },
    #[error("{}: {error}", .path.display())]
    File { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The config is not in order, with what is added or without it.
    #[error("the config is refused")]
    Config(Vec<Complaint>),
}

/// What is understood and not taken.
pub(super) fn refused(why: impl Into<String>) -> PackageError {
    PackageError::Refused(why.into())
}
