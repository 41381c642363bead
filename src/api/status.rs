//! How the daemon is.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::seen::ClientSeen;
use super::server::ServerReport;
use super::traffic::Traffic;
use super::word::words;
use crate::base::ServerName;
use crate::settings::Complaint;

/// How the daemon is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Status {
    pub version: String,
    pub pid: u32,
    pub uptime_ms: u64,
    /// It was started by somebody who needed it, for there is no systemd: it ends when nobody needs it, and
    /// its servers with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_demand: bool,
    pub config: ConfigReport,
    pub servers: Vec<ServerReport>,
    /// Servers that the config has and does not enable.
    pub disabled: Vec<ServerName>,
    /// The tools of all servers.
    pub tools: usize,
    pub sessions: usize,
    /// Calls that run.
    pub calls: usize,
    pub traffic: Traffic,
    /// How the entries of calls are kept; nothing where they go to no journal.
    pub journal: Option<CallsReport>,
    /// What is not as an operator would expect.
    pub findings: Vec<Finding>,
    /// The clients that were seen since the daemon began, the last one at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientSeen>,
    /// The addresses at which it answers HTTP over TCP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SocketAddr>,
}

/// How the config is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfigReport {
    pub path: Option<String>,
    /// The files of the config in force.
    pub files: Vec<String>,
    pub in_force: InForce,
    /// What is wrong with the newest config.
    pub complaints: Vec<Complaint>,
    /// Keys in force that the daemon follows only when it is started anew.
    pub at_next_start: Vec<String>,
    /// Why changes are noticed late.
    pub unwatched: Option<String>,
    /// What is used although it should not be as it is: secrets that everybody may read, programs that
    /// everybody may exchange.
    #[serde(default)]
    pub remarks: Vec<Complaint>,
    /// Which tools a client lists that has no section of its own, and why: `hybrid (auto: all tools have about
    /// 58210 tokens)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<String>,
}

words! {
    /// What is in force.
    pub enum InForce {
        /// The newest config.
        Current = "current",
        /// That is refused, and the one before it goes on.
        Earlier = "earlier",
        /// That is refused, and there was one that a daemon before this one could use.
        LastGood = "last_good",
        /// That is refused, and there is no other.
        Nothing = "nothing",
    }
}

/// How the entries of calls are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CallsReport {
    /// Entries that were sent to the journal since the daemon started.
    pub sent: u64,
    /// Those that the journal did not take, also of the daemon's predecessor.
    pub missing: u64,
    /// Those of which it is not known whether it did.
    pub unknown: u64,
    /// Why that is not known.
    pub unreadable: Option<String>,
    /// Entries that wait because the journal takes none now.
    pub waiting: usize,
    /// The record that has what the journal has not.
    pub record: Option<String>,
    /// Why that has gaps or is missing.
    pub trouble: Option<String>,
}
