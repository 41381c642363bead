//! What a server offers that is not what was accepted.

use serde::{Deserialize, Serialize};

use crate::base::ServerName;

/// A definition that is another, is new, or is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PinReport {
    pub server: ServerName,
    /// `tool`, `prompt` or `instructions`.
    pub kind: String,
    /// The server's own; instructions have none.
    pub name: String,
    /// How it is not what was accepted, in a few words.
    pub change: String,
    /// It is kept from clients until it is accepted.
    pub is_held: bool,
    /// Line by line: a line begins with a plus or a minus, or with blanks where it stands around what differs.
    pub diff: Vec<String>,
    /// There is more of the diff.
    pub is_cut: bool,
}
