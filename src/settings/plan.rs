//! What separates the config in force from another one: which servers come and go, which must be
//! started anew, and what takes effect without that.
//!
//! A plan names servers and keys, never values: it can be shown to anybody.

use serde::{Deserialize, Serialize};

use crate::base::ServerName;

/// What a change of the config does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    pub added: Vec<ServerName>,
    pub removed: Vec<ServerName>,
    /// Servers that get another process.
    pub restarted: Vec<Changed>,
    /// Servers that go on, and are treated differently from now on.
    pub adjusted: Vec<Changed>,
    pub unchanged: Vec<ServerName>,
    /// Keys outside of `[servers]` that take effect at once.
    pub settings: Vec<String>,
    /// Keys that take effect when the daemon is started anew.
    pub at_next_start: Vec<String>,
}

/// A server and those of its keys that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Changed {
    pub server: ServerName,
    pub keys: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        let Self { added, removed, restarted, adjusted, unchanged: _, settings, at_next_start } =
            self;
        added.is_empty()
            && removed.is_empty()
            && restarted.is_empty()
            && adjusted.is_empty()
            && settings.is_empty()
            && at_next_start.is_empty()
    }
}
