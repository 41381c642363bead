//! Phase 9 of a call: the result as this client is to read it.
//!
//! A text that holds JSON is written in the client's format. A result that is larger than the client
//! wants is kept ([`crate::results`]); the client gets its beginning, its shape and the way to the
//! rest. Neither touches errors, images, or a result that a tool's `outputSchema` describes, and
//! neither makes a result longer.

use std::borrow::Cow;
use std::sync::Arc;

use super::call::Call;
use super::hub::Hub;
use super::prepare::owner;
use crate::base::{ServerName, large};
use crate::json::{Doc, Json, JsonKind, Slice};
use crate::render::preview::{NextPart, preview, preview_text};
use crate::render::{TextFormat, format};
use crate::results::Results;
use crate::servers::Item;
use crate::settings::{ServerConfig, View};
use crate::targets::locate::Located;
use crate::wire::{Kind, Message, Payload, translate};

/// How much of a client's limit the beginning of a result takes, and how much it has in any case and at the
/// most, in bytes: what a model needs to see what it is, about a thousand tokens.
const PREVIEW_SHARE: usize = 4;
const PREVIEW_MIN: usize = 1024;
pub const PREVIEW_MAX: usize = 4096;
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
pub(super) struct FitLimits {
    format: TextFormat,
    max_result: usize,
}

/// The limits of a client with this view. `None`: the result is not to be touched.
pub(super) fn limits(view: &View, located: &Located<'_>) -> Option<FitLimits> {
    let item = located.item.filter(|item| !item.has_output_schema)?;
    let max_result = max_result(view, &located.server.config, item);
    Some(FitLimits { format: view.output_format, max_result })
}

impl FitLimits {
    /// Whether anything of a response could be for them.
    pub(super) fn touch(self, response: &Payload) -> bool {
        touches(self.format, self.max_result, response.len())
    }

