//! What is said of a call that has no answer: whether it may have had its effect, and what to do.

use std::time::Duration;

use serde_json::json;

use super::tool_error::ToolError;
use crate::base::quote::beginning;
use crate::base::{CallId, ServerName};
use crate::facts::CallOutcome;
use crate::wire::error::code;
use crate::wire::{Era, RpcError};

/// How long a name may be in what is told of a call, in characters.
const NAME_SHOWN_MAX: usize = 1024;

/// A call that could not be carried out, or of which nobody knows whether it was.
#[derive(Debug)]
pub struct Lost {
    /// Unknown where the call got lost before it reached the daemon.
    pub call: Option<CallId>,
    pub server: Option<ServerName>,
    pub tool: String,
    pub reason: String,
    /// Whether any of it may have reached the server.
    pub sent: bool,
    pub elapsed: Duration,
    /// Fields beside the text would break the tool's own `outputSchema`.
    pub has_output_schema: bool,
    /// Only a tool's result has a place for an error that agents read.
    pub is_tool_call: bool,
}

impl Lost {
    pub fn outcome(&self) -> CallOutcome {
        if self.sent { CallOutcome::OutcomeUnknown } else { CallOutcome::NotSent }
    }

    fn fields(&self) -> serde_json::Value {
        json!({
            "outcome": self.outcome().as_str(),
            "server": self.server.as_ref().map(ServerName::as_str),
            "tool": beginning(&self.tool, NAME_SHOWN_MAX).to_string(),
            "call_id": self.call.map(|call| call.to_string()),
            "elapsed_ms": u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
            "retry_safe": !self.sent,
            "reason": self.reason,
        })
    }

    /// The same, for an agent that made the call from a meta-tool.
    pub fn told(&self) -> ToolError {
        let code = if self.sent { "tool_call_failed" } else { "server_unavailable" };
        let message = format!("{}: {}", self.outcome().as_str(), self.reason);
        ToolError::new(code, message).with((&self.fields()).into())
    }

    /// The error of any other request.
    pub fn error(&self) -> RpcError {
        let message = format!("{}: {}", self.outcome().as_str(), self.reason);
        RpcError::new(code::INTERNAL, message).with_data(&self.fields())
    }

    /// The result of `tools/call`, as JSON.
    pub fn result(&self, era: Era) -> String {
        let outcome = self.outcome();
        let advice = if self.sent {
            "The call reached the server and may have had its effect. Check before you repeat it."
        } else {
            "The call never reached the server, so it had no effect. It is safe to repeat it."
        };
        let fields = self.fields();
        let text = format!("{}: {}. {advice}", outcome.as_str(), self.reason);
        let mut result = json!({
            "content": [{ "type": "text", "text": text }],
            "isError": true,
            "_meta": { "callmux/failure": fields.clone() },
        });
        if !self.has_output_schema {
            result["structuredContent"] = fields;
        }
        if era == Era::Modern {
            result["resultType"] = json!("complete");
        }
        result.to_string()
    }
}
