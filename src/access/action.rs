//! Who wants what, as the gate is asked.

use crate::base::{Principal, ServerName};
use crate::settings::access::ToolHint;

/// Who wants something, as one request shows it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub principal: &'a Principal,
    /// What the client calls itself. That narrows and proves nothing.
    pub client: ClientName<'a>,
}

/// The name of a client, read only if somebody asks for it.
#[derive(Debug, Clone, Copy)]
pub enum ClientName<'a> {
    Read(&'a str),
    /// In this `clientInfo`, as JSON.
    In(&'a str),
}

/// A longer name of a client is none, in bytes: it would be kept.
const CLIENT_NAME_MAX: usize = 256;
/// The longest `clientInfo` that is read for its name, in bytes.
const CLIENT_INFO_MAX: usize = 16 << 10;

impl ClientName<'_> {
    /// Empty if it has none.
    pub(super) fn read(self) -> Box<str> {
        #[derive(serde::Deserialize)]
        struct Info {
            name: Box<str>,
        }
        let name = match self {
            Self::Read(name) if name.len() <= CLIENT_NAME_MAX => name.into(),
            Self::In(json) if json.len() <= CLIENT_INFO_MAX => {
                serde_json::from_str(json).map(|info: Info| info.name).unwrap_or_default()
            }
            Self::Read(_) | Self::In(_) => Box::default(),
        };
        Some(name).filter(|name| name.len() <= CLIENT_NAME_MAX).unwrap_or_default()
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    pub kind: ActionKind,
    /// Whom it is done to; `None`: callmux itself.
    pub server: Option<&'a ServerName>,
    /// The server's own name, URI or id of what it is done to; empty for what is about the server as
    /// a whole.
    pub target: &'a str,
    /// The name that clients see, of a tool or a prompt; of anything else the same.
    pub name: &'a str,
    /// What is believed of what its server says of a tool.
    pub hints: ToolHints,
}

/// What a tool's annotations say that a trusted server gave it (2025-11-25, `ToolAnnotations`). Of any other tool
/// the worst is assumed, as of one of which nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToolHints {
    /// A call changes nothing.
    pub is_read_only: bool,
    /// A second call has no further effect. That is so of a tool that is read-only, too.
    pub is_idempotent: bool,
}

impl ToolHints {
    /// Whether this one is among them.
    pub(super) fn say(self, hint: ToolHint) -> bool {
        match hint {
            ToolHint::ReadOnly => self.is_read_only,
            ToolHint::Idempotent => self.is_idempotent,
        }
    }
}

impl<'a> Action<'a> {
    /// What is known by one name.
    pub fn new(kind: ActionKind, server: Option<&'a ServerName>, target: &'a str) -> Self {
        Self { kind, server, target, name: target, hints: ToolHints::default() }
    }

    /// What is about a server as a whole.
    pub fn of_server(kind: ActionKind, server: &'a ServerName) -> Self {
        Self::new(kind, Some(server), "")
    }

    /// Whether it is about its server as a whole.
    pub(super) fn is_of_server(&self) -> bool {
        self.target.is_empty() && self.name.is_empty()
    }

    /// The same, of a tool of which this is believed.
    #[must_use]
    pub fn hinted(self, hints: ToolHints) -> Self {
        Self { hints, ..self }
    }

    /// The same, with the name that clients see.
    #[must_use]
    pub fn shown_as(self, name: &'a str) -> Self {
        Self { name, ..self }
    }
}

/// What an action is about. The journal calls it by [`ActionKind::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// `tools/call`
    Tool,
    /// `prompts/get`
    Prompt,
    /// `resources/read`
    Resource,
    /// `completion/complete` of a prompt's arguments
    PromptCompletion,
    /// `completion/complete` of a template's parameters
    ResourceCompletion,
    /// `tasks/get`, `tasks/result`, `tasks/update` and `tasks/cancel`
    Task,
    /// `tasks/list`
    Tasks,
    /// `resources/subscribe`, and the resources of `subscriptions/listen`
    Subscription,
    /// `logging/setLevel`
    LogLevel,
    /// `notifications/roots/list_changed`
    Roots,
    /// What operators ask of the daemon; the target is the path of the endpoint.
    Administration,
}

impl ActionKind {
    pub const ALL: [Self; 11] = [
        Self::Tool,
        Self::Prompt,
        Self::Resource,
        Self::PromptCompletion,
        Self::ResourceCompletion,
        Self::Task,
        Self::Tasks,
        Self::Subscription,
        Self::LogLevel,
        Self::Roots,
        Self::Administration,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::PromptCompletion | Self::ResourceCompletion => "completion",
            Self::Task => "task",
            Self::Tasks => "tasks",
            Self::Subscription => "subscription",
            Self::LogLevel => "log_level",
            Self::Roots => "roots",
            Self::Administration => "administration",
        }
    }

    /// Whether a rule can want a person to be asked about it.
    pub(super) fn is_asked_about(self) -> bool {
        matches!(self, Self::Tool | Self::Prompt | Self::Resource)
    }

    /// Whether it has a place among those that may be open at once. A subscription is a stream.
    pub(super) fn has_a_place(self) -> bool {
        self.is_call() && self != Self::Subscription
    }

    /// Whether it may be what ends others, which would wait for it.
    pub(super) fn ends_others(self) -> bool {
        self == Self::Task
    }

    /// Whether it is one of the calls that limits are about: a request that one server gets because
    /// a client asks for it.
    pub(super) fn is_call(self) -> bool {
        !matches!(self, Self::Tasks | Self::LogLevel | Self::Roots | Self::Administration)
    }
}

/// The subject may not do this, nor know of it: whoever asks is told what they would be told if
/// there were no such thing. Why is for the journal, which tells it to nobody who may not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the access rules deny it")]
    Always,
    #[error("the access rule {0} denies it")]
    Rule(Box<str>),
    #[error("no access rule allows it")]
    Unmatched,
    #[error("its token was revoked or has expired")]
    Token,
}

impl Denied {
    /// The rule that denies it, if one does by itself.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Rule(id) => Some(id),
            Self::Always | Self::Unmatched | Self::Token => None,
        }
    }
}
