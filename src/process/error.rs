//! Why a process does not start.

use std::io;
use std::path::PathBuf;

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("no memory for its output: {0}")]
    Memory(io::Error),
    #[error("the command `{0}` is not found in PATH ({1}); write its absolute path")]
    NotFound(String, String),
    #[error("the command `{0}` does not exist")]
    Missing(PathBuf),
    #[error("`{0}` is not executable; `chmod +x` it or name its interpreter")]
    NotExecutable(PathBuf),
    #[error("`{0}` is no program the kernel can start; does a script lack its `#!` line?")]
    NoProgram(PathBuf),
    #[error(
        "`{0}` begins with `#!{1}`, and there is no `{1}`; install it or name another interpreter"
    )]
    NoInterpreter(PathBuf, String),
    #[error("the working directory `{0}` does not exist")]
    NoDirectory(PathBuf),
    #[error("its arguments and environment are too large")]
    TooLarge,
    #[error("starting `{0}`: {1}")]
    Other(PathBuf, io::Error),
    #[error("{0}")]
    Unit(String),
    #[error("its unit ended at once")]
    Ended,
    #[error("its process cannot be watched: {0}")]
    Unwatched(io::Error),
    #[error("`{0}` needs a systemd user manager, and there is none here; remove it to do without")]
    NeedsManager(&'static str),
}
