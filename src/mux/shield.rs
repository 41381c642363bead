//! Phase 9 of a call: the result as this client is to read it.
//!
//! A text that holds JSON is written in the client's format. A result that is larger than the client
//! wants is kept ([`crate::results`]); the client gets its beginning, its shape and the way to the
//! rest. Neither touches errors, images, or a result that a tool's `outputSchema` describes, and
//! neither makes a result longer.

use std::sync::Arc;

use super::call::Call;
use super::hub::Hub;
use super::locate::Located;
use super::prepare::owner;
use crate::base::ServerName;
use crate::config::{ServerConfig, View};
use crate::json::Json;
use crate::render::preview::{preview, preview_text};
use crate::render::{TextFormat, format};
use crate::results::Results;
use crate::servers::Item;
use crate::wire::{Kind, Message, Payload, translate};

/// How much of a client's limit the beginning of a result takes.
const PREVIEW_SHARE: usize = 4;
const PREVIEW_MIN: usize = 1024;
/// Items of a page that a client is advised to read.
const PAGE: usize = 50;

/// Whose result it is, and how much of it they want.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Under which name their results are kept ([`owner`]).
    pub owner: String,
    pub format: TextFormat,
    /// In bytes; 0: any.
    pub max_result: usize,
    /// As clients name it.
    pub tool: Arc<str>,
    pub server: Option<ServerName>,
    pub results: Results,
}

/// How the result of a call is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    format: TextFormat,
    max_result: usize,
}

/// The limits of a client with this view. `None`: the result is not to be touched.
pub(super) fn limits(view: &View, located: &Located<'_>) -> Option<Limits> {
    let item = located.item.filter(|item| !item.has_output_schema)?;
    let max_result = max_result(view, &located.server.config, item);
    Some(Limits { format: view.output_format, max_result })
}

impl Limits {
    /// Whether anything of a response could be for them.
    pub(super) fn touch(self, response: &Payload) -> bool {
        touches(self.format, self.max_result, response.len())
    }

    /// The reader of a call's result.
    pub(super) fn reader(self, hub: &Hub, call: &Call, located: &Located<'_>) -> Reader {
        Reader {
            owner: owner(&call.principal),
            format: self.format,
            max_result: self.max_result,
            tool: located.shown.clone(),
            server: Some(located.server.name.clone()),
            results: hub.results.clone(),
        }
    }
}

/// The largest result of a tool that a client with this view gets whole, in bytes; 0: any.
pub fn max_result(view: &View, config: &ServerConfig, item: &Item) -> usize {
    let is_whole = config.whole_results.allow(&item.name);
    if is_whole { 0 } else { config.max_result.unwrap_or(view.max_result) }
}

/// Does something with a large value beside the loop that serves everybody. `None`: the daemon ends.
pub async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

impl Reader {
    /// Whether anything of a result of this size could be for them.
    pub fn touches(&self, len: usize) -> bool {
        touches(self.format, self.max_result, len)
    }
}

fn touches(format: TextFormat, max_result: usize, len: usize) -> bool {
    format != TextFormat::Json || (max_result > 0 && len > max_result)
}

/// The response with its result as the reader wants it.
pub(super) async fn response(reader: Reader, response: Payload) -> Payload {
    let bytes = response.into_bytes();
    let original = bytes.clone();
    let work = move || {
        let message = Message::parse(&bytes).ok()?;
        let Kind::Result { result: at, .. } = message.kind() else { return None };
        let result = Json::parse(message.at(*at)).ok()?;
        let result = result_for(&reader, &result, message.at(*at).len())?;
        Some(translate::result(message.id().unwrap_or("null"), &result.to_string()))
    };
    beside(work).await.flatten().unwrap_or_else(|| original.into())
}

/// The result as the reader wants it; `None`: as it is. `len`: of its text. May write to a disk.
pub fn result_for(reader: &Reader, result: &Json, len: usize) -> Option<Json> {
    if result.get("isError").and_then(Json::as_bool) == Some(true) {
        return None;
    }
    let content = result.get("content")?.as_array()?;
    let texts: usize = content.iter().filter(|item| is_text(item)).map(Json::len).sum();
    let structured = result.get("structuredContent").map_or(0, Json::len);
    if reader.max_result > 0 && texts + structured > reader.max_result {
        return shortened(reader, result, content, len);
    }
    formatted(reader, result, content)
}

fn is_text(item: &Json) -> bool {
    item.get("type").and_then(Json::as_str) == Some("text")
}

