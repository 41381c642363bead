//! A change of a definition, as lines.
//!
//! A definition is written as a line for each value, under the path to it, with texts in quotes line by line: so white
//! space can be seen, and what a text says of characters is told from characters. What would not show is written as its
//! number when it is printed.

use std::collections::BTreeSet;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::base::visible::is_hidden;
use crate::json::Json;
use crate::pins::{Pin, PinKind, Pinned};
use crate::terminal::style::Style;

/// How long the smallest difference is looked for; then any does.
const PATIENCE: Duration = Duration::from_secs(2);
/// Lines that are shown around what differs.
const AROUND: usize = 2;
/// Kinds of characters that are named.
const HIDDEN_MAX: usize = 8;

/// A line, in parts.
pub(super) type DiffLine = Vec<(Style, String)>;

/// What changed, line by line.
pub(super) fn lines(pin: &Pin) -> Vec<DiffLine> {
    let values = |pinned: Option<&Pinned>| pinned.map_or_else(Vec::new, |it| values(pin.kind, it));
    let (old, new) = (values(pin.accepted.as_ref()), values(pin.now()));
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
    let diff = TextDiff::configure().timeout(PATIENCE).diff_slices(&old, &new);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if at > 0 {
            lines.push(vec![(Style::Dim, "  …".to_owned())]);
        }
        for change in group.iter().flat_map(|op| diff.iter_inline_changes(op)) {
            lines.push(line(change.tag(), change.values()));
        }
    }
    lines.extend(hidden(pin).map(|note| vec![(Style::Notable, note)]));
    lines
}

/// The same without colours.
pub fn diff_lines(pin: &Pin) -> Vec<String> {
    let plain = |line: DiffLine| line.into_iter().map(|(_, text)| text).collect();
    lines(pin).into_iter().map(plain).collect()
}

fn line(tag: ChangeTag, values: &[(bool, &str)]) -> DiffLine {
    let (mark, style) = match tag {
        ChangeTag::Equal => ("  ", Style::Plain),
        ChangeTag::Delete => ("- ", Style::Bad),
        ChangeTag::Insert => ("+ ", Style::Good),
    };
    // Where some words differ, those are coloured; where nothing is alike, the line.
    let has_words = values.iter().any(|(is_word, _)| *is_word);
    let part = |(is_word, text): &(bool, &str)| {
        let style = if has_words && !is_word { Style::Plain } else { style };
        (style, (*text).to_owned())
    };
    std::iter::once((style, mark.to_owned())).chain(values.iter().map(part)).collect()
}

/// A remark on what does not show in the new text and was not in the one that was accepted.
fn hidden(pin: &Pin) -> Option<String> {
    let of = |pinned: Option<&Pinned>| -> BTreeSet<char> {
        let values = pinned.map_or_else(Vec::new, |it| texts(pin.kind, it));
        values.iter().flat_map(|text| text.chars()).filter(is_hidden_char).collect()
    };
    let (old, new) = (of(pin.accepted.as_ref()), of(pin.now()));
    let added: Vec<String> =
        new.difference(&old).map(|c| format!("U+{:04X}", u32::from(*c))).collect();
    let more = if added.len() > HIDDEN_MAX { " …" } else { "" };
    let named = added.iter().take(HIDDEN_MAX).cloned().collect::<Vec<_>>().join(", ");
    (!added.is_empty())
        .then(|| format!("  characters that do not show came with it: {named}{more}"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a filter is asked so")]
fn is_hidden_char(c: &char) -> bool {
    is_hidden(*c) && !matches!(c, '\n' | '\t' | '\r')
}

/// The texts of a definition.
fn texts(kind: PinKind, pinned: &Pinned) -> Vec<String> {
    fn add(json: Json, out: &mut Vec<String>) {
        match json {
            Json::String(text) => out.push(text),
            Json::Array(items) => {
                for item in items {
                    add(item, out);
                }
            }
            Json::Object(members) => {
                for (name, value) in members {
                    out.push(name);
                    add(value, out);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    if let Some(json) = pinned.canonical(kind) {
        add(json, &mut out);
    }
    out
}

/// The values of a definition, each with the path to it.
fn values(kind: PinKind, pinned: &Pinned) -> Vec<String> {
    let mut out = Vec::new();
    match pinned.canonical(kind) {
        Some(json) => add("", &json, &mut out),
        None => out.push(format!("(too long to be kept; sha256 {})", pinned.digest)),
    }
    out
}

fn add(path: &str, json: &Json, out: &mut Vec<String>) {
    let is_leaf = |json: &Json| !matches!(json, Json::Array(_) | Json::Object(_));
    match json {
        Json::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let name = serde_json::Value::from(name.as_str()).to_string();
                let plain = name.trim_matches('"');
                let is_plain = plain.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c));
                let name = if is_plain { plain } else { &name };
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                add(&path, value, out);
            }
        }
        Json::Array(items) if !items.iter().all(is_leaf) => {
            for (index, item) in items.iter().enumerate() {
                add(&format!("{path}[{index}]"), item, out);
            }
        }
        Json::String(text) if text.trim_end_matches('\n').contains('\n') || path.is_empty() => {
            if !path.is_empty() {
                out.push(format!("{path}:"));
            }
            let quoted = |line: &str| format!("  {}", serde_json::Value::from(line));
            out.extend(text.split_inclusive('\n').map(quoted));
        }
        value => out.push(format!("{path}: {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::values;
    use crate::pins::{PinKind, Pinned};

    #[test]
    fn each_value_has_a_line_and_each_line_of_a_text() {
        let text = r#"{"name":"t","description":"a\nb \n","inputSchema":{"type":"object",
            "properties":{"a b":{"enum":["x","y"]},"é":{}},"allOf":[{"x":1e400}]},"_meta":{"n":1}}"#;
        assert_eq!(
            values(PinKind::Tool, &Pinned::of(PinKind::Tool, text)),
            [
                "description:",
                "  \"a\\n\"",
                "  \"b \\n\"",
                "inputSchema.allOf[0].x: 1e400",
                "inputSchema.properties.\"a b\".enum: [\"x\",\"y\"]",
                "inputSchema.properties.é: {}",
                "inputSchema.type: \"object\"",
                "name: \"t\"",
            ]
        );
        let told = Pinned::of(PinKind::Instructions, "one\ntwo");
        assert_eq!(values(PinKind::Instructions, &told), ["  \"one\\n\"", "  \"two\""]);
    }
}
