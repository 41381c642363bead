//! Calls that have not ended.

use serde::{Deserialize, Serialize};

use crate::base::ServerName;

/// A call that waits for a server, or for what that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OpenCallReport {
    /// As the journal and texts of errors have it.
    pub id: String,
    /// What it is of: `tool`, `prompt`, `resource` and others.
    pub of: String,
    /// What it is about, as clients name it.
    pub name: String,
    /// Nothing: it is not known yet whose that is.
    pub server: Option<ServerName>,
    /// What the client calls itself: name and version.
    pub client: String,
    /// Who makes it, as rules name them.
    pub principal: String,
    /// The `id` of its session.
    pub session: String,
    /// How long ago it began, in microseconds.
    pub age_us: u64,
    /// A tool of callmux itself makes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inner: bool,
}
