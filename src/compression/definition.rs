//! Definitions of tools in fewer tokens, with every constraint in place.
//!
//! A call that was valid stays valid, and one that was not stays wrong: only texts for readers
//! change, and only where JSON Schema has a text for readers. A member of `properties`, `default`,
//! `enum` or `const` may be called `description` and is left alone.

use super::keyword::{self, Holds, holds};
use super::wording::{self, KnownWords};
use crate::json::Json;

/// How much is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Definitions stay as the server wrote them.
    Off,
    /// What repeats what stands beside it goes, and long texts are cut.
    #[default]
    Balanced,
    /// Only what no name and no type can say stays.
    Aggressive,
}

impl Compression {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Balanced => "balanced",
            Self::Aggressive => "aggressive",
        }
    }
}

/// A tool's definition as `tools/list` has it, compressed. A description has at most
/// `max_description` characters afterwards; zero sets no bound. `inputSchema` accepts what it
/// accepted; `annotations`, `title`, `icons` and `_meta` of the tool are untouched, and so is
/// `outputSchema`, but for its descriptions in aggressive mode.
pub fn definition(tool: &Json, mode: Compression, max_description: usize) -> Json {
    let Json::Object(members) = tool else { return tool.clone() };
    if mode == Compression::Off {
        return tool.clone();
    }
    let name = tool.get("name").and_then(Json::as_str).unwrap_or_default();
    let member = |(key, value): &(String, Json)| {
        let value = match (key.as_str(), value) {
            ("description", Json::String(text)) => {
                Json::String(tool_description(text, mode, max_description))
            }
            ("inputSchema", schema) => input_schema(schema, name, mode, max_description),
            ("outputSchema", schema) if mode == Compression::Aggressive => output_schema(schema),
            _ => value.clone(),
        };
        (key.clone(), value)
    };
    Json::Object(members.iter().map(member).collect())
}

fn tool_description(text: &str, mode: Compression, max: usize) -> String {
    let text = wording::without_opening(&wording::tidy(text));
    match mode {
        Compression::Aggressive => wording::cut(wording::first_sentence(&text), max),
        _ => wording::cut(&text, max),
    }
}

/// What is written, and for whom.
struct Compressor {
    mode: Compression,
    /// Characters of a description; zero is no bound.
    max: usize,
    keeps_examples: bool,
    /// Of an output schema only descriptions go.
    is_output: bool,
}

/// What a schema describes.
struct SchemaPlace<'a> {
    above: Option<&'a SchemaPlace<'a>>,
    /// The name of the parameter, of the definition, or of the tool.
    name: &'a str,
    kind: PlaceKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PlaceKind {
    Tool,
    Definition,
    Required,
    Optional,
}

fn input_schema(schema: &Json, tool: &str, mode: Compression, max: usize) -> Json {
    let keeps_examples = keyword::has_reference_into(schema, "/examples");
    let compressor = Compressor { mode, max, keeps_examples, is_output: false };
    let written =
        compressor.schema(schema, &SchemaPlace { above: None, name: tool, kind: PlaceKind::Tool });
    match written {
        Json::Object(mut members) if keyword::is_neutral(schema) => {
            members.retain(|(keyword, _)| keyword != "$schema");
            Json::Object(members)
        }
        written => written,
    }
}

fn output_schema(schema: &Json) -> Json {
    let compressor =
        Compressor { mode: Compression::Aggressive, max: 0, keeps_examples: true, is_output: true };
    compressor.schema(schema, &SchemaPlace { above: None, name: "", kind: PlaceKind::Tool })
}

impl Compressor {
    fn schema(&self, schema: &Json, place: &SchemaPlace) -> Json {
        let Json::Object(members) = schema else { return schema.clone() };
        let mut written = Vec::with_capacity(members.len());
        for (keyword, value) in members {
            let value = match (holds(keyword), value) {
                (Holds::Schemas, Json::Array(items)) => Some(
                    items.iter().map(|item| self.schema(item, place)).collect::<Vec<_>>().into(),
                ),
                (Holds::Schemas, _) => Some(self.schema(value, place)),
                (Holds::NamedSchemas, Json::Object(named)) => {
                    Some(self.named(keyword, named, schema, place))
                }
                _ if self.is_output => {
                    let is_text = keyword == "description" && value.as_str().is_some();
                    (!is_text).then(|| value.clone())
                }
                _ => self.remark(keyword, value, schema, place),
            };
            written.extend(value.map(|value| (keyword.clone(), value)));
        }
        Json::Object(written)
    }

