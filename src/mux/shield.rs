//! Phase 9 of a call: the result as this client is to read it.
//!
//! A text that holds JSON is written in the client's format. A result that is larger than the client
//! wants is kept ([`crate::results`]); the client gets its beginning, its shape and the way to the
//! rest. Neither touches errors, images, or a result that a tool's `outputSchema` describes, and
//! neither makes a result longer.

use super::hub::Hub;
use super::prepare::owner;
use crate::access::Principal;
use crate::config::View;
use crate::json::Json;
use crate::render::preview::{preview, preview_text};
use crate::render::{TextFormat, format};
use crate::wire::{Kind, Message, Payload, translate};

/// How much of a client's limit the beginning of a result takes.
const PREVIEW_SHARE: usize = 4;
const PREVIEW_MIN: usize = 1024;
/// Items of a page that a client is advised to read.
const PAGE: usize = 50;

/// Whose result it is, and how much of it they want.
#[derive(Debug)]
pub struct Reader<'a> {
    pub principal: &'a Principal,
    pub format: TextFormat,
    /// In bytes; 0: any.
    pub max_result: usize,
    /// As clients name it.
    pub tool: &'a str,
    pub server: Option<&'a str>,
}

impl<'a> Reader<'a> {
    /// The reader of a call's result, if anything of it could be for them.
    pub(super) fn of(
        view: &View,
        principal: &'a Principal,
        located: &'a super::locate::Located<'_>,
    ) -> Option<Self> {
        let (config, item) = (&located.server.config, located.item?);
        let is_whole = config.whole_results.allow(&item.name);
        let max_result = if is_whole { 0 } else { config.max_result.unwrap_or(view.max_result) };
        let server = Some(located.server.name.as_str());
        let reader = Self {
            principal,
            format: view.output_format,
            max_result,
            tool: &located.shown,
            server,
        };
        (!item.has_output_schema).then_some(reader)
    }

    /// Whether a response of this size can be left as it is without a look.
    pub(super) fn takes(&self, len: usize) -> bool {
        self.format == TextFormat::Json && (self.max_result == 0 || len <= self.max_result)
    }
}

/// The response with its result as the reader wants it.
pub(super) async fn response(hub: &Hub, reader: &Reader<'_>, response: Payload) -> Payload {
    let bytes = response.into_bytes();
    let Ok(message) = Message::parse(&bytes) else { return bytes.into() };
    let Kind::Result { result: at, .. } = message.kind() else { return bytes.into() };
    let Ok(result) = Json::parse(message.at(*at)) else { return bytes.into() };
    match result_for(hub, reader, result, message.at(*at).len()).await {
        Some(result) => translate::result(message.id().unwrap_or("null"), &result.to_string()),
        None => bytes.into(),
    }
}

/// The result as the reader wants it; `None`: as it is. `len`: of its text.
pub async fn result_for(hub: &Hub, reader: &Reader<'_>, result: Json, len: usize) -> Option<Json> {
    if result.get("isError").and_then(Json::as_bool) == Some(true) {
        return None;
    }
    let content = result.get("content")?.as_array()?;
    let is_text = |item: &Json| item.get("type").and_then(Json::as_str) == Some("text");
    let texts: usize = content.iter().filter(|item| is_text(item)).map(Json::len).sum();
    let structured = result.get("structuredContent").map_or(0, Json::len);
    if reader.max_result > 0 && texts + structured > reader.max_result {
        return shortened(hub, reader, &result, content, len).await;
    }
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
    let content = Json::Array(content.collect());
    Some(with(result.clone(), "content", content))
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

async fn shortened(
    hub: &Hub,
    reader: &Reader<'_>,
    result: &Json,
    content: &[Json],
    len: usize,
) -> Option<Json> {
    let data = data(result);
    let reference = store(hub, reader, &data).await;
    let budget = (reader.max_result / PREVIEW_SHARE).max(PREVIEW_MIN);
    let envelope = envelope(reader, &data, reference.as_deref(), len, budget);
    let text = format::text(&envelope, reader.format);
    let item = Json::object([("type", "text".into()), ("text", text.into())]);
    let others =
        content.iter().filter(|item| item.get("type").and_then(Json::as_str) != Some("text"));
    let content = std::iter::once(item).chain(others.cloned()).collect();
    let mut short = with(result.clone(), "content", Json::Array(content));
    if let Json::Object(members) = &mut short {
        members.retain(|(name, _)| name != "structuredContent");
    }
    (short.len() < len).then_some(short)
}

/// Keeps data for a reader and returns the reference; `None` if it is too large.
pub async fn store(hub: &Hub, reader: &Reader<'_>, data: &Json) -> Option<String> {
    let (results, owner, tool) =
        (hub.results.clone(), owner(reader.principal), reader.tool.to_owned());
    let text = data.to_string();
    let kept = tokio::task::spawn_blocking(move || results.keep(&owner, &tool, text)).await;
    kept.ok()?.map(|reference| reference.to_string())
}

/// What stands for data that is too large: its beginning, its shape, and how to read on.
pub fn envelope(
    reader: &Reader<'_>,
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
    about.push(("tool", reader.tool.into()));
    about.extend(reader.server.map(|server| ("server", server.into())));
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
