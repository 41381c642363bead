//! The program of a server, and what it may use and reach.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::Secret;

/// The program of a server that runs here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Program {
    /// Empty, if the server has a `url`.
    pub command: Secret,
    pub args: Vec<Secret>,
    pub env: BTreeMap<String, Secret>,
    pub inherit_env: Vec<String>,
    pub cwd: Option<PathBuf>,
    pub limits: Limits,
    pub log: LogLimits,
    pub sandbox: Sandbox,
}

/// What a server may use; only a systemd manager can see to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// In bytes.
    pub memory_max: Option<u64>,
    pub tasks_max: Option<u64>,
    /// 1 to 10000.
    pub cpu_weight: Option<u64>,
    pub runtime_max: Option<Duration>,
}

/// Lines of its stderr that are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogLimits {
    /// At once.
    pub burst: usize,
    /// Per second, after that.
    pub rate: usize,
}

/// What a server may reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sandbox {
    #[default]
    None,
    /// Its working directory, its program and the network.
    Net,
    /// Its working directory and its program.
    Strict,
}

impl Sandbox {
    pub const ALL: [Self; 3] = [Self::None, Self::Net, Self::Strict];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Net => "net",
            Self::Strict => "strict",
        }
    }
}
