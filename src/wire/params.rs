//! What of a request's parameters we read or replace, found once.

use std::borrow::Cow;

use super::error::RpcError;
use super::log_level::LogLevel;
use super::message::Message;
use super::meta::Meta;
use super::method::Method;
use super::object::{self, Span};
use super::revision::Era;

/// What kind of thing a request is about. It decides which server gets the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Tool,
    Prompt,
    Resource,
    /// `completion/complete` for a prompt's argument.
    PromptReference,
    /// `completion/complete` for a variable of a resource template.
    TemplateReference,
    Task,
}

impl Target {
    /// What requests of this method are about. For completions their parameters decide.
    fn of(method: &Method) -> Option<Self> {
        match method {
            Method::ToolsCall => Some(Self::Tool),
            Method::PromptsGet => Some(Self::Prompt),
            Method::ResourcesRead | Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
                Some(Self::Resource)
            }
            Method::Complete => Some(Self::PromptReference),
            Method::TasksGet | Method::TasksResult | Method::TasksCancel | Method::TasksUpdate => {
                Some(Self::Task)
            }
            _ => None,
        }
    }

    /// Which member says it, for people.
    fn member(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
            Self::PromptReference => "ref.name",
            Self::TemplateReference => "ref.uri",
            Self::Task => "taskId",
        }
    }

    /// The member of `params` that is read for it.
    fn key(self) -> &'static str {
        match self {
            Self::PromptReference | Self::TemplateReference => "ref",
            target => target.member(),
        }
    }
}

/// Where the parts of `params` lie that matter to us.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The position behind the opening brace of `params`; `None` without `params`.
    inside: Option<u32>,
    target: Option<Target>,
    /// The name, URI or id of the target.
    name: Option<Span>,
    arguments: Option<Span>,
    /// What is wrong with a member that is there.
    wrong: Option<&'static str>,
    /// The call is to run as a task (2025-11-25, "Tasks").
    as_task: bool,
    input_responses: Option<Span>,
    request_state: Option<Span>,
    is_mixed: bool,
    meta: Option<Span>,
    version: Option<Span>,
    client_info: Option<Span>,
    client_capabilities: Option<Span>,
    progress_token: Option<Span>,
    log_level: Option<LogLevel>,
}

impl Head {
    /// Whether the request brings a state (2026-07-28, "Multi Round-Trip Requests").
    pub fn has_state(&self) -> bool {
        self.request_state.is_some()
    }

    /// Reads the head of any message; one without `params` has an empty one.
    pub fn parse(message: &Message) -> Result<Self, RpcError> {
        let target = message.method().and_then(Target::of);
        let Some(params) = message.params() else {
            return Ok(Self { target, ..Self::default() });
        };
        let key = target.map_or("name", Target::key);
        let names =
            [key, "arguments", "_meta", "task", "inputResponses", "requestState", "argument"];
        let [named, arguments, meta, task, responses, state, argument] =
            object::members(params, names)
                .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))?;
        let (target, name) = match target {
            Some(Target::PromptReference) => reference(named)?,
            target => (target, named),
        };
        let text = message.text();
        let span = |part: &str| Span::of(part, text);
        let found = meta.map(Meta::parse).transpose()?.unwrap_or_default();
        let (of_era, is_mixed) = match found.version {
            None => (wrong_task(task), responses.or(state).is_some()),
            Some(_) => (wrong_round(responses, state), task.is_some()),
        };
        let completes = matches!(target, Some(Target::PromptReference | Target::TemplateReference));
        let of_target = if completes { wrong_argument(argument) } else { wrong_object(arguments) };
        Ok(Self {
            inside: Some(span(params).start + 1),
            target,
            name: name.map(span),
            arguments: arguments.map(span),
            wrong: of_target.or(of_era),
            as_task: found.version.is_none() && task.is_some_and(object::is_object),
            input_responses: responses.map(span),
            request_state: state.map(span),
            is_mixed,
            meta: meta.map(span),
            version: found.version_at.map(span),
            client_info: found.client_info.map(span),
            client_capabilities: found.client_capabilities.map(span),
            progress_token: found.progress_token.map(span),
            log_level: found.log_level,
        })
    }

    /// The era the sender speaks: only a modern sender names its revision in every request.
    pub fn era(&self) -> Era {
        if self.version.is_some() { Era::Modern } else { Era::Legacy }
    }

    /// The members of `_meta`, of the message this head was read from.
    pub fn meta<'a>(&self, message: &'a Message) -> Meta<'a> {
        let at = |span: Option<Span>| span.map(|span| message.at(span));
        let version_at = at(self.version);
        Meta {
            version: version_at.and_then(object::string),
            version_at,
            client_info: at(self.client_info),
            client_capabilities: at(self.client_capabilities),
            progress_token: at(self.progress_token),
            log_level: self.log_level,
        }
    }

    /// `clientInfo`, if the request has one.
    pub fn client_info<'a>(&self, message: &'a Message) -> Option<&'a str> {
        self.client_info.map(|span| message.at(span))
    }

    /// The trace that the request is a part of, if its `traceparent` says so (W3C Trace Context, 3.2.2).
    pub fn trace_id<'a>(&self, message: &'a Message) -> Option<&'a str> {
        let parent = object::get(self.meta_text(message)?, "traceparent")?;
        let mut parts = parent.strip_prefix('"')?.strip_suffix('"')?.split('-');
        let (version, trace) = (parts.next()?, parts.next()?);
        let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (version.len() == 2 && is_hex(version) && trace.len() == 32 && is_hex(trace))
            .then_some(trace)
    }

    /// `_meta`, as it is written.
    pub fn meta_text<'a>(&self, message: &'a Message) -> Option<&'a str> {
        self.meta.map(|meta| message.at(meta))
    }

    /// What the request is about, if it is for one server.
    pub fn target(&self) -> Option<Target> {
        self.target
    }

    /// Whether the target's name, as it is written, begins so.
    pub fn begins_with(&self, message: &Message, prefix: &str) -> bool {
        self.name.is_some_and(|at| {
            message.at(at).strip_prefix('"').is_some_and(|name| name.starts_with(prefix))
        })
    }

    /// What is needed to pass the request on, of the message this head was read from.
    pub fn request<'a>(&self, message: &'a Message) -> Result<RequestParams<'a>, RpcError> {
        let wrong = |what: &str| Err(RpcError::invalid_params(what));
        let Some(inside) = self.inside else { return wrong("`params` is missing") };
        let Some(target) = self.target else { return wrong("`params` names nothing") };
        let Some(name_at) = self.name else {
            return wrong(&format!("`params.{}` is missing", target.member()));
        };
        let Some(name) = object::string(message.at(name_at)) else {
            return wrong(&format!("`params.{}` must be a string", target.member()));
        };
        if let Some(what) = self.wrong {
            return wrong(what);
        }
        let at = |span: Option<Span>| span.map(|span| message.at(span));
        Ok(RequestParams {
            target,
            name,
            name_at,
            arguments: at(self.arguments),
            as_task: self.as_task,
            input_responses: at(self.input_responses),
            request_state: at(self.request_state),
            is_mixed: self.is_mixed,
            meta: at(self.meta),
            progress_token: at(self.progress_token),
            inside,
        })
    }
}

