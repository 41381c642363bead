//! A server's process: how it is started, how its end is noticed, how it is ended.
//!
//! Under a systemd user manager it is a transient service of its own ([`mod@unit`]), which outlives us;
//! elsewhere it is our child ([`child`]). Either way it inherits three file descriptors and a closed
//! environment ([`launch`]), and is ended by a ladder: end of input, SIGTERM, SIGKILL (MCP
//! lifecycle, "Shutdown").
//!
//! # Knows
//! Programs, environments, pipes, process groups, units and their sandbox.
//!
//! # Does not know
//! What is spoken over the pipes; when a server is started or ended, and why.
//!
//! # How to read it
//! [`launch`] is what is to run; [`child`] and [`mod@unit`] run it. [`units`] is the user manager.

mod child;
mod launch;
mod sandbox;
mod unit;
pub mod units;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::net::unix::pipe;

use crate::base::ServerName;
use crate::config::{Sandbox, ServerConfig};
use child::Child;
use launch::Launch;
use unit::Unit;
use units::Units;

/// What a pipe of ours is asked to hold, in bytes. The kernel may grant less
/// (`/proc/sys/fs/pipe-user-pages-soft`); the default of 64 KiB costs a third of the speed of
/// large results.
const PIPE_BYTES: usize = 1024 * 1024;

/// The signals that end processes, by the names people know (signal(7)).
const SIGNALS: [(i32, &str); 13] = [
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGQUIT, "SIGQUIT"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGKILL, "SIGKILL"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGPIPE, "SIGPIPE"),
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGXCPU, "SIGXCPU"),
    (libc::SIGSYS, "SIGSYS"),
];

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
    #[error("the working directory `{0}` does not exist")]
    NoDirectory(PathBuf),
    #[error("its arguments and environment are too large")]
    TooLarge,
    #[error("starting `{0}`: {1}")]
    Other(PathBuf, io::Error),
    #[error("{0}")]
    Unit(String),
    #[error("`{0}` needs a systemd user manager, and there is none here; remove it to do without")]
    NeedsManager(&'static str),
}

/// A started process.
#[derive(Debug)]
pub enum Process {
    Child(Child),
    Unit(Unit),
}

/// The streams of a started process.
#[derive(Debug)]
pub struct Streams {
    pub stdin: pipe::Sender,
    pub stdout: pipe::Receiver,
    pub stderr: pipe::Receiver,
}

impl Process {
    /// Starts the server's command: as a unit where there are `units`, else as a child.
    pub async fn start(
        server: &ServerName,
        config: &ServerConfig,
        units: Option<&Units>,
    ) -> Result<(Self, Streams), StartError> {
        let launch = Launch::of(config)?;
        let Some(units) = units else {
            if let Some(key) = needs_manager(config) {
                return Err(StartError::NeedsManager(key));
            }
            let (child, streams) = Child::start(&launch)?;
            return Ok((Self::Child(child), streams));
        };
        let (unit, streams) = Unit::start(units, server, config, &launch).await?;
        Ok((Self::Unit(unit), streams))
    }

    /// The running unit of an earlier process of ours; `Err` says why there is none.
    pub async fn adopt(units: &Units, unit: &str) -> Result<Self, String> {
        Unit::adopt(units, unit).await.map(Self::Unit)
    }

    /// The unit it is in.
    pub fn unit(&self) -> Option<&str> {
        match self {
            Self::Child(_) => None,
            Self::Unit(unit) => Some(unit.name()),
        }
    }

    /// It goes on when the value is dropped, if it can.
    pub fn keep(&mut self) {
        match self {
            Self::Child(_) => {}
            Self::Unit(unit) => unit.keep(),
        }
    }

    /// The number of its leader.
    pub fn pid(&self) -> u32 {
        match self {
            Self::Child(child) => child.pid(),
            Self::Unit(unit) => unit.pid(),
        }
    }

    /// Waits for the end of the leader and of everything it started.
    pub async fn ended(&mut self) -> ExitStatus {
        match self {
            Self::Child(child) => child.ended().await,
            Self::Unit(unit) => unit.ended().await,
        }
    }

    /// Ends the process. Its input must have been closed already. Each step is given `patience`.
    pub async fn stop(&mut self, patience: Duration) -> ExitStatus {
        match self {
            Self::Child(child) => child.stop(patience).await,
            Self::Unit(unit) => unit.stop(patience).await,
        }
    }
}

/// A key whose promise only a manager can keep.
fn needs_manager(config: &ServerConfig) -> Option<&'static str> {
    let limits = &config.limits;
    [
        ("sandbox", config.sandbox != Sandbox::None),
        ("memory_max", limits.memory_max.is_some()),
        ("tasks_max", limits.tasks_max.is_some()),
        ("cpu_weight", limits.cpu_weight.is_some()),
        ("runtime_max", limits.runtime_max.is_some()),
    ]
    .into_iter()
    .find_map(|(key, is_set)| is_set.then_some(key))
}

/// How a process ended, for people.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("its process ended with exit code {code}"),
        (None, Some(signal)) => {
            let name = SIGNALS.iter().find(|(number, _)| *number == signal).map(|(_, name)| *name);
            format!("its process was ended by {} (signal {signal})", name.unwrap_or("a signal"))
        }
        (None, None) => "its process ended".to_owned(),
    }
}
