//! The fact of a call.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;
use crate::base::{CallId, ServerName, SessionId, Span};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// The server answered with a result.
    Done,
    /// The server answered, with an error or with a result that says `isError`.
    ToolError,
    /// Nothing of the call was ever written to the server.
    NotSent,
    /// It was written and there is no answer.
    OutcomeUnknown,
    /// The client took it back.
    Cancelled,
    /// Refused before it went anywhere.
    Refused,
    /// Whoever wanted it may not.
    Denied,
    /// Whoever wanted it has wanted too much in too short a time.
    Limited,
    /// A person has not approved it.
    Unapproved,
}

impl CallOutcome {
    /// The place of each is its number in what outlives the process: new ones come at the end.
    const ALL: [Self; 9] = [
        Self::Done,
        Self::ToolError,
        Self::NotSent,
        Self::OutcomeUnknown,
        Self::Cancelled,
        Self::Refused,
        Self::Denied,
        Self::Limited,
        Self::Unapproved,
    ];

    /// The outcome with this number, which another release may have given.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    pub fn number(self) -> u8 {
        let at = Self::ALL.iter().position(|outcome| *outcome == self);
        at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::ToolError => "tool_error",
            Self::NotSent => "not_sent",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Limited => "limited",
            Self::Unapproved => "unapproved",
        }
    }
}

/// One finished call.
#[derive(Debug, Clone)]
pub struct CallFinished {
    pub call: CallId,
    pub session: Option<SessionId>,
    pub principal: Arc<str>,
    /// What the client calls itself: name and version.
    pub client: String,
    /// What it was about: `tool`, `prompt`, `resource`, `completion`, `task`, `tasks`, `subscription`,
    /// `log_level`, `roots`, `administration`, or `request` if it named nothing.
    pub kind: &'static str,
    /// As clients know it.
    pub name: Arc<str>,
    pub server: Option<ServerName>,
    pub outcome: CallOutcome,
    /// Why, when it did not go well.
    pub reason: Option<String>,
    /// The access rule that denied it, or wanted a person's word.
    pub rule: Option<Box<str>>,
    pub took: Duration,
    pub request_bytes: usize,
    pub reply_bytes: usize,
    pub origin: CallOrigin,
    /// Kept until the entry is written: what the next process of ours would write it from.
    pub noted: Option<Noted>,
}

/// Where a call came from and what it brought. It stands in the audit file.
#[derive(Debug, Clone, Default)]
pub struct CallOrigin {
    /// How its client comes in: `link`, `http`, `sse`, `stdio`; `api` is the management API.
    pub via: Option<&'static str>,
    /// The id of its request, as the client wrote it, in JSON.
    pub request: Option<Box<str>>,
    /// The trace that it is a part of, if the client says so (W3C Trace Context, `trace-id`).
    pub trace: Option<Box<str>>,
    /// What it names is in the lists, or was: the name is not the client's word alone.
    pub is_listed: bool,
    /// A tool of callmux's own made it, and no client.
    pub is_inner: bool,
    /// The arguments as the client wrote them, in JSON, if any of them is to be kept.
    pub arguments: Option<Box<str>>,
}

/// A call that its server is about to get.
#[derive(Debug)]
pub struct CallBegun {
    pub call: CallId,
    pub session: SessionId,
    pub principal: Arc<str>,
    /// As of [`CallFinished`].
    pub client: String,
    pub kind: &'static str,
    pub name: Arc<str>,
    pub server: Option<ServerName>,
    pub origin: CallOrigin,
}

/// Something that is kept until a fact is written.
pub type Noted = Arc<dyn Any + Send + Sync>;

/// Where the name of a call goes.
const NAMES: &[&str] = &["TOOL", "PROMPT", "RESOURCE", "REFERENCE", "TASK", "METHOD", "ENDPOINT"];

