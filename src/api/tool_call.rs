//! A call of a tool that is asked for here.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A call that somebody wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ToolCallWanted {
    /// The tool, as clients see it or as its server has it.
    pub tool: String,
    /// Its server, where several have one of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// An object. Its values get to the server as they are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub arguments: Option<Box<RawValue>>,
    /// The call is looked at, and not made.
    #[serde(default)]
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolCallDone {
    /// No call was made, and `result` is that of `callmux_dry_run`.
    pub dry_run: bool,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// As MCP has it: `content`, `structuredContent`, `isError`.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub result: Box<RawValue>,
    /// How large the result was, in bytes, where it is too large to be told: then its content says that alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out_bytes: Option<usize>,
}
