//! The decision about one call.

use super::principal::Principal;

/// What the policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allow,
}

/// Decides whether `principal` may call `tool` of `server`. No rules can be configured yet, and
/// every principal that gets this far is the user the daemon runs as: the answer is yes.
pub fn decide(_principal: &Principal, _server: &str, _tool: &str) -> Decision {
    Decision::Allow
}
