//! What stands for a result that is too large: its beginning, its shape and the way to the rest.

use super::Reader;
use crate::json::{Doc, Json, JsonKind, Slice};
use crate::render::preview::{NextPart, preview, preview_text};
use crate::render::tokens::estimate;

/// How much of a client's limit the beginning of a result takes, and how much it has in any case and at the
/// most, in bytes.
pub(super) const PREVIEW_SHARE: usize = 4;
pub(super) const PREVIEW_MIN: usize = 1024;
pub const PREVIEW_MAX: usize = 4096;
/// How many tokens it has at the most, about: what a model needs to see what it is.
const PREVIEW_TOKENS: usize = 800;
/// Items of a page that a client is advised to read.
const PAGE: usize = 50;

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

/// Keeps data for a reader and returns the reference; `None` if it is too large. May write to a disk.
pub fn store(reader: &Reader, data: &Doc) -> Option<String> {
    let bytes = data.text().clone().into_bytes();
    let kept = reader.results.keep(&reader.owner, &reader.tool, bytes);
    kept.map(|reference| reference.to_string())
}

/// So many bytes, or as many as have about [`PREVIEW_TOKENS`]: digits and rare scripts have more in each byte.
fn within_tokens(text: &str, budget: usize) -> usize {
    let beginning = &text[..text.floor_char_boundary(budget)];
    let tokens = estimate(beginning).max(1);
    let allowed = budget * PREVIEW_TOKENS.min(tokens) / tokens;
    allowed.max(PREVIEW_MIN.min(budget))
}

/// What stands for data that is too large: its beginning, its shape, and how to read on.
pub fn envelope(reader: &Reader, data: Slice<'_>, reference: Option<&str>, budget: usize) -> Json {
    let budget = within_tokens(data.as_str(), budget);
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

/// What an item says in words: its text, or that of the resource in it.
pub(super) fn said(item: Slice<'_>) -> Option<Slice<'_>> {
    let holder = if is_text(item) { item } else { item.get("resource")? };
    holder.get("text").filter(|text| text.is_string())
}

pub(super) fn is_text(item: Slice<'_>) -> bool {
    item.get("type").is_some_and(|kind| kind.says("text"))
}
