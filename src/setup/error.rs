//! Why it could not be done.

use std::path::PathBuf;

use crate::clients::ClientError;
use crate::imports::ImportError;
use crate::lasting::LastingError;

/// Why a setup stopped, or an undoing.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetupError {
    #[error("there is no home directory, so there are no files of clients")]
    NoHome,
    #[error("no client `{0}`; `callmux client list` has all")]
    NoClient(String),
    #[error("nobody can be asked here; say --yes, or --dry-run to see what would be done")]
    NobodyToAsk,
    #[error("{}: {error}", .path.display())]
    Write { path: PathBuf, error: std::io::Error },
    #[error("no runtime: {0}")]
    Runtime(std::io::Error),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Lasting(#[from] LastingError),
    #[error("{id}: {error}")]
    Client { id: &'static str, error: ClientError },
    #[error("`systemctl --user {words}`: {why}")]
    Systemd { words: String, why: String },
    #[error("{} is not as callmux writes it, and stays; take it away by hand", .0.display())]
    Foreign(PathBuf),
    #[error("the bridge gave no answer: {0}")]
    Bridge(&'static str),
    #[error("{}: not readable as what was done ({why}); take it away and undo by hand", .path.display())]
    Journal { path: PathBuf, why: String },
}

impl SetupError {
    /// That this file was being written.
    pub(super) fn writing(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |error| Self::Write { path, error }
    }
}
