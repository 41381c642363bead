//! The result of a call of a tool, as its client is to read it.

use std::borrow::Cow;

use bytestring::ByteString;

use super::Reader;
use super::envelope::{
    PREVIEW_MAX, PREVIEW_MIN, PREVIEW_SHARE, data, envelope, is_text, said, store,
};
use crate::json::{Doc, Json, Slice, compact};
use crate::render::{TextFormat, format};

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

/// The result with JSON in its texts in the reader's format, where that is shorter.
fn formatted(reader: &Reader, result: Slice<'_>, content: Slice<'_>) -> Option<String> {
    if reader.format == TextFormat::Verbatim {
        return None;
    }
    let formatted = content.items().map(|item| {
        let text = item.get("text").filter(|_| is_text(item))?.shared_text()?;
        let written = in_format(&text, reader.format)?;
        Some(with(item.to_json_or_text(), "text", written.into()))
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

/// A text that is an object or an array of JSON in this format, where that is shorter.
fn in_format(text: &ByteString, format: TextFormat) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let written = match format {
        TextFormat::Verbatim => return None,
        TextFormat::Json => Doc::read(text.clone()).ok().map(|doc| compact(doc.text()))?,
        TextFormat::Toon | TextFormat::Auto => format::text(&Json::parse(text).ok()?, format),
    };
    (written.len() < text.len()).then_some(written)
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
