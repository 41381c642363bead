//! What is too long of a definition.

use std::borrow::Cow;

use super::shortened::{TEXT_MAX, shortened};
use crate::wire::{Span, object};

/// Bytes of a definition. The largest that are known, generated of whole APIs, have some 100 KiB.
pub const DEFINITION_MAX: usize = 256 * 1024;

/// The definition without what is too long of it, and what that was.
pub fn slim(definition: &str) -> Result<(Cow<'_, str>, Vec<String>), serde_json::Error> {
    if definition.len() <= TEXT_MAX {
        return Ok((Cow::Borrowed(definition), Vec::new()));
    }
    let names = ["title", "description", "icons"];
    let [title, description, icons] = object::members(definition, names)?;
    let (mut edits, mut cut) = (Vec::new(), Vec::new());
    for (name, raw) in [("title", title), ("description", description)] {
        // One that is no text is none to a reader either, and the size of the whole has a bound.
        let Some((raw, text)) = raw.and_then(|raw| Some((raw, object::string(raw)?))) else {
            continue;
        };
        if let (short, Some(remark)) = shortened(name, &text) {
            edits.push((Span::of(raw, definition), serde_json::Value::from(&*short).to_string()));
            cut.push(remark);
        }
    }
    let removed: usize =
        edits.iter().map(|(at, text)| at.range().len().saturating_sub(text.len())).sum();
    if definition.len() - removed > DEFINITION_MAX
        && let Some(icons) = icons
    {
        edits.push((Span::of(icons, definition), "[]".to_owned()));
        cut.push(format!("its icons have {} bytes and are left out", icons.len()));
    }
    if edits.is_empty() {
        return Ok((Cow::Borrowed(definition), cut));
    }
    edits.sort_by_key(|(at, _)| at.start);
    let (mut slim, mut position) = (String::new(), 0);
    for (at, text) in edits {
        slim.push_str(&definition[position..at.range().start]);
        slim.push_str(&text);
        position = at.range().end;
    }
    slim.push_str(&definition[position..]);
    Ok((Cow::Owned(slim), cut))
}
