//! Why a server is not switched to another version.

use std::io;
use std::path::PathBuf;

use crate::clients::ClientError;
use crate::packages::error::PackageError;
use crate::servers::error::StartFailure;
use crate::settings::Complaint;

/// Why nothing more can be looked up.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The config is not in order, with the newer version or without it.
    #[error("the config is refused")]
    Config(Vec<Complaint>),
    #[error(transparent)]
    File(#[from] ClientError),
    #[error("no runtime: {0}")]
    Runtime(#[from] io::Error),
}

/// Why one version of a server cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotReady {
    #[error("it is not in the config")]
    Gone,
    #[error("{0}")]
    Unresolved(Complaint),
    #[error(transparent)]
    Start(#[from] StartFailure),
}

/// Why the newer one is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSwitched {
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("the newer one is not ready: {0}")]
    NotReady(#[from] NotReady),
    #[error(transparent)]
    File(#[from] ClientError),
    #[error("somebody else has changed {} meanwhile; try again", .0.display())]
    Meanwhile(PathBuf),
}