    fn named(
        &self,
        keyword: &str,
        named: &[(String, Json)],
        schema: &Json,
        place: &SchemaPlace,
    ) -> Json {
        let required = schema.get("required").and_then(Json::as_array).unwrap_or_default();
        let member = |(name, schema): &(String, Json)| {
            let is_required = required.iter().any(|required| required.as_str() == Some(name));
            let (above, kind) = match keyword {
                "properties" if is_required => (Some(place), PlaceKind::Required),
                "properties" => (Some(place), PlaceKind::Optional),
                _ => (None, PlaceKind::Definition),
            };
            (name.clone(), self.schema(schema, &SchemaPlace { above, name, kind }))
        };
        Json::Object(named.iter().map(member).collect())
    }

    /// A keyword that holds no schemas; `None` if it may go.
    fn remark(
        &self,
        keyword: &str,
        value: &Json,
        schema: &Json,
        place: &SchemaPlace,
    ) -> Option<Json> {
        let is_aggressive = self.mode == Compression::Aggressive;
        let drops_texts = is_aggressive && !place.is_ambiguous(schema);
        match (keyword, value) {
            // Said to those who maintain the schema (2020-12, core, section 8.3).
            ("$comment", Json::String(_)) => None,
            ("description" | "title", Json::String(_)) if drops_texts => None,
            ("examples", Json::Array(_)) if drops_texts && !self.keeps_examples => None,
            ("title", Json::String(title)) => {
                (!place.is_named(title)).then(|| Json::String(wording::tidy(title)))
            }
            ("description", Json::String(text)) => {
                self.description(text, schema, place).map(Json::String)
            }
            _ => Some(value.clone()),
        }
    }

    fn description(&self, text: &str, schema: &Json, place: &SchemaPlace) -> Option<String> {
        let known = place.known(schema);
        let text = wording::tidy(text);
        // Sentences of a list lean on each other.
        let text = if text.contains('\n') { text } else { without_repetition(&text, &known) };
        let text = match text.strip_prefix("The ") {
            Some(rest) => wording::capitalized(rest),
            None => text,
        };
        (!text.is_empty() && !known.covers(&text)).then(|| wording::cut(&text, self.max))
    }
}

/// The text without sentences and remarks in parentheses that say nothing new.
fn without_repetition(text: &str, known: &KnownWords) -> String {
    let mut rest = text;
    let mut open = String::with_capacity(text.len());
    while let Some((before, inner, after)) = rest.split_once(" (").and_then(|(before, behind)| {
        behind.split_once(')').map(|(inner, after)| (before, inner, after))
    }) {
        open.push_str(before);
        if inner.contains('(') || !known.covers(inner) {
            open.push_str(" (");
            open.push_str(inner);
            open.push(')');
        }
        rest = after;
    }
    open.push_str(rest);
    let sentences = wording::sentences(&open);
    let telling: String = sentences.into_iter().filter(|said| !known.covers(said)).collect();
    telling.trim().to_owned()
}

