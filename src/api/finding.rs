//! What is not as its operator would expect.

use serde::{Deserialize, Serialize};

use super::word::words;
use crate::base::ServerName;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    pub severity: Severity,
    pub server: Option<ServerName>,
    /// What is the matter.
    pub message: String,
    /// What can be done about it.
    pub remedy: String,
}

words! {
    /// How bad it is.
    pub enum Severity {
        /// Something does not work.
        Problem = "problem",
        /// Everything works, but not as it is written in a server or in the config.
        Note = "note",
    }
}