/// The result with JSON in its texts in the reader's format, where that is shorter.
fn formatted(reader: &Reader, result: &Json, content: &[Json]) -> Option<Json> {
    if reader.format == TextFormat::Json {
        return None;
    }
    let formatted = content.iter().map(|item| {
        let text = item.get("text").and_then(Json::as_str).filter(|_| is_text(item))?;
        let value = Json::parse(text).ok().filter(|value| !matches!(value, Json::String(_)))?;
        let written = format::text(&value, reader.format);
        (written.len() < text.len()).then(|| with(item.clone(), "text", written.into()))
    });
    let formatted: Vec<Option<Json>> = formatted.collect();
    if formatted.iter().all(Option::is_none) {
        return None;
    }
    let content = content.iter().zip(formatted);
    let content = content.map(|(item, formatted)| formatted.unwrap_or_else(|| item.clone()));
    Some(with(result.clone(), "content", Json::Array(content.collect())))
}

/// What a stored result holds: `structuredContent`, else the one text as JSON or as it is, else the
/// whole result.
pub fn data(result: &Json) -> Json {
    if let Some(structured) = result.get("structuredContent") {
        return structured.clone();
    }
    match result.get("content").and_then(Json::as_array) {
        Some([only]) => match only.get("text").and_then(Json::as_str) {
            Some(text) => match Json::parse(text) {
                Ok(value) if !matches!(value, Json::String(_)) => value,
                _ => Json::from(text),
            },
            None => result.clone(),
        },
        _ => result.clone(),
    }
}

fn shortened(reader: &Reader, result: &Json, content: &[Json], len: usize) -> Option<Json> {
    let data = data(result);
    let reference = store(reader, &data);
    let budget = (reader.max_result / PREVIEW_SHARE).max(PREVIEW_MIN);
    let envelope = envelope(reader, &data, reference.as_deref(), len, budget);
    let text = format::text(&envelope, reader.format);
    let item = Json::object([("type", "text".into()), ("text", text.into())]);
    let others = content.iter().filter(|item| !is_text(item));
    let content = std::iter::once(item).chain(others.cloned()).collect();
    let mut short = with(result.clone(), "content", Json::Array(content));
    if let Json::Object(members) = &mut short {
        members.retain(|(name, _)| name != "structuredContent");
    }
    (short.len() < len).then_some(short)
}

/// Keeps data for a reader and returns the reference; `None` if it is too large. May write to a disk.
pub fn store(reader: &Reader, data: &Json) -> Option<String> {
    let kept = reader.results.keep(&reader.owner, &reader.tool, data.to_string());
    kept.map(|reference| reference.to_string())
}

/// What stands for data that is too large: its beginning, its shape, and how to read on.
pub fn envelope(
    reader: &Reader,
    data: &Json,
    reference: Option<&str>,
    len: usize,
    budget: usize,
) -> Json {
    let shown = preview(data, budget);
    let beginning = match data {
        Json::String(text) => preview_text(text, budget).into(),
        _ => shown.value,
    };
    let mut about = vec![("truncated", true.into())];
    about.extend(reference.map(|reference| ("ref", reference.into())));
    about.push(("tool", (&*reader.tool).into()));
    about.extend(reader.server.as_ref().map(|server| ("server", server.as_str().into())));
    about.push(("originalBytes", len.into()));
    about.push(("previewBytes", beginning.len().into()));
    about.push(("shape", shown.shape));
    match reference {
        Some(reference) => {
            let arguments = Json::object([
                ("ref", reference.into()),
                ("offset", 0_usize.into()),
                ("limit", PAGE.into()),
            ]);
            let retrieval = [("tool", "callmux_get_result".into()), ("arguments", arguments)];
            about.push(("retrieval", Json::object(retrieval)));
            about.push(("message", "This is the beginning; read on with callmux_get_result (path, fields, search, filter, offset).".into()));
        }
        None => {
            about.push(("retained", false.into()));
            about.push((
                "message",
                "This is the beginning; the rest was too large to be kept. Ask the tool for less."
                    .into(),
            ));
        }
    }
    Json::object([("_callmux", Json::object(about)), ("preview", beginning)])
}

/// The object with one member replaced.
fn with(object: Json, name: &str, value: Json) -> Json {
    let Json::Object(mut members) = object else { return object };
    match members.iter_mut().find(|(member, _)| member == name) {
        Some((_, old)) => *old = value,
        None => members.push((name.to_owned(), value)),
    }
    Json::Object(members)
}

#[cfg(test)]
mod tests;
