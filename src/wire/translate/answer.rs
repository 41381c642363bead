//! A server's answer in the client's era.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::member;
use super::tasks;
use crate::wire::error::code;
use crate::wire::message::{Kind, Message};
use crate::wire::object::{self, Span};
use crate::wire::params::Target;
use crate::wire::payload::Payload;
use crate::wire::revision::Era;
use crate::wire::splice::Splice;

/// What is known of the request that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The client's id, as written.
    pub id: &'a str,
    pub client: Era,
    pub server: Era,
    pub target: Target,
    /// Put before ids of tasks; `None` where the answer can have none.
    pub task_prefix: Option<&'a str>,
}

/// What a server's answer is for the client that asked.
#[derive(Debug)]
pub enum Answer {
    /// The answer, ready to send.
    Ready(Payload),
    /// The server asks for more input (2026-07-28, multi-round-trip requests) and the client's
    /// revision has no way to be asked like that.
    InputRequired,
}

/// A server's answer, under the client's id and in the client's era. What only we say is left out.
pub fn answer(message: &Message, asked: Asked<'_>) -> Answer {
    let mut own = own_words(message);
    if asked.client == Era::Legacy {
        own.extend(unreadable(message));
    }
    if !own.is_empty() {
        let splice =
            own.into_iter().fold(message.splice(), |splice, (at, with)| splice.replace(at, with));
        if let Ok(message) = Message::parse(&splice.finish().into_bytes()) {
            return in_era(&message, asked);
        }
    }
    in_era(message, asked)
}

/// What a server's result has in `_meta` under names that are ours (2025-06-18, "General fields"): what
/// stands there in place of it. A client is to believe what it reads under them.
fn own_words(message: &Message) -> Vec<(Span, String)> {
    let Kind::Result { result, .. } = message.kind() else { return Vec::new() };
    let text = message.at(*result);
    if HINTS.iter().all(|hint| hint.find(text.as_bytes()).is_none()) {
        return Vec::new();
    }
    let metas = object::all(text).into_iter().filter(|(name, _)| name == "_meta");
    let without = metas.filter_map(|(_, meta)| {
        let members = object::all(meta);
        let is_own = |name: &str| name.starts_with(OWN_PREFIX);
        members.iter().any(|(name, _)| is_own(name)).then(|| {
            let others = members.iter().filter(|(name, _)| !is_own(name));
            let others =
                others.map(|(name, value)| format!("{}:{value}", serde_json::Value::from(&**name)));
            let others: Vec<String> = others.collect();
            (Span::of(meta, message.text()), format!("{{{}}}", others.join(",")))
        })
    });
    without.collect()
}

/// A `structuredContent` that is no object, and what stands there for a legacy client: nothing, or its text
/// where the result has no other content. Before 2026-07-28 it is an object, and clients refuse another.
fn unreadable(message: &Message) -> Option<(Span, String)> {
    let Kind::Result { result, .. } = message.kind() else { return None };
    let text = message.at(*result);
    let is_odd = |at: usize| {
        let rest = text[at + STRUCTURED_CONTENT.len() + 2..].trim_start();
        rest.strip_prefix(':').is_some_and(|value| !value.trim_start().starts_with('{'))
    };
    STRUCTURED.find_iter(text.as_bytes()).find(|at| is_odd(*at))?;
    let [content, structured] = object::members(text, ["content", STRUCTURED_CONTENT]).ok()?;
    let structured = structured.filter(|value| !object::is_object(value))?;
    let whole = member(message.text(), structured, STRUCTURED_CONTENT)?;
    if content.is_some() || structured == "null" {
        return Some((whole, String::new()));
    }
    let text = serde_json::Value::from(structured);
    let content = format!(r#""content":[{{"type":"text","text":{text}}}]"#);
    let comma = if message.text()[..whole.end as usize].ends_with(',') { "," } else { "" };
    let before = if message.text()[whole.range()].starts_with(',') { "," } else { "" };
    Some((whole, format!("{before}{content}{comma}")))
}

const STRUCTURED_CONTENT: &str = "structuredContent";
static STRUCTURED: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("\"structuredContent\""));

/// Where neither stands, no name is ours. A name can be written with escapes, too (RFC 8259, section 7).
static HINTS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["callmux", "\\u00"].map(Finder::new));

/// What the names of our own members of `_meta` begin with.
const OWN_PREFIX: &str = "callmux/";

fn in_era(message: &Message, asked: Asked<'_>) -> Answer {
    let is_same = asked.client == asked.server;
    match message.kind() {
        Kind::Result { .. } if is_same && asked.task_prefix.is_none() => {
            Answer::Ready(message.with_id(asked.id))
        }
        Kind::Result { id, result } => translate(message, *id, *result, asked),
        Kind::Error { id: Some(id), error } if !is_same => {
            let splice = message.splice().replace(*id, asked.id);
            Answer::Ready(error_code(splice, message, *error, asked).finish())
        }
        _ => Answer::Ready(message.with_id(asked.id)),
    }
}

fn translate(message: &Message, id: Span, result: Span, asked: Asked<'_>) -> Answer {
    let text = message.at(result);
    let names = ["resultType", "ttlMs", "cacheScope"];
    let Ok([kind_at, ttl, scope]) = object::members(text, names) else {
        return Answer::Ready(message.with_id(asked.id));
    };
    let kind = kind_at.and_then(object::string);
    if asked.client == Era::Legacy && kind.as_deref() == Some("input_required") {
        return Answer::InputRequired;
    }
    let mut splice = message.splice().replace(id, asked.id);
    let reads = asked.target == Target::Resource;
    match (asked.client, asked.server) {
        (Era::Modern, Era::Legacy) => {
            let mut added = Vec::new();
            match (&kind, kind_at) {
                (Some(_), _) => {}
                (None, None) => added.push(r#""resultType":"complete""#),
                (None, Some(other)) => {
                    splice = splice.replace(Span::of(other, message.text()), r#""complete""#);
                }
            }
            if reads && ttl.is_none() {
                added.push(r#""ttlMs":0"#);
            }
            if reads && scope.is_none() {
                added.push(r#""cacheScope":"private""#);
            }
            let comma = if added.is_empty() || super::is_empty_object(text) { "" } else { "," };
            splice = splice.insert(result.start + 1, added.join(",") + comma);
        }
        (Era::Legacy, Era::Modern) => {
            // Cache hints stay: a legacy result may have any further member.
            let whole = kind_at.and_then(|value| member(message.text(), value, names[0]));
            splice = match whole {
                Some(span) => splice.replace(span, ""),
                None => splice,
            };
        }
        _ => {}
    }
    if let Some(prefix) = asked.task_prefix {
        for id in tasks::ids_in_result(text) {
            splice = splice.replace(Span::of(id, message.text()), tasks::shown(prefix, id));
        }
    }
    Answer::Ready(splice.finish())
}

/// "Resource not found" has a code of its own only before 2026-07-28.
fn error_code<'a>(
    splice: Splice<'a>,
    message: &'a Message,
    error: Span,
    asked: Asked<'_>,
) -> Splice<'a> {
    let number = object::get(message.at(error), "code");
    let Some(number) = number.filter(|_| asked.target == Target::Resource) else { return splice };
    let code = match (asked.client, number.parse::<i64>()) {
        (Era::Modern, Ok(code::RESOURCE_NOT_FOUND)) => code::INVALID_PARAMS,
        (Era::Legacy, Ok(code::INVALID_PARAMS)) => code::RESOURCE_NOT_FOUND,
        _ => return splice,
    };
    splice.replace(Span::of(number, message.text()), code.to_string())
}
