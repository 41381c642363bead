//! What an agent reads when a call has no result.
//!
//! A call that did not work out is a tool result with `isError`, because models see those: one
//! sentence that says what to do, and the same as fields. A request that is wrong in itself is a
//! JSON-RPC error.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::access::Denied;
use crate::base::quote::beginning;
use crate::base::{CallId, ServerName, quoted};
use crate::catalog::NotFound;
use crate::json::Json;
use crate::render::preview::preview_text;
use crate::telemetry::CallOutcome;
use crate::wire::error::code;
use crate::wire::{Era, Payload, RpcError, translate};

/// A call that has no result.
#[derive(Debug)]
pub enum Failure {
    /// The request is wrong: a JSON-RPC error.
    Refused(RpcError),
    /// The subject may not do it. The error is that for what does not exist.
    Denied(RpcError),
    /// It could not be carried out.
    Lost(Lost),
    /// A call of a tool that was not sent, for a reason that the agent can do something about.
    Told(ToolError),
}

/// What an agent is told of a call of a tool that it has to make in another way.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolError {
    /// One word of a closed set: `invalid_arguments`, `tool_not_found` …
    pub code: &'static str,
    pub message: String,
    /// Further members, if any.
    pub details: Option<Json>,
}

impl ToolError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        Self { code, message, details: None }
    }

    #[must_use]
    pub fn with(self, details: Json) -> Self {
        Self { details: Some(details), ..self }
    }

    /// `{error: {code, message, details?}}`
    pub fn payload(&self) -> Json {
        let mut error = vec![("code", self.code.into()), ("message", self.message.as_str().into())];
        error.extend(self.details.clone().map(|details| ("details", details)));
        Json::object([("error", Json::object(error))])
    }

    /// The result of `tools/call`. `is_structured`: with the payload as `structuredContent`, too.
    pub fn result(&self, era: Era, is_structured: bool) -> Json {
        let payload = self.payload();
        let text = Json::object([("type", "text".into()), ("text", payload.to_string().into())]);
        let mut members = Vec::new();
        if era == Era::Modern {
            members.push(("resultType", "complete".into()));
        }
        members.push(("content", Json::Array(vec![text])));
        if is_structured {
            members.push(("structuredContent", payload));
        }
        members.push(("isError", true.into()));
        Json::object(members)
    }
}

/// How long a message may be, in bytes: what it quotes may come from anywhere.
const MESSAGE_MAX: usize = 4096;

/// And a name in what is told of a call, in characters.
const NAME_SHOWN_MAX: usize = 1024;

fn shortened(message: String) -> String {
    if message.len() <= MESSAGE_MAX { message } else { preview_text(&message, MESSAGE_MAX) }
}

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

impl Failure {
    pub fn outcome(&self) -> CallOutcome {
        match self {
            Self::Refused(_) | Self::Told(_) => CallOutcome::Refused,
            Self::Denied(_) => CallOutcome::Denied,
            Self::Lost(Lost { sent: true, .. }) => CallOutcome::OutcomeUnknown,
            Self::Lost(Lost { sent: false, .. }) => CallOutcome::NotSent,
        }
    }

    /// The code of the error that the client gets, if it gets one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused(error) | Self::Denied(error) => Some(error.code),
            Self::Lost(lost) => (!lost.is_tool_call).then_some(code::INTERNAL),
            Self::Told(_) => None,
        }
    }

    /// The same, for an agent that made the call from a meta-tool.
    pub fn told(self) -> ToolError {
        match self {
            Self::Refused(error) | Self::Denied(error) => {
                ToolError::new("invalid_arguments", error.message)
            }
            Self::Lost(lost) => lost.told(),
            Self::Told(error) => error,
        }
    }

    /// Why, for the journal.
    pub fn reason(&self) -> &str {
        match self {
            Self::Denied(_) => Denied::REASON,
            Self::Refused(error) => &error.message,
            Self::Lost(lost) => &lost.reason,
            Self::Told(error) => &error.message,
        }
    }

    /// The response to the request with `id`.
    pub fn response(&self, id: &str, era: Era) -> Payload {
        match self {
            Self::Refused(error) | Self::Denied(error) => translate::refusal(id, error),
            Self::Lost(lost) if lost.is_tool_call => translate::result(id, &lost.result(era)),
            Self::Lost(lost) => translate::refusal(id, &lost.error()),
            // The text says it all, and a tool's own `outputSchema` may forbid anything beside it.
            Self::Told(error) => translate::result(id, &error.result(era, false).to_string()),
        }
    }
}

impl Lost {
    fn outcome(&self) -> CallOutcome {
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
    fn error(&self) -> RpcError {
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

/// The error for a name that leads to no tool or prompt. `noun`: which of them; `near`: what was
/// probably meant; `remark`: why there may be less than there should.
pub fn not_found(
    (noun, name): (&str, &str),
    why: &NotFound,
    near: Option<Arc<str>>,
    remark: &str,
) -> RpcError {
    let shown = quoted(name);
    let mut message = match (why, near) {
        (NotFound::Unknown, None) => format!("unknown {noun}: {shown}"),
        (NotFound::Unknown, Some(near)) => format!("unknown {noun}: {shown}; did you mean {near}?"),
        (NotFound::Ambiguous(names), _) => {
            format!("several servers have a {noun} {shown}; use one of {}", names.join(", "))
        }
    };
    message += remark;
    RpcError::invalid_params(message)
}
