//! How well a server is, in a sentence, and what mends it.

use serde::{Deserialize, Serialize};

use super::server::{Phase, ServerReport};
use super::word::words;
use crate::base::Count;

words! {
    /// How well a server is.
    pub enum HealthLevel {
        /// It can be called.
        Good = "good",
        /// It can be called, and something is not as it should be.
        Degraded = "degraded",
        /// It cannot be called and should be.
        Bad = "bad",
        /// Nobody wants it to run.
        Off = "off",
    }
}

/// How well a server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerHealth {
    pub level: HealthLevel,
    /// In a few words: `ready`, `needs a login`.
    pub summary: String,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What mends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<HealthAction>,
}

/// What mends something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HealthAction {
    /// One word: `login`, `restart`, `retry`, `start`, `accept`.
    pub verb: String,
    /// The command line that does it.
    pub command: String,
}

/// A server and how well it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerDetails {
    #[serde(flatten)]
    pub report: ServerReport,
    pub health: ServerHealth,
    pub runs: ServerRuns,
}

/// What was seen of a server's processes, those of its instances included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerRuns {
    /// How often it was ready, or taken over, since the daemon began.
    pub count: u32,
    /// Its processes, and those that they started.
    pub processes: usize,
    /// What these have in memory, in bytes; what several share counts for each.
    pub memory_bytes: u64,
    /// What it wrote last on stderr, the oldest line first. An instance's lines begin with its directory.
    pub last_words: Vec<String>,
}

impl ServerHealth {
    /// Of a server; `needs_login`: nobody has logged in who could.
    pub fn of(report: &ServerReport, needs_login: bool) -> Self {
        let name = &report.name;
        let action = |verb: &str, command: String| {
            Some(HealthAction { verb: verb.to_owned(), command: format!("callmux {command}") })
        };
        let (level, summary, action) = match &report.phase {
            _ if needs_login && report.is_down() => (
                HealthLevel::Bad,
                "needs a login".to_owned(),
                action("login", format!("login {name}")),
            ),
            Phase::Ready if report.definitions.moved > 0 => {
                let held =
                    if report.definitions.held { "are held" } else { "are not what was accepted" };
                let summary = format!("ready; {} definitions {held}", report.definitions.moved);
                (HealthLevel::Degraded, summary, action("accept", format!("pins diff {name}")))
            }
            Phase::Ready | Phase::Asleep => (HealthLevel::Good, report.phase.to_string(), None),
            Phase::Stopped => {
                (HealthLevel::Off, "stopped".to_owned(), action("start", format!("start {name}")))
            }
            Phase::Starting => (HealthLevel::Degraded, "starting".to_owned(), None),
            Phase::Waiting => {
                let tries = Count::of(report.tries as usize, "time");
                let summary = format!("failed {tries} in a row, and is tried again");
                (HealthLevel::Bad, summary, action("retry", format!("retry {name}")))
            }
            Phase::Unusable => {
                let summary = "cannot be used as it is".to_owned();
                (HealthLevel::Bad, summary, action("restart", format!("restart {name}")))
            }
            Phase::Other(word) => (HealthLevel::Degraded, word.clone(), None),
        };
        Self { level, summary, detail: report.reason.clone(), action }
    }
}