    /// The reader of a call's result.
    pub(super) fn reader(self, hub: &Hub, call: &Call, located: &Located<'_>) -> Reader {
        Reader {
            owner: owner(&call.caller.principal),
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
    let is_whole = view.is_whole || config.policy.whole_results.allow(&item.name);
    if is_whole { 0 } else { config.policy.max_result.unwrap_or(view.max_result) }
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
        let result = Doc::read(message.shared(*at)).ok()?;
        let result = result_for(&reader, result.root(), message.at(*at).len())?;
        Some(translate::result(message.id().unwrap_or("null"), &result))
    };
    let done = large::beside(original.len(), work).await;
    done.flatten().unwrap_or_else(|| original.into())
}

/// The result as the reader wants it, as JSON; `None`: as it is. `len`: of its text. May write to a
/// disk.
pub fn result_for(reader: &Reader, result: Slice<'_>, len: usize) -> Option<String> {
    if result.get("isError").is_some_and(Slice::is_true) {
        return None;
    }
    let content = result.get("content").filter(|content| content.is_array())?;
    let texts: usize = content.items().filter_map(said).map(Slice::len).sum();
    let structured = result.get("structuredContent").map_or(0, Slice::len);
    if reader.max_result > 0 && texts + structured > reader.max_result {
        return shortened(reader, result, content, len);
    }
    formatted(reader, result, content)
}

/// What an item says in words: its text, or that of the resource in it.
fn said(item: Slice<'_>) -> Option<Slice<'_>> {
    let holder = if is_text(item) { item } else { item.get("resource")? };
    holder.get("text").filter(|text| text.is_string())
}

fn is_text(item: Slice<'_>) -> bool {
    item.get("type").is_some_and(|kind| kind.says("text"))
}

/// The result with JSON in its texts in the reader's format, where that is shorter.
fn formatted(reader: &Reader, result: Slice<'_>, content: Slice<'_>) -> Option<String> {
    if reader.format == TextFormat::Json {
        return None;
    }
    let formatted = content.items().map(|item| {
        let text = item.get("text").filter(|_| is_text(item))?.text()?;
        let value = Json::parse(&text).ok().filter(|value| !matches!(value, Json::String(_)))?;
        let written = format::text(&value, reader.format);
        (written.len() < text.len()).then(|| with(item.to_json_or_text(), "text", written.into()))
    });
    let formatted: Vec<Option<Json>> = formatted.collect();
    if formatted.iter().all(Option::is_none) {
        return None;
    }
    let items = content.items().zip(formatted);
    let items = items.map(|(item, formatted)| match formatted {
        Some(formatted) => formatted.to_string().into(),
        None => item.as_str().into(),
    });
    Some(with_content(result, items, true))
}

/// What a stored result holds: `structuredContent`, else the one text as JSON or as it is, else a list of
/// all texts; the whole result where there is none. Images are no part of it.
pub fn data(result: Slice<'_>) -> Doc {
    if let Some(structured) = result.get("structuredContent") {
        return structured.to_doc();
    }
    let content = result.get("content").into_iter().flat_map(Slice::items);
    let texts: Vec<Doc> = content.filter_map(said).map(opened).collect();
    match &texts[..] {
        [] => result.to_doc(),
        [only] => only.clone(),
        several => {
            let list: Vec<&str> = several.iter().map(|text| &**text.text()).collect();
            Doc::read(format!("[{}]", list.join(","))).unwrap_or_else(|_| result.to_doc())
        }
    }
}

/// A text as the JSON that it holds, or as it is.
fn opened(text: Slice<'_>) -> Doc {
    let value = text.shared_text().and_then(|said| Doc::read(said).ok());
    let value = value.filter(|value| value.root().kind() != JsonKind::String);
    value.unwrap_or_else(|| text.to_doc())
}

fn shortened(reader: &Reader, result: Slice<'_>, content: Slice<'_>, len: usize) -> Option<String> {
    let data = data(result);
    let reference = store(reader, &data);
    let budget = (reader.max_result / PREVIEW_SHARE).clamp(PREVIEW_MIN, PREVIEW_MAX);
    let envelope = envelope(reader, data.root(), reference.as_deref(), budget);
    let text = format::text(&envelope, reader.format);
    let item = Json::object([("type", "text".into()), ("text", text.into())]).to_string();
    let others = content.items().filter(|item| said(*item).is_none());
    let items = std::iter::once(item.into()).chain(others.map(|item| item.as_str().into()));
    let short = with_content(result, items, false);
    (short.len() < len).then_some(short)
}

/// Keeps data for a reader and returns the reference; `None` if it is too large. May write to a disk.
pub fn store(reader: &Reader, data: &Doc) -> Option<String> {
    let bytes = data.text().clone().into_bytes();
    let kept = reader.results.keep(&reader.owner, &reader.tool, bytes);
    kept.map(|reference| reference.to_string())
}

/// What stands for data that is too large: its beginning, its shape, and how to read on.
pub fn envelope(reader: &Reader, data: Slice<'_>, reference: Option<&str>, budget: usize) -> Json {
    let shown = preview(data, budget);
    let text = data.text();
    let (beginning, next) = match &text {
        Some(text) => {
            let beginning = preview_text(text, budget);
            let same = text.chars().zip(beginning.chars()).take_while(|(a, b)| a == b).count();
            (beginning.into(), NextPart { offset: same, ..NextPart::default() })
        }
        None => (shown.value, shown.next),
    };
    let mut about = vec![("truncated", true.into())];
    about.extend(reference.map(|reference| ("ref", reference.into())));
    about.push(("tool", (&*reader.tool).into()));
    about.extend(reader.server.as_ref().map(|server| ("server", server.as_str().into())));
    about.push(("originalBytes", text.map_or(data.len(), |text| text.len()).into()));
    about.push(("previewBytes", beginning.len().into()));
    about.push(("shape", shown.shape));
    match reference {
        Some(reference) => {
            let mut arguments = vec![("ref", reference.into())];
            if !next.path.is_whole() {
                arguments.push(("path", next.path.to_string().into()));
            }
            arguments.extend([("offset", next.offset.into()), ("limit", PAGE.into())]);
            let arguments = Json::object(arguments);
            let retrieval = [("tool", "callmux_get_result".into()), ("arguments", arguments)];
            about.push(("retrieval", Json::object(retrieval)));
            about.push(("message", "This is the beginning; `retrieval` reads on, and callmux_get_result takes path, fields, search, filter.".into()));
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

/// The result with these items for its content.
fn with_content<'a>(
    result: Slice<'a>,
    items: impl Iterator<Item = Cow<'a, str>>,
    is_structured: bool,
) -> String {
    let items = items.collect::<Vec<_>>().join(",");
    let mut out = String::from("{");
    let mut items = Some(items);
    for (name, value) in result.members() {
        let is_content = name.says("content");
        let is_left_out =
            is_content && items.is_none() || !is_structured && name.says("structuredContent");
        if is_left_out {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        match items.take_if(|_| is_content) {
            Some(items) => out.push_str(&format!("\"content\":[{items}]")),
            None => out.push_str(name.through(value)),
        }
    }
    out.push('}');
    out
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
