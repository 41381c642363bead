//! Why nothing was changed.

use std::io;
use std::path::PathBuf;

use crate::clients::error::ClientError;
use crate::config::edit::KeyEditError;
use crate::settings::Complaint;

/// Why the config is as it was, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("there is no `{0}` in the config; `servers`, `clients` and `recipes` have names")]
    Kind(String),
    #[error(
        "`{0}` is no name that callmux gives a file: letters, digits, `_` and `-`, 64 at the most"
    )]
    Name(String),
    #[error("the config has no [{kind}.{name}]")]
    Unknown { kind: String, name: String },
    #[error("the config is one file, {}, which is a person's to change", .0.display())]
    OneFile(PathBuf),
    #[error("{} is in the way: callmux wrote something else there, or somebody else did; move it", .0.display())]
    Occupied(PathBuf),
    #[error("`{0}` is hidden, and there is nothing that it could stand for; send the value")]
    Hidden(String),
    #[error("`{0}` has no value that TOML knows")]
    Value(String),
    #[error("the file would not say what is wanted; edit {} by hand", .0.display())]
    Other(PathBuf),
    #[error("{}: {error}", .path.display())]
    Edit { path: PathBuf, error: KeyEditError },
    #[error("the config has mistakes")]
    Config(Vec<Complaint>),
    #[error("{} was changed by somebody else meanwhile; look again", .0.display())]
    Stale(PathBuf),
    #[error("another change is being made; try again")]
    Busy,
    #[error("no change of callmux is left to take back")]
    NothingToUndo,
    #[error(
        "{} is not what the change left there, so taking it back would lose what somebody did since; edit it by hand",
        .0.display()
    )]
    Moved(PathBuf),
    #[error(transparent)]
    File(#[from] ClientError),
    #[error("the versions of the config cannot be kept in {}: {error}; nothing was changed", .path.display())]
    Versions { path: PathBuf, error: io::Error },
}
