//! Why nothing was done.

use std::path::PathBuf;

use super::client::NAME;

/// Why a client's file was left as it is, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{}:{line}:{column}: {what}; nothing was written", .path.display())]
    Text { path: PathBuf, line: usize, column: usize, what: String },
    #[error("{}: {what}; nothing was written", .path.display())]
    Edit { path: PathBuf, what: EditError },
    #[error("{0}; nothing was written")]
    Read(String),
    #[error("{} is not UTF-8; nothing was written", .0.display())]
    NotText(PathBuf),
    #[error("{} is a link to nothing, or to itself; make its target, or remove the link", .0.display())]
    Dangling(PathBuf),
    #[error("{} is read-only; add the entry where that file comes from, or `chmod u+w` it", .0.display())]
    ReadOnly(PathBuf),
    #[error("{} is made by Nix; add the entry to your configuration (home-manager)", .0.display())]
    Store(PathBuf),
    #[error("{} belongs to user {uid}, not to you; nothing was written", .path.display())]
    Owner { path: PathBuf, uid: u32 },
    #[error("{} cannot be written to ({error}); nothing was written", .path.display())]
    Write { path: PathBuf, error: std::io::Error },
    #[error("{}: the record of what was before cannot be kept ({error}); nothing was written", .path.display())]
    ChangeRecord { path: PathBuf, error: std::io::Error },
    #[error("{} changes all the time; try again when the client has ended", .0.display())]
    Restless(PathBuf),
    #[error("{} is held by the client; try again", .0.display())]
    Locked(PathBuf),
    #[error(
        "{} has another entry `{NAME}`, which starts `{says}`; `--replace` writes ours in its place",
        .path.display()
    )]
    Otherwise { path: PathBuf, says: String },
    #[error("the entry `{NAME}` in {} starts `{says}`, which is not ours; remove it by hand", .path.display())]
    NotOurs { path: PathBuf, says: String },
    #[error("{0} takes no addresses from its file; attach it without --http")]
    NoAddress(&'static str),
    #[error("{0} has no file for projects; attach it without --project")]
    NoProject(&'static str),
    #[error("there is no sign of {shown} here, so {} is not made; `callmux client print {id}` has the entry for it", .path.display())]
    NotHere { id: &'static str, shown: &'static str, path: PathBuf },
    #[error("no change of ours to the file of {0} is left to undo")]
    NothingToUndo(&'static str),
    #[error(
        "{} was changed by others since; `callmux client detach {id}` takes out our entry alone, and what it was before is in {}",
        .path.display(), .backup.display()
    )]
    Changed { id: &'static str, path: PathBuf, backup: PathBuf },
    #[error("the client's own `{program}` did not do it: {why}")]
    Verb { program: String, why: String },
}

/// Why a text cannot be edited without harm.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// `at`: in bytes.
    #[error("{what}")]
    Syntax { at: usize, what: String },
    #[error("its top is not an object")]
    Top,
    #[error("`{0}` is there and is no object that can be added to")]
    NoObject(String),
    #[error("`{0}` is there twice")]
    Twice(String),
    #[error("`{0}` is there already")]
    There(String),
    #[error("`{0}` is not there")]
    Gone(String),
    #[error("it is written in a way that cannot be edited without changing something else")]
    Form,
}
