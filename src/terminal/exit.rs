//! Exit codes.

use std::process::ExitCode;

/// How a verb ended. The numbers are those of sysexits.h where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Fine = 0,
    /// What was asked for did not succeed.
    Failed = 1,
    /// The command line is wrong (`EX_USAGE`).
    Usage = 64,
    /// The config, or a file of data, is wrong (`EX_DATAERR`).
    BadConfig = 65,
    /// Something that has to be there is not (`EX_UNAVAILABLE`).
    Unavailable = 69,
    /// The machine does not let us (`EX_OSERR`).
    System = 71,
    /// The daemon is to be started anew (`EX_TEMPFAIL`).
    Again = 75,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
