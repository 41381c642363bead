//! From one era to the other: what is added, what is taken away. Pure functions on bytes.
//!
//! | from → to | request | result |
//! | --- | --- | --- |
//! | legacy client → legacy server | id, name, progress token | id |
//! | modern client → modern server | id, name, progress token | id |
//! | modern client → legacy server | id, name, progress token, `_meta` cut | id; `resultType`, for resources cache hints added |
//! | legacy client → modern server | id, name, progress token, `_meta` added | id; `resultType` removed |
//!
//! Of a modern client's `_meta` a legacy server gets what is not about the protocol itself.
//! Ids of tasks are the server's with its name before them.

mod answer;
mod notify;
pub mod rounds;
pub mod tasks;

use super::error::RpcError;
use super::message::{Kind, Message};
use super::meta;
use super::object::{self, Span};
use super::params::{Head, RequestParams};
use super::payload::Payload;
use super::revision::Revision;
use super::splice::Splice;

pub use answer::{Answer, Asked, answer};
pub use notify::{
    list_changed, progress, progress_token, resource_updated, subscription_id, task_status,
};

/// The `_meta` members that make a legacy client's request one that a modern server accepts.
///
/// Both are JSON objects. What a legacy client can answer is passed on: a modern server asks by
/// a multi-round result, which becomes requests to the client.
pub fn modern_meta(client_info: &str, client_capabilities: &str) -> String {
    format!(
        r#""{}":"{}","{}":{client_info},"{}":{client_capabilities}"#,
        meta::PROTOCOL_VERSION,
        Revision::MODERN,
        meta::CLIENT_INFO,
        meta::CLIENT_CAPABILITIES,
    )
}

/// What of a client's request is replaced before a server sees it.
#[derive(Debug, Clone, Copy)]
pub struct Rewrite<'a> {
    /// Our id; also the progress token, if the client wants progress.
    pub id: u64,
    /// The server's own name, URI or id for the target.
    pub name: &'a str,
    pub meta: Meta<'a>,
    /// Members that `params` lacks, each with a comma behind it (see [`rounds`]).
    pub members: &'a str,
    /// What stands in place of the client's arguments.
    pub arguments: Option<&'a str>,
}

/// What becomes of a request's `_meta`.
#[derive(Debug, Clone, Copy)]
pub enum Meta<'a> {
    AsItIs,
    /// For a modern server: it lacks these members (see [`modern_meta`]).
    Add(&'a str),
    /// For a legacy server: what says that the request is modern is left out.
    Legacy,
}

/// A client's request as a server is to see it.
pub fn request<'a>(
    message: &'a Message,
    params: &'a RequestParams<'a>,
    rewrite: Rewrite<'a>,
) -> Payload {
    let Kind::Request { id: id_at, .. } = message.kind() else { return message.payload() };
    if params.is_mixed
        && let Some(message) = without_the_other_era(message, rewrite.meta)
        && let Ok(params) = Head::parse(&message).and_then(|head| head.request(&message))
    {
        return request(&message, &params, rewrite);
    }
    let id = rewrite.id.to_string();
    let mut splice = message.splice().replace(*id_at, id.clone());
    if params.name != rewrite.name {
        let name = serde_json::Value::from(rewrite.name).to_string();
        splice = splice.replace(params.name_at, name);
    }
    if let (Some(written), Some(with)) = (params.arguments, rewrite.arguments) {
        splice = splice.replace(Span::of(written, message.text()), with);
    }
    if !rewrite.members.is_empty() {
        splice = splice.insert(params.inside, rewrite.members);
    }
    let meta = params.meta.and_then(|meta| match rewrite.meta {
        Meta::Legacy => Some((meta, "")),
        // A second member of a name would be for the server to choose from.
        Meta::Add(added) if has_modern(meta) => Some((meta, added)),
        _ => None,
    });
    if let Some((meta, added)) = meta {
        let at = Span::of(meta, message.text());
        return splice.replace(at, other_meta(meta, &id, added)).finish().on_one_line();
    }
    if let Some(token) = params.progress_token {
        splice = splice.replace(Span::of(token, message.text()), id);
    }
    let Meta::Add(added) = rewrite.meta else { return splice.finish().on_one_line() };
    add_meta(splice, message, params, added).finish().on_one_line()
}

