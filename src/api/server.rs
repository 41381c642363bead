//! How a server is.

use serde::{Deserialize, Serialize};

use super::word::words;
use crate::base::ServerName;

words! {
    /// How a server is, in one word.
    pub enum Phase {
        Stopped = "stopped",
        /// The next call starts it.
        Asleep = "asleep",
        Starting = "starting",
        Ready = "ready",
        /// Its last try failed, and there will be another.
        Waiting = "waiting",
        /// Another try cannot succeed.
        Unusable = "unusable",
    }
}

impl Phase {
    /// Whether it should be there and is not.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Waiting | Self::Unusable)
    }
}

words! {
    /// Which protocol a server speaks.
    pub enum Era {
        Legacy = "legacy",
        Modern = "modern",
    }
}

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerReport {
    pub name: ServerName,
    pub phase: Phase,
    pub pid: Option<u32>,
    /// The tools that are shown.
    pub tools: usize,
    #[serde(flatten)]
    pub definitions: Definitions,
    pub era: Option<Era>,
    /// As the server named it.
    pub revision: Option<String>,
    /// Why it is not ready.
    pub reason: Option<String>,
    /// Failed tries in a row.
    pub tries: u32,
    pub retry_in_ms: Option<u64>,
    /// What it is, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its last try failed, and it has not been ready since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    #[serde(flatten)]
    pub load: Load,
    /// Where it works, if it is an instance of its server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Its instances, if it has one for each directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<ServerReport>,
}

/// What is not well with what a server offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Definitions {
    /// Definitions of any kind that are left out of their lists.
    pub refused: usize,
    /// Those that are not what was accepted.
    #[serde(default, skip_serializing_if = "is_none")]
    pub moved: usize,
    /// Those are kept from clients.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// What a server has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Load {
    /// Calls that are with it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub in_flight: usize,
    /// Calls that wait for their turn, because it takes only so many at once.
    #[serde(default, skip_serializing_if = "is_none")]
    pub waiting: usize,
    /// How many it takes at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<usize>,
}

/// What is not told.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(number: &usize) -> bool {
    *number == 0
}

impl ServerReport {
    /// Its name, and of an instance where it works.
    pub fn title(&self) -> String {
        match &self.directory {
            Some(directory) => format!("{} in {directory}", self.name),
            None => self.name.to_string(),
        }
    }

    /// Whether it should be there and is not.
    pub fn is_down(&self) -> bool {
        // An older daemon says it by the phase alone.
        self.failed || self.phase.is_failed()
    }
}
