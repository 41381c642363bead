//! Short answers.

use serde::{Deserialize, Serialize};

/// A reload that nobody waits for will be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Asked {
    /// Always.
    pub asked: bool,
}

/// The tools of all servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolList {
    /// Whether any server can be called.
    pub usable: bool,
    pub tools: Vec<ToolReport>,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolReport {
    /// As clients see it.
    pub name: String,
    /// `None` where that cannot be told from outside.
    pub server: Option<String>,
    pub description: Option<String>,
}

/// One tool with its definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolDetails {
    #[serde(flatten)]
    pub report: ToolReport,
    /// What its server calls it.
    pub own_name: String,
    /// As clients get it.
    pub definition: serde_json::Value,
}

/// What a tool takes, as far as its schema says it in few words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolArguments {
    pub arguments: Vec<ToolArgument>,
}

/// One argument of a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolArgument {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_required: bool,
    /// All that it can be, if those are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// Cached results are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CacheCleared {
    /// How many there were.
    pub cleared: usize,
}

/// Where a person consents to a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Consent {
    /// To be opened in a browser.
    pub url: String,
    /// The config does not say that the server wants a login.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unwritten: bool,
}

/// An address that a browser came to is the one that was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pasted {
    /// Always.
    pub done: bool,
}

/// The tokens of a server are forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Farewell {
    /// Why the authorization server may take them for a while longer.
    pub not_revoked: Option<String>,
}

/// What opens the dashboard once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardCode {
    /// With the code in its fragment, which no browser sends on.
    pub url: String,
    pub code: String,
    /// In seconds.
    pub expires_in: u64,
}

/// What opened the dashboard, or would have, and does no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardRevoked {
    /// Links that nobody had used.
    pub codes: usize,
    /// Browsers that were in.
    pub visits: usize,
}
