//! What an agent reads when a call has no result.
//!
//! A call that did not work out is a tool result with `isError`, because models see those: one
//! sentence that says what to do, and the same as fields. A request that is wrong in itself is a
//! JSON-RPC error.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::access::{Denied, Limited};
use crate::base::quote::word;
use crate::base::{ServerName, quoted};
use crate::catalog::NotFound;
use crate::facts::CallOutcome;
use crate::json::Json;
use crate::replies::{Lost, ToolError};
use crate::wire::error::code;
use crate::wire::params::Target;
use crate::wire::{Era, Payload, RpcError, translate};

/// A call that has no result.
#[derive(Debug)]
pub enum Failure {
    /// The request is wrong: a JSON-RPC error.
    Refused(RpcError),
    /// The subject may not do it. The error is that for what does not exist.
    Denied(RpcError, Denied),
    /// It could not be carried out.
    Lost(Lost),
    /// A call of a tool that was not sent, for a reason that the agent can do something about.
    Told(ToolError),
    /// The subject may do it, but not now.
    Limited { limited: Limited, told: ToolError, is_tool_call: bool },
    /// A person has not approved it; by this rule one is asked.
    Unapproved { told: ToolError, rule: Box<str>, is_tool_call: bool },
}

impl Failure {
    /// A request for `target` that comes too early.
    pub fn limited(limited: Limited, target: Target) -> Self {
        let told = ToolError::new("rate_limited", limited.to_string());
        let told = told.with((&limited_fields(&limited)).into());
        Self::Limited { limited, told, is_tool_call: target == Target::Tool }
    }

    /// A request for `target` that a person has not approved.
    pub fn unapproved(told: ToolError, rule: &str, target: Target) -> Self {
        Self::Unapproved { told, rule: rule.into(), is_tool_call: target == Target::Tool }
    }

    /// A request for something of a server, by its name there, that is not what was accepted and is held.
    pub fn moved(target: Target, server: &ServerName, own: &str) -> Self {
        let told = moved(server, own);
        if target == Target::Tool {
            return Self::Told(told);
        }
        let data = json!({ "code": told.code, "server": server.as_str() });
        Self::Refused(RpcError::invalid_params(told.message).with_data(&data))
    }

    pub fn outcome(&self) -> CallOutcome {
        match self {
            Self::Refused(_) | Self::Told(_) => CallOutcome::Refused,
            Self::Denied(..) => CallOutcome::Denied,
            Self::Limited { .. } => CallOutcome::Limited,
            Self::Unapproved { .. } => CallOutcome::Unapproved,
            Self::Lost(Lost { sent: true, .. }) => CallOutcome::OutcomeUnknown,
            Self::Lost(Lost { sent: false, .. }) => CallOutcome::NotSent,
        }
    }

    /// The code of the error that the client gets, if it gets one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused(error) | Self::Denied(error, _) => Some(error.code),
            Self::Lost(lost) => (!lost.is_tool_call).then_some(code::INTERNAL),
            Self::Limited { is_tool_call, .. } | Self::Unapproved { is_tool_call, .. } => {
                (!is_tool_call).then_some(code::INTERNAL)
            }
            Self::Told(_) => None,
        }
    }

    /// The same, for an agent that made the call from a meta-tool.
    pub fn told(self) -> ToolError {
        match self {
            Self::Refused(error) | Self::Denied(error, _) => {
                ToolError::new("invalid_arguments", error.message)
            }
            Self::Lost(lost) => lost.told(),
            Self::Told(error)
            | Self::Limited { told: error, .. }
            | Self::Unapproved { told: error, .. } => error,
        }
    }

    /// Why, for the journal.
    pub fn reason(&self) -> Cow<'_, str> {
        match self {
            Self::Denied(_, why) => why.to_string().into(),
            Self::Refused(error) => (&*error.message).into(),
            Self::Lost(lost) => (&*lost.reason).into(),
            Self::Told(error)
            | Self::Limited { told: error, .. }
            | Self::Unapproved { told: error, .. } => (&*error.message).into(),
        }
    }

    /// The access rule that denied it, has a person asked or bounds it.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Denied(_, why) => why.rule(),
            Self::Unapproved { rule, .. } => Some(rule),
            Self::Limited { limited, .. } => limited.rule.as_deref(),
            _ => None,
        }
    }

    /// The response to the request with `id`.
    pub fn response(&self, id: &str, era: Era) -> Payload {
        match self {
            Self::Refused(error) | Self::Denied(error, _) => translate::refusal(id, error),
            Self::Lost(lost) if lost.is_tool_call => translate::result(id, &lost.result(era)),
            Self::Lost(lost) => translate::refusal(id, &lost.error()),
            Self::Limited { limited, is_tool_call: false, .. } => {
                translate::refusal(id, &rate_limited(limited))
            }
            Self::Unapproved { told, is_tool_call: false, .. } => {
                let error = RpcError::new(code::INTERNAL, told.message.clone());
                translate::refusal(id, &error.with_data(&json!({ "code": told.code })))
            }
            // The text says it all, and a tool's own `outputSchema` may forbid anything beside it.
            Self::Told(told) | Self::Unapproved { told, .. } => {
                translate::result(id, &told.result(era, false).to_string())
            }
            Self::Limited { limited, told, .. } => {
                let mut result = told.result(era, false);
                if let Json::Object(members) = &mut result {
                    let data = Json::from(&limited_data(limited));
                    members.push(("_meta".to_owned(), Json::object([("callmux/failure", data)])));
                }
                translate::result(id, &result.to_string())
            }
        }
    }
}

/// What an agent is told of what is held. It cannot do anything about it; the person it works for can.
pub fn moved(server: &ServerName, own: &str) -> ToolError {
    let server = server.configured();
    let word = command_word(own);
    let message = format!(
        "`{}` of server {server} is not what it was when it was accepted, so it is held until a person has looked at it: \
         `callmux pins diff {server} {word}` shows what changed, `callmux pins accept {server} {word}` accepts it",
        quoted(own)
    );
    let details = [("tool", own.into()), ("server", server.as_str().into())];
    ToolError::new("tool_changed", message).with(Json::object(details))
}

/// A name as it can be pasted into a shell.
fn command_word(name: &str) -> String {
    word(Path::new(name))
}

/// The error of a request that comes too early and has no place for what agents read.
pub fn rate_limited(limited: &Limited) -> RpcError {
    RpcError::new(code::INTERNAL, limited.to_string()).with_data(&limited_data(limited))
}

fn limited_data(limited: &Limited) -> serde_json::Value {
    let mut data = limited_fields(limited);
    data["code"] = json!("rate_limited");
    data["outcome"] = json!(CallOutcome::Limited.as_str());
    data
}

/// What programs read of it: when to come again, and the key that says how much is allowed, with its rule.
fn limited_fields(limited: &Limited) -> serde_json::Value {
    let mut fields =
        json!({ "retry_after_seconds": limited.after_seconds, "limit": limited.limit.key() });
    if let Some(rule) = &limited.rule {
        fields["rule"] = json!(rule);
    }
    fields
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
