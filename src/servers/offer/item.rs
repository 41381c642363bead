//! One definition: what is read of it, and what of it is passed on.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::Arc;

use bytestring::ByteString;

use crate::definitions::{DEFINITION_MAX, Remark, mended, slim};
use crate::wire::mirror::{self, Mirror};
use crate::wire::{ListKind, Span, object};

/// The longest tool name that any revision allows (2025-11-25, "Tool Names").
const TOOL_NAME_MAX: usize = 128;
/// The longest name or URI of anything else.
const NAME_MAX: usize = 8192;
/// How deep values may lie in each other in a definition: clients with serde_json refuse a whole
/// list for one definition that is nested deeper than 128, what stands around it included.
const DEPTH_MAX: usize = 100;

/// Why a definition is left out.
#[derive(Debug, thiserror::Error)]
enum BadItem {
    #[error("its definition is wrong: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its definition has {0} bytes; it may have {max} KiB", max = DEFINITION_MAX / 1024)]
    Long(usize),
    #[error("its definition is nested deeper than {DEPTH_MAX} levels")]
    Deep,
    #[error("its {key} must have 1 to {max} characters")]
    NameLength { key: &'static str, max: usize },
    #[error("its {key} contains {character:?}{allowed}")]
    NameCharacter { key: &'static str, character: char, allowed: &'static str },
}

/// One tool, prompt, resource or resource template.
#[expect(clippy::struct_excessive_bools, reason = "each is a promise of its own")]
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The server's own name for it: a name, a URI or a URI template.
    pub name: Arc<str>,
    /// Its definition: a JSON object, as the server wrote it, but for what no client could read.
    pub definition: ByteString,
    /// The same before it was made right, if it was.
    original: Option<ByteString>,
    /// Where the name's value lies in the definition.
    pub name_at: Span,
    /// Whether, by the server's word, a second call of the tool has no further effect.
    pub is_repeatable: bool,
    /// Whether, by the server's word, a call of the tool changes nothing.
    pub is_read_only: bool,
    /// Whether the tool's results carry `structuredContent` by a schema.
    pub has_output_schema: bool,
    /// Whether results by that schema may be no objects: legacy clients cannot read such a schema.
    pub is_output_modern: bool,
    /// Which of the tool's arguments a request over HTTP repeats in headers.
    pub mirrors: Arc<[Mirror]>,
}

impl Item {
    /// Reads one definition, and says what of it is shown in another way. A wrong one is left out alone: the
    /// others live. `ids`: those of output schemas of the same list.
    pub(super) fn read(
        kind: ListKind,
        definition: &str,
        ids: &mut HashSet<String>,
    ) -> Result<(Self, Option<Remark>), Remark> {
        let unnamed = |reason: &dyn Display| Remark::new("?", &reason.to_string());
        let (slim, mut changes) =
            slim(definition).map_err(|error| unnamed(&BadItem::Json(error)))?;
        let [raw] = object::members(&slim, [kind.key()])
            .map_err(|error| unnamed(&format_args!("its definition is wrong: {error}")))?;
        let raw = raw.ok_or_else(|| unnamed(&format_args!("it has no {}", kind.key())))?;
        let name = object::string(raw)
            .ok_or_else(|| Remark::new(raw, &format!("its {} is no text", kind.key())))?;
        check(kind, &name, &slim).map_err(|bad| Remark::new(&name, &bad.to_string()))?;
        let mended = mended(kind, &slim, ids)
            .map_err(|hopeless| Remark::new(&name, &hopeless.to_string()))?;
        changes.extend(mended.changes);
        let mut item = Self::of(kind, &mended.text)?;
        item.is_output_modern = mended.is_output_modern;
        if item.definition != *slim {
            item.original = Some(ByteString::from(&*slim));
        }
        let told = (!changes.is_empty()).then(|| Remark::new(&name, &changes.join("; ")));
        Ok((item, told))
    }

    fn of(kind: ListKind, definition: &str) -> Result<Self, Remark> {
        let members = [kind.key(), "inputSchema", "outputSchema", "annotations"];
        let [raw, input, output, annotations] = object::members(definition, members)
            .map_err(|error| Remark::new("?", &format!("its definition is wrong: {error}")))?;
        let raw = raw.unwrap_or_default();
        let name = object::string(raw).unwrap_or_default();
        let hints = annotations
            .filter(|_| kind == ListKind::Tools)
            .and_then(|json| object::members(json, ["readOnlyHint", "idempotentHint"]).ok())
            .unwrap_or_default();
        Ok(Self {
            name: (&*name).into(),
            is_repeatable: hints.contains(&Some("true")),
            is_read_only: hints[0] == Some("true"),
            name_at: Span::of(raw, definition),
            has_output_schema: output.is_some_and(object::is_object),
            is_output_modern: false,
            // One that is wrong about it is none for clients over HTTP; others do not care.
            mirrors: mirror::annotations(input.unwrap_or("{}")).unwrap_or_default().into(),
            definition: ByteString::from(definition),
            original: None,
        })
    }

    /// Its definition as the server wrote it, but for what is too long. What is made right of it is another
    /// matter with each release of ours; this is the server's alone.
    pub fn written(&self) -> &ByteString {
        self.original.as_ref().unwrap_or(&self.definition)
    }
}

fn check(kind: ListKind, name: &str, definition: &str) -> Result<(), BadItem> {
    check_name(kind, name)?;
    let len = definition.len();
    if len > DEFINITION_MAX {
        return Err(BadItem::Long(len));
    }
    if is_deep(definition) {
        return Err(BadItem::Deep);
    }
    Ok(())
}

/// A tool's name goes to models, whose vendors refuse a whole request for one bad name.
fn check_name(kind: ListKind, name: &str) -> Result<(), BadItem> {
    let (is_tool, key) = (kind == ListKind::Tools, kind.key());
    let max = if is_tool { TOOL_NAME_MAX } else { NAME_MAX };
    if name.is_empty() || name.len() > max {
        return Err(BadItem::NameLength { key, max });
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_wrong = |c: &char| if is_tool { !is_allowed(*c) } else { c.is_control() };
    if let Some(character) = name.chars().find(is_wrong) {
        let allowed = if is_tool { "; allowed are A-Z, a-z, 0-9, _, - and ." } else { "" };
        return Err(BadItem::NameCharacter { key, character, allowed });
    }
    Ok(())
}

/// Whether values lie too deep in each other in a text that is JSON.
fn is_deep(json: &str) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth -= 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
