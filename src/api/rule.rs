//! Who may what, as the config says it.

use serde::{Deserialize, Serialize};

/// A rule. What it does not name it is not narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RuleReport {
    pub id: String,
    /// `allow`, `ask` or `deny`.
    pub effect: String,
    /// Its place in the config: file, line and column.
    pub at: Option<String>,
    pub principals: Option<Vec<String>>,
    pub clients: Option<Vec<String>>,
    pub servers: Option<Vec<String>>,
    pub tools: Option<Vec<String>>,
    pub prompts: Option<Vec<String>>,
    pub resources: Option<Vec<String>>,
    pub endpoints: Option<Vec<String>>,
}

/// What comes of a call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccessVerdict {
    pub principal: String,
    pub tool: String,
    /// `allow`, `ask` or `deny`.
    pub effect: String,
    /// The rule that says so; nothing: there are no rules, or none fits.
    pub rule: Option<String>,
    /// The place of that rule in the config: file, line and column.
    pub at: Option<String>,
    /// Why, in a few words.
    pub reason: String,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TokenReport {
    pub name: String,
    /// From then on it is refused (RFC 3339).
    pub expires: Option<String>,
    /// The last day on which somebody came with it (RFC 3339, `full-date`).
    pub last_used: Option<String>,
}
