//! What rules ask of the process at the other end of a connection.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::{fmt, io};

/// One thing that can be told of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerFact {
    /// The program, by its absolute path; with an interpreter, the script as well.
    Exe,
    /// The unit of systemd that it is in, by its name.
    Unit,
    /// The directory that it works in, by its absolute path.
    Cwd,
}

/// What is told of one. By default nothing, and there may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownFact {
    pub names: Vec<Box<str>>,
    /// Whether it has no other name.
    pub is_all: bool,
}

/// The process at the other end of a connection, which is looked at when somebody asks.
pub trait PeerFacts: fmt::Debug + Send + Sync {
    /// The number of the process.
    fn number(&self) -> u32;
    fn told(&self, fact: PeerFact) -> &KnownFact;
    /// Whether it runs our own program, which speaks for one client alone and comes back as the same
    /// process or not at all. A proxy is none.
    fn is_own_program(&self) -> bool {
        false
    }
    /// What can be read once it has ended (pidfd_open(2)). `None`: it has.
    ///
    /// # Errors
    /// Where the kernel gives no such handle.
    fn end(&self) -> io::Result<Option<OwnedFd>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A process that several requests come from.
pub type SharedPeer = Arc<dyn PeerFacts>;

impl KnownFact {
    /// This name and no other; nothing if it is not known.
    pub fn one(name: Option<String>) -> Self {
        Self { is_all: name.is_some(), names: name.map(Into::into).into_iter().collect() }
    }
}