impl FactKind for CallFinished {
    const ABOUT: &'static About = &About {
        name: "call_finished",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30018",
        level: Level::Debug,
        is_audit: true,
        subject: "A call of @CALLMUX_TOOL@ ended: @CALLMUX_OUTCOME@",
        documentation: "man:callmux(1)",
        text: "\
Call @CALLMUX_CALL_ID@, made by @CALLMUX_PRINCIPAL@, took @CALLMUX_DURATION_US@ µs.
How a call can end:

    done              the server answered with a result
    tool_error        the server answered that it failed
    not_sent          it never reached the server; it is safe to repeat it
    outcome_unknown   it reached the server and there is no answer; look before
                      you repeat it
    cancelled         the client took it back
    refused           it was refused before it went anywhere
    denied            whoever made it may not
    limited           whoever made it has made too many in a short time

All calls that did not end well:

    journalctl --user -t callmux CALLMUX_OUTCOME=tool_error \\
        CALLMUX_OUTCOME=not_sent CALLMUX_OUTCOME=outcome_unknown",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("CALL_ID", |call| call.call.to_string().into()),
        FactField::OneOf(NAMES, |call| (call.field(), (&*call.name).into())),
        FactField::Always("KIND", |call| call.kind.into()),
        FactField::Always("OUTCOME", |call| call.outcome.as_str().into()),
        FactField::Always("DURATION_US", |call| call.micros().into()),
        FactField::Always("PRINCIPAL", |call| (&*call.principal).into()),
        FactField::Always("CLIENT", |call| call.client.as_str().into()),
        FactField::Always("REQUEST_BYTES", |call| call.request_bytes.into()),
        FactField::Always("REPLY_BYTES", |call| call.reply_bytes.into()),
        FactField::Maybe("REASON", |call| call.reason.as_deref().map(Into::into)),
        FactField::Maybe("RULE", |call| call.rule.as_deref().map(Into::into)),
        FactField::Maybe("SERVER", |call| {
            call.server.as_ref().map(|server| server.as_str().into())
        }),
        FactField::Maybe("SESSION", |call| call.session.map(|session| session.to_string().into())),
    ];

    fn message(&self) -> Cow<'_, str> {
        let (outcome, took) = (self.outcome.as_str(), Span(self.took));
        let mut message = format!("{} {outcome} in {took}", self.name);
        if let Some(reason) = &self.reason {
            message.push_str(": ");
            message.push_str(reason);
        }
        message.into()
    }
}

impl CallFinished {
    /// What an operator may not do.
    pub fn denied(principal: Arc<str>, kind: &'static str, endpoint: &str) -> Self {
        Self {
            call: CallId::next(),
            session: None,
            principal,
            client: String::new(),
            kind,
            name: endpoint.into(),
            server: None,
            outcome: CallOutcome::Denied,
            reason: None,
            rule: None,
            took: Duration::ZERO,
            request_bytes: 0,
            reply_bytes: 0,
            origin: CallOrigin::default(),
            noted: None,
        }
    }

    fn field(&self) -> &'static str {
        match self.kind {
            "prompt" => "PROMPT",
            "resource" | "subscription" => "RESOURCE",
            "completion" => "REFERENCE",
            "task" => "TASK",
            "tasks" | "log_level" | "roots" => "METHOD",
            "administration" => "ENDPOINT",
            _ => "TOOL",
        }
    }

    pub fn micros(&self) -> u64 {
        u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX)
    }

    /// With everything that a call can have.
    #[cfg(test)]
    pub fn example() -> Self {
        Self {
            call: CallId::next(),
            session: SessionId::parse("00000000000000000000000000000007"),
            principal: "user 1000".into(),
            client: "c 1".to_owned(),
            kind: "tool",
            name: "a__b".into(),
            server: ServerName::parse("a").ok(),
            outcome: CallOutcome::ToolError,
            rule: None,
            reason: Some("it said no".to_owned()),
            took: Duration::from_micros(1500),
            request_bytes: 10,
            reply_bytes: 20,
            origin: CallOrigin {
                via: Some("link"),
                request: Some("7".into()),
                trace: Some("0af7651916cd43dd8448eb211c80319c".into()),
                arguments: None,
                is_listed: true,
                is_inner: false,
            },
            noted: None,
        }
    }
}
