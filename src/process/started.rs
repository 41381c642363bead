//! A server's process, whatever runs it.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::child::Child;
use super::directory;
use super::error::StartError;
use super::launch::Launch;
use super::streams::Streams;
use super::unit::Unit;
use super::units::Units;
use crate::base::ServerName;
use crate::settings::{Sandbox, ServerConfig};

/// A started process.
#[derive(Debug)]
pub enum Process {
    Child(Child),
    Unit(Unit),
}

impl Process {
    /// Starts the server's command: as a unit where there are `units`, else as a child.
    pub async fn start(
        server: &ServerName,
        config: &ServerConfig,
        units: Option<&Units>,
    ) -> Result<(Self, Streams), StartError> {
        if let Some(workplace) = server.workplace() {
            let dir = PathBuf::from(&*workplace.dir);
            if !directory::is_there(&dir).await {
                return Err(StartError::NoDirectory(dir));
            }
        }
        let launch = Launch::of(config, server.workplace())?;
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
    pub async fn adopt(units: &Units, unit: &str) -> Result<Self, StartError> {
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

    /// Ends what it left behind, once it has ended. What is left of a unit the manager ends.
    pub async fn clear(&mut self, patience: Duration) {
        match self {
            Self::Child(child) => child.clear(patience).await,
            Self::Unit(_) => {}
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
    let limits = &config.program.limits;
    [
        ("sandbox", config.program.sandbox != Sandbox::None),
        ("memory_max", limits.memory_max.is_some()),
        ("tasks_max", limits.tasks_max.is_some()),
        ("cpu_weight", limits.cpu_weight.is_some()),
        ("runtime_max", limits.runtime_max.is_some()),
    ]
    .into_iter()
    .find_map(|(key, is_set)| is_set.then_some(key))
}
