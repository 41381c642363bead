//! Why a client has no instance of a server.

use std::io;

use crate::base::ServerName;

/// Why a client has no instance of a server. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum NoInstance {
    #[error(
        "server {0} runs in the directory of its client, and this client says none; connect it with \
         `callmux bridge`, have it send the header `x-callmux-cwd: /its/directory`, or set \
         `require_cwd = false` of the server (who presents a token works in no directory)"
    )]
    NoDirectory(ServerName),
    /// `why`: what is wrong with it.
    #[error("server {server} cannot run in the directory `{dir}` of its client: {why}")]
    BadDirectory { server: ServerName, dir: String, why: BadDirectory },
    #[error(
        "server {server} runs in {max} directories, which is its `max_instances`, and all of them are \
         in use; try again later, or raise that"
    )]
    Full { server: ServerName, max: usize },
    #[error("server {0} is stopped; `callmux start {0}` starts it again")]
    Stopped(ServerName),
    #[error("server {0} was changed or removed while it was called; call it again")]
    Changed(ServerName),
}

/// What is wrong with a directory.
#[derive(Debug, thiserror::Error)]
pub enum BadDirectory {
    #[error("it must be an absolute path")]
    Relative,
    #[error("it is longer than a path can be")]
    TooLong,
    #[error("its name has characters that are no text, or that control a terminal")]
    Unreadable,
    #[error("it does not exist")]
    Gone,
    #[error("it is no directory")]
    NoDirectory,
    #[error("{0}")]
    Other(io::Error),
}

impl From<io::Error> for BadDirectory {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Gone,
            io::ErrorKind::NotADirectory => Self::NoDirectory,
            _ => Self::Other(error),
        }
    }
}
