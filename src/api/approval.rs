//! Calls that wait for a person.

use serde::{Deserialize, Serialize};

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ApprovalList {
    /// Which state of them it is. Asked for with it, the next list comes once there is another.
    pub state: u64,
    /// The oldest first.
    pub approvals: Vec<ApprovalReport>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ApprovalReport {
    pub id: String,
    /// Who wants the calls, as rules name them.
    pub principal: String,
    /// What the client calls itself.
    pub client: String,
    /// The directory it works in.
    pub cwd: Option<String>,
    /// The access rule that has somebody asked.
    pub rule: String,
    /// In seconds.
    pub expires_in: u64,
    pub calls: Vec<ApprovalCall>,
}

/// One of its calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ApprovalCall {
    pub server: String,
    /// `tool`, `prompt` or `resource`.
    pub kind: String,
    /// As clients see it.
    pub name: String,
    /// As JSON; a long text is cut.
    pub arguments: Option<String>,
}

/// What came of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ApprovalDone {
    pub id: String,
    /// `once`, `hour` or `deny`.
    pub decision: String,
}
