//! Exit codes.

use std::process::ExitCode;

/// How a verb ended. The numbers are those of sysexits.h where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Fine = 0,
    /// What was asked for did not succeed.
    Failed = 1,
    /// A server is not up, so that what it offers cannot be compared.
    NotUp = 10,
    /// Something is not what a file says of it.
    ChangedItems = 11,
    /// There is something that a file does not have.
    NewItems = 12,
    /// The command line is wrong (`EX_USAGE`).
    Usage = 64,
    /// The config, or a file of data, is wrong (`EX_DATAERR`).
    BadConfig = 65,
    /// Something that has to be there is not (`EX_UNAVAILABLE`).
    Unavailable = 69,
    /// The machine does not let us (`EX_OSERR`).
    System = 71,
    /// A call may have had its effect, and nobody knows (`EX_IOERR`).
    OutcomeUnknown = 74,
    /// Nothing was done, and it may be tried again (`EX_TEMPFAIL`): a call was never sent; the daemon
    /// is to be started anew.
    Again = 75,
    /// There is something to do, and it was only looked for, as `dnf check-update` has it.
    Outstanding = 100,
    /// There was no answer in the time that was given for it, as timeout(1) has it.
    TimedOut = 124,
    /// Ended by SIGHUP, as shells have it.
    HungUp = 129,
    /// Ended by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
