//! Sections of the config, changes of them, and what these do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::ServerName;
use crate::settings::Plan;
use crate::settings::complaint::Place;

/// The keys of a section, as TOML has them in the config. `(hidden)` stands for what may be a secret, and sent back for what is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct SectionKeys(pub Map<String, Value>);

/// Where the config is, and what of it can be changed from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfigPlace {
    /// The file that is read first, whether it is there or not.
    pub main_file: String,
    /// Why no section can be added, if none can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additions_refused: Option<String>,
    /// Why no section that a person wrote can be changed, if none can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_refused: Option<String>,
}

/// Where a section stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SectionReport {
    /// `servers`, `clients` or `recipes`.
    pub kind: String,
    pub name: String,
    /// Where it begins.
    pub at: Place,
    /// What `If-Match` wants, with its quotes.
    pub etag: String,
    /// The patch file that changes what is written there, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patched_by: Option<String>,
    /// callmux wrote the file in which it begins.
    pub is_ours: bool,
    /// What it says, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<SectionKeys>,
}

/// A change that somebody would make: one of `put`, `patch` (RFC 7396) and `delete`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("oneOf" = [
    { "required": ["put"], "properties": { "put": { "type": "object" }, "patch": { "type": "null" }, "delete": { "const": false } } },
    { "required": ["patch"], "properties": { "put": { "type": "null" }, "patch": { "type": "object" }, "delete": { "const": false } } },
    { "required": ["delete"], "properties": { "put": { "type": "null" }, "patch": { "type": "null" }, "delete": { "const": true } } },
])))]
#[serde(deny_unknown_fields)]
pub struct SectionChange {
    /// `servers`, `clients` or `recipes`.
    #[cfg_attr(test, schemars(extend("enum" = ["servers", "clients", "recipes"])))]
    pub kind: String,
    #[cfg_attr(test, schemars(extend("pattern" = "^[A-Za-z0-9_-]{1,64}$")))]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<SectionKeys>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<SectionKeys>,
    #[serde(default)]
    pub delete: bool,
}

/// Changes, the first one first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WantedChanges {
    pub changes: Vec<SectionChange>,
}

/// What changes would do. Nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangePlan {
    pub files: Vec<FilePlan>,
    /// What becomes of servers and settings.
    pub plan: Plan,
    /// Tools that clients would see, and do not now.
    pub tools_gained: Vec<String>,
    /// Tools that clients see, and would not any more.
    pub tools_lost: Vec<String>,
    /// Servers whose tools are not known before they run.
    pub tools_unknown: Vec<ServerName>,
    /// The list of tools in tokens, estimated.
    pub list_tokens: ListTokens,
    /// Sessions that would be told of another list.
    pub sessions_told: usize,
    /// Calls that are in flight. They finish where they began.
    pub calls_in_flight: usize,
}

/// Before and after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ListTokens {
    pub before: usize,
    pub after: usize,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FilePlan {
    pub path: String,
    /// `created`, `changed` or `removed`.
    pub becomes: String,
    /// The lines that change, behind `-` and `+`, without secrets.
    pub diff: String,
}

/// A change that was made, or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangeDone {
    /// The version that was kept; none where nothing had to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionReport>,
    /// What became of servers and settings.
    pub plan: Plan,
}

/// A change that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VersionReport {
    /// Grows with each.
    pub id: u64,
    /// When it was made (RFC 3339).
    pub at: String,
    pub principal: String,
    /// What it was: `PUT servers.github`.
    pub what: String,
    pub files: Vec<String>,
}
