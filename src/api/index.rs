//! Which daemon answers.

use serde::{Deserialize, Serialize};

/// Which daemon answers, and the paths that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DaemonIndex {
    pub name: String,
    pub version: String,
    /// Another one with each start of the daemon.
    pub instance: String,
    pub pid: u32,
    pub endpoints: Vec<EndpointSummary>,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndpointSummary {
    pub method: String,
    /// What stands in braces is anything without a slash.
    pub path: String,
    pub about: String,
}