fn is_object_or_null(json: Option<&str>) -> bool {
    json.is_none_or(|json| json == "null" || object::is_object(json))
}

fn wrong_object(arguments: Option<&str>) -> Option<&'static str> {
    (!is_object_or_null(arguments)).then_some("`params.arguments` must be an object")
}

fn wrong_task(task: Option<&str>) -> Option<&'static str> {
    (!is_object_or_null(task)).then_some("`params.task` must be an object")
}

/// What a client says to go on with a call (2026-07-28, "Multi Round-Trip Requests").
fn wrong_round(responses: Option<&str>, state: Option<&str>) -> Option<&'static str> {
    if !is_object_or_null(responses) {
        return Some("`params.inputResponses` must be an object");
    }
    let is_text = state.is_none_or(|json| json == "null" || json.starts_with('"'));
    (!is_text).then_some("`params.requestState` must be a string")
}

/// What is to be completed (2025-11-25 and 2026-07-28, "Completion").
fn wrong_argument(argument: Option<&str>) -> Option<&'static str> {
    let Some(argument) = argument.filter(|json| object::is_object(json)) else {
        return Some("`params.argument` must be an object");
    };
    let members = object::members(argument, ["name", "value"]).unwrap_or_default();
    let are_texts = members.iter().flatten().filter(|json| json.starts_with('"')).count() == 2;
    (!are_texts).then_some("`params.argument` must have two strings: name, value")
}

/// What `params.ref` of `completion/complete` refers to, and where its name is.
fn reference(json: Option<&str>) -> Result<(Option<Target>, Option<&str>), RpcError> {
    let json = json.ok_or_else(|| RpcError::invalid_params("`params.ref` is missing"))?;
    let [kind, name, uri] = object::members(json, ["type", "name", "uri"])
        .map_err(|error| RpcError::invalid_params(format!("`params.ref`: {error}")))?;
    match kind.and_then(object::string).as_deref() {
        Some("ref/prompt") => Ok((Some(Target::PromptReference), name)),
        Some("ref/resource") => Ok((Some(Target::TemplateReference), uri)),
        _ => Err(RpcError::invalid_params(
            "`params.ref.type` must be \"ref/prompt\" or \"ref/resource\"",
        )),
    }
}

/// The parameters of a request that is passed on to a server.
#[derive(Debug, Clone)]
pub struct RequestParams<'a> {
    pub target: Target,
    /// The target's name, URI or id, without quotes and escapes.
    pub name: Cow<'a, str>,
    pub name_at: Span,
    /// What the target is given: an object, or `null`.
    pub arguments: Option<&'a str>,
    /// The call is to run as a task (2025-11-25, "Tasks").
    pub as_task: bool,
    /// What a client answered in the round before (2026-07-28, "Multi Round-Trip Requests").
    pub input_responses: Option<&'a str>,
    pub request_state: Option<&'a str>,
    /// It has members that mean something in the other era alone.
    pub is_mixed: bool,
    /// The whole `_meta` object.
    pub meta: Option<&'a str>,
    pub progress_token: Option<&'a str>,
    /// The position behind the opening brace of `params`.
    pub inside: u32,
}

#[cfg(test)]
mod tests;