impl SchemaPlace<'_> {
    /// Whether a title only repeats the name, as generators write it: `Max Length` for `max_length`,
    /// `ReadFileArguments` for the parameters of `read_file`.
    fn is_named(&self, title: &str) -> bool {
        let joined = |text: &str| wording::words(text).concat();
        let (title, name) = (joined(title), joined(self.name));
        let is_tool = self.kind == PlaceKind::Tool;
        match title.strip_prefix(name.as_str()) {
            Some("") => true,
            Some(rest) if is_tool => {
                matches!(rest, "argument" | "input" | "parameter" | "param" | "request" | "schema")
            }
            _ => false,
        }
    }

    fn known(&self, schema: &Json) -> KnownWords {
        let mut known = KnownWords::default();
        let mut place = Some(self);
        while let Some(here) = place.filter(|here| here.kind != PlaceKind::Tool) {
            known.learn_name(here.name);
            place = here.above;
        }
        match self.kind {
            PlaceKind::Tool => known.learn_name(self.name),
            PlaceKind::Definition => {}
            PlaceKind::Required => known.learn("required mandatory"),
            PlaceKind::Optional => known.learn("optional"),
        }
        for kind in kinds(schema) {
            known.learn(match kind {
                "string" => "string text",
                "integer" => "integer number int",
                "number" => "number float",
                "boolean" => "boolean bool flag whether if true set to",
                "array" => "array list",
                other => other,
            });
        }
        let options = schema.get("enum").and_then(Json::as_array).unwrap_or_default();
        options.iter().filter_map(Json::as_str).for_each(|option| known.learn(option));
        known.learn(match schema.get("format").and_then(Json::as_str) {
            Some("uri") => "url",
            Some("email") => "email address",
            _ => "",
        });
        for (keyword, words) in
            [("default", "default"), ("minimum", "minimum"), ("maximum", "maximum")]
        {
            let Some(value) = schema.get(keyword) else { continue };
            if let Json::Bool(_) | Json::Number(_) | Json::String(_) = value {
                known.learn(words);
                known.learn(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
        }
        known
    }

    /// Whether name and type leave open what is meant.
    fn is_ambiguous(&self, schema: &Json) -> bool {
        if !matches!(self.kind, PlaceKind::Required | PlaceKind::Optional) {
            return false;
        }
        if schema.get("enum").is_some() || schema.get("const").is_some() {
            return false;
        }
        let words = wording::words(self.name);
        let last = words.iter().rfind(|word| *word != "by").map_or("", String::as_str);
        let kinds = kinds(schema);
        let has = |kind: &str| kinds.contains(&kind);
        let is_open =
            kinds.is_empty() && ["$ref", "allOf"].iter().all(|key| schema.get(key).is_none());
        let is_bare_object = schema.get("type").and_then(Json::as_str) == Some("object")
            && ["properties", "additionalProperties", "anyOf", "oneOf"]
                .iter()
                .all(|key| schema.get(key).is_none());
        is_open
            || is_bare_object
            || has("array") && kinds.len() == 1 && schema.get("items").is_none()
            || has("string")
                && (GENERIC.contains(&last) || self.name.chars().count() < 3 && last != "id")
            || (has("integer") || has("number")) && WITHOUT_UNIT.contains(&last)
    }
}

/// The types that a value may have, as the schema, its alternatives and its items name them.
fn kinds(schema: &Json) -> Vec<&str> {
    let mut kinds = Vec::new();
    let alternatives = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
    for schema in std::iter::once(schema).chain(alternatives.flatten()).chain(schema.get("items")) {
        match schema.get("type") {
            Some(Json::String(kind)) => kinds.push(kind.as_str()),
            Some(Json::Array(list)) => kinds.extend(list.iter().filter_map(Json::as_str)),
            _ => {}
        }
    }
    kinds
}

/// Names that many things have. What a text with such a name must look like is in its description.
const GENERIC: &[&str] = &[
    "after",
    "anchor",
    "before",
    "content",
    "cursor",
    "data",
    "date",
    "direction",
    "end",
    "expression",
    "filter",
    "format",
    "from",
    "input",
    "key",
    "kind",
    "language",
    "level",
    "market",
    "method",
    "mode",
    "option",
    "order",
    "pattern",
    "position",
    "query",
    "range",
    "reason",
    "ref",
    "scope",
    "selector",
    "sha",
    "since",
    "sort",
    "start",
    "state",
    "status",
    "target",
    "time",
    "to",
    "transport",
    "type",
    "until",
    "version",
];

/// Quantities whose unit no number tells.
const WITHOUT_UNIT: &[&str] = &[
    "age",
    "delay",
    "duration",
    "interval",
    "priority",
    "quality",
    "scale",
    "size",
    "time",
    "timeout",
    "timestamp",
    "ttl",
];

#[cfg(test)]
mod tests;
