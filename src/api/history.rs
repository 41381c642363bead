//! What happened, looked up.

use serde::{Deserialize, Serialize};

/// Some of what happened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HistoryPage {
    /// The newest first, each as `callmux events --json` has it: `id`, `t` (RFC 3339), `kind` and what there is to say of
    /// that kind.
    pub events: Vec<serde_json::Value>,
    /// What to ask with as `cursor` for those that were before them. Nothing: there are none.
    pub next_cursor: Option<String>,
}

/// Sums of hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HistoryHours {
    /// The oldest first.
    pub hours: Vec<HourReport>,
    /// There are more, which are older than all of these.
    pub is_cut: bool,
}

/// The calls of one hour that were about the same and ended alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HourReport {
    /// When the hour began (RFC 3339).
    pub t: String,
    /// What they were about: `tool`, `prompt`, `resource` and others.
    pub of: String,
    pub server: Option<String>,
    /// As clients name it.
    pub tool: Option<String>,
    pub outcome: String,
    /// How many.
    pub n: u64,
    /// How long they took together, in microseconds.
    pub us: u64,
    /// Within how many microseconds half of them ended. Nothing: it took longer than is told apart.
    pub us_p50: Option<u64>,
    /// The same of 95 %.
    pub us_p95: Option<u64>,
    /// Bytes of their requests.
    #[serde(rename = "in")]
    pub request_bytes: u64,
    /// Bytes of their answers.
    #[serde(rename = "out")]
    pub reply_bytes: u64,
}