/// What only a modern request says to go on with a call, and what only a legacy one says to begin a task.
const ROUND: [&str; 2] = ["inputResponses", "requestState"];
const TASK: [&str; 1] = ["task"];

/// The request without what means nothing in its sender's era and something in the server's.
fn without_the_other_era(message: &Message, meta: Meta<'_>) -> Option<Message> {
    let names: &[&str] = match meta {
        Meta::AsItIs => return None,
        Meta::Add(_) => &ROUND,
        Meta::Legacy => &TASK,
    };
    let params = message.params()?;
    let kept = object::all(params).into_iter().filter(|(name, _)| !names.contains(&&**name));
    let kept = kept.map(|(name, value)| format!("{}:{value}", serde_json::Value::from(&*name)));
    let kept = format!("{{{}}}", kept.collect::<Vec<_>>().join(","));
    let splice = message.splice().replace(Span::of(params, message.text()), kept);
    let rest = Message::parse(&splice.finish().into_bytes()).ok()?;
    (rest.params() != Some(params)).then_some(rest)
}

/// The members of `_meta` that say who a client is and what it can do.
const MODERN: [&str; 4] =
    [meta::PROTOCOL_VERSION, meta::CLIENT_INFO, meta::CLIENT_CAPABILITIES, meta::LOG_LEVEL];

fn has_modern(json: &str) -> bool {
    object::members(json, MODERN).is_ok_and(|found| found.iter().any(Option::is_some))
}

/// `added`, and the members that a legacy server can know, with `id` as the progress token. Some
/// servers take a request for a modern one by the others alone.
fn other_meta(json: &str, id: &str, added: &str) -> String {
    let kept = object::all(json).into_iter().filter(|(name, _)| !MODERN.contains(&&**name));
    let member = |(name, value): (std::borrow::Cow<'_, str>, &str)| {
        let value = if name == "progressToken" { id } else { value };
        format!("{}:{value}", serde_json::Value::from(&*name))
    };
    let added = Some(added.to_owned()).filter(|added| !added.is_empty());
    let members: Vec<String> = added.into_iter().chain(kept.map(member)).collect();
    format!("{{{}}}", members.join(","))
}

fn add_meta<'a>(
    splice: Splice<'a>,
    message: &Message,
    params: &RequestParams<'a>,
    added: &'a str,
) -> Splice<'a> {
    match params.meta {
        None => splice.insert(params.inside, format!(r#""_meta":{{{added}}},"#)),
        Some(meta) => {
            let inside = Span::of(meta, message.text()).start + 1;
            let empty = is_empty_object(meta);
            splice.insert(inside, format!("{added}{}", if empty { "" } else { "," }))
        }
    }
}

fn is_empty_object(json: &str) -> bool {
    json[1..].trim_start().starts_with('}')
}

/// The span of a whole member with the comma that belongs to it, found from its value. `None` if
/// the name is written in another way than `"name"`.
fn member(text: &str, value: &str, name: &str) -> Option<Span> {
    let at = Span::of(value, text);
    let quoted = format!("\"{name}\"");
    let before = text[..at.start as usize].trim_end().strip_suffix(':')?;
    let before = before.trim_end().strip_suffix(quoted.as_str())?;
    let after = &text[at.end as usize..];
    if let Some(rest) = after.trim_start().strip_prefix(',') {
        return Some(Span { start: Span::of(before, text).end, end: Span::of(rest, text).start });
    }
    let before = before.trim_end();
    let before = before.strip_suffix(',').unwrap_or(before);
    Some(Span { start: Span::of(before, text).end, end: at.end })
}

/// The id of the request that a `notifications/cancelled` names, as it is written.
pub fn cancelled_id(message: &Message) -> Option<&str> {
    object::get(message.params()?, "requestId")
}

/// `notifications/cancelled` for a request we sent to a server under `id`.
pub fn cancel(id: impl std::fmt::Display, reason: &str) -> Payload {
    let reason = serde_json::Value::from(reason);
    Payload::from(format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":{reason}}}}}"#
    ))
}

/// A response whose result we wrote ourselves.
pub fn result(id: &str, result: &str) -> Payload {
    Payload::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#))
}

/// A response with an error of ours.
pub fn refusal(id: &str, error: &RpcError) -> Payload {
    Payload::from(error.response(Some(id)))
}

#[cfg(test)]
mod tests;
