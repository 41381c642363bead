//! What operators are told. The same types are written by the daemon and read by `callmux`.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::findings::Finding;
use super::traffic::Traffic;
use crate::base::ServerName;
use crate::base::clip::clipped;
use crate::catalog::Entry;
use crate::mux::World;
use crate::servers::handle;
use crate::servers::{Offer, Server};
use crate::settings::Complaint;
use crate::telemetry::CallsReport;
use crate::wire::ListKind;

/// Characters of a reason: a server may have written it.
const REASON_MAX: usize = 2000;

/// How the daemon is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub pid: u32,
    pub uptime_ms: u64,
    pub config: ConfigReport,
    pub servers: Vec<ServerReport>,
    /// Servers that the config has and does not enable.
    pub disabled: Vec<ServerName>,
    /// The tools that clients are shown.
    pub tools: usize,
    pub sessions: usize,
    /// Calls that run.
    pub calls: usize,
    pub traffic: Traffic,
    /// How the entries of calls are kept; nothing where they go to no journal.
    pub journal: Option<CallsReport>,
    /// What is not as an operator would expect.
    pub findings: Vec<Finding>,
}

/// How the config is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConfigReport {
    pub path: Option<String>,
    /// The files of the config in force.
    pub files: Vec<String>,
    /// What is in force: `current`, or instead of a config that is refused `earlier`, `last_good`
    /// or `nothing`.
    pub in_force: String,
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
}

/// How a server is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerReport {
    pub name: ServerName,
    /// `stopped`, `starting`, `ready`, `waiting` or `unusable`.
    pub phase: String,
    pub pid: Option<u32>,
    /// The tools that are shown.
    pub tools: usize,
    /// Definitions of any kind that are left out of their lists.
    pub refused: usize,
    pub era: Option<String>,
    pub revision: Option<String>,
    /// Why it is not ready.
    pub reason: Option<String>,
    /// Failed tries in a row.
    pub tries: u32,
    pub retry_in_ms: Option<u64>,
}

/// The tools of all servers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToolList {
    /// Whether any server can be called.
    pub usable: bool,
    pub tools: Vec<ToolReport>,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolReport {
    /// As clients see it.
    pub name: String,
    /// `None` where that cannot be told from outside.
    pub server: Option<String>,
    pub description: Option<String>,
}

/// What of a definition is reported.
#[derive(Debug, Deserialize)]
struct Described {
    description: Option<String>,
}

/// A config that is not used, and why.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    pub complaints: Vec<Complaint>,
}

impl ToolList {
    pub fn of(world: &World) -> Self {
        let can_be_called = |server: &Server| {
            matches!(server.status().phase, handle::Phase::Ready | handle::Phase::Asleep)
        };
        let tool = |entry: &Entry| ToolReport {
            name: entry.shown.to_string(),
            server: Some(entry.server.name.to_string()),
            description: serde_json::from_str(&entry.item.definition)
                .ok()
                .and_then(|Described { description }| description),
        };
        Self {
            usable: world.servers.values().any(can_be_called),
            tools: world.catalog.tools.entries().iter().map(tool).collect(),
        }
    }
}

impl ServerReport {
    pub fn of(server: &Server) -> Self {
        let status = server.status();
        let identity = status.live.as_ref().map(|live| &live.identity);
        let shown = |offer: &Offer| {
            let tools = offer.list(ListKind::Tools).items.iter();
            tools.filter(|tool| server.config.policy.tools.allow(&tool.name)).count()
        };
        let retry = |at: Instant| {
            let left = at.saturating_duration_since(Instant::now());
            u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
        };
        let reason = status.reason.as_deref().map(|reason| clipped(reason, REASON_MAX));
        let is_ready = status.phase == handle::Phase::Ready;
        Self {
            name: server.name.clone(),
            phase: status.phase.as_str().to_owned(),
            pid: status.pid,
            tools: status.offer.as_deref().map_or(0, shown),
            refused: status.offer.as_deref().map_or(0, Offer::refused),
            era: identity.map(|identity| identity.era.as_str().to_owned()),
            revision: identity.map(|identity| identity.revision.clone()),
            reason: reason.filter(|_| !is_ready),
            tries: status.tries,
            retry_in_ms: status.retry_at.map(retry),
        }
    }
}
