//! JSON, with or without comments: our member comes first in its object, in the form of the others.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::client::NAME;
use super::error::EditError;
use super::splice::line_break;
use crate::json::Json;

const INDENT: &str = "  ";
/// Comments and commas at the end are read by most clients, and no harm is done where they are not.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_loose_object_property_names: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn parse(text: &str) -> Result<Option<Value<'_>>, EditError> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &OPTIONS);
    let parsed = parsed.map_err(|error| EditError::Syntax {
        at: error.range().start,
        what: format!("not valid JSON: {}", error.kind()),
    })?;
    Ok(parsed.value)
}

pub(super) fn read(text: &str) -> Result<Json, EditError> {
    Ok(parse(text)?.as_ref().map(tree).unwrap_or_default())
}

fn tree(value: &Value<'_>) -> Json {
    match value {
        Value::StringLit(text) => Json::String(text.value.clone().into_owned()),
        Value::NumberLit(number) => Json::parse(number.value).unwrap_or_default(),
        Value::BooleanLit(bool) => Json::Bool(bool.value),
        Value::NullKeyword(_) => Json::Null,
        Value::Array(array) => Json::Array(array.elements.iter().map(tree).collect()),
        Value::Object(object) => {
            let member = |prop: &ObjectProp<'_>| (prop.name.as_str().to_owned(), tree(&prop.value));
            Json::Object(object.properties.iter().map(member).collect())
        }
    }
}

/// The object in which `keys` lead on, and those that lead to nothing yet.
fn deepest<'a, 'k>(
    root: &'a Object<'a>,
    keys: &'k [&'static str],
) -> Result<(&'a Object<'a>, &'k [&'static str]), EditError> {
    let (mut at, mut left) = (root, keys);
    while let Some((key, deeper)) = left.split_first() {
        match member(at, key)?.map(|prop| &prop.value) {
            None => break,
            Some(Value::Object(object)) => (at, left) = (object, deeper),
            Some(_) => return Err(EditError::NoObject((*key).to_owned())),
        }
    }
    Ok((at, left))
}

fn member<'a>(object: &'a Object<'a>, key: &str) -> Result<Option<&'a ObjectProp<'a>>, EditError> {
    let mut found = object.properties.iter().filter(|prop| prop.name.as_str() == key);
    let first = found.next();
    if found.next().is_some() { Err(EditError::Twice(key.to_owned())) } else { Ok(first) }
}

pub(super) fn with(text: &str, keys: &[&'static str], entry: &Json) -> Result<String, EditError> {
    let eol = line_break(text);
    let root = parse(text)?;
    let (object, left) = match &root {
        Some(Value::Object(root)) => deepest(root, keys)?,
        Some(_) => return Err(EditError::Top),
        None => {
            let whole = nested(keys, entry);
            let begin = if text.is_empty() || text.ends_with('\n') { "" } else { eol };
            return Ok(format!("{text}{begin}{}{eol}", pretty(&whole, "", INDENT, eol)));
        }
    };
    let (key, value) = match left.split_first() {
        None => (NAME, entry.clone()),
        Some((key, deeper)) => (*key, nested(deeper, entry)),
    };
    let is_one_line = !text.trim_end().contains('\n')
        && matches!(&root, Some(Value::Object(root)) if !root.properties.is_empty());
    let unit = unit(text, root.as_ref());
    let base = indent_of(text, object.range.start);
    let pretty_at =
        |indent: &str| format!("{}: {}", quoted(key), pretty(&value, indent, &unit, eol));
    let compact = || format!("{}: {}", quoted(key), compact(&value));
    let first = object.properties.first();
    let (at, inserted) = match (behind(text, object.range.start + 1), first) {
        (Behind::LineBreak(at), None) => {
            let indent = format!("{base}{unit}");
            (at, format!("{eol}{indent}{}", pretty_at(&indent)))
        }
        (Behind::LineBreak(at), Some(first)) => {
            let own = begins_line(text, first.range.start);
            let indent = own.map_or_else(|| format!("{base}{unit}"), str::to_owned);
            (at, format!("{eol}{indent}{},", pretty_at(&indent)))
        }
        (Behind::Text(_), Some(first)) => (first.range.start, format!("{}, ", compact())),
        (Behind::Text(at), None) if is_one_line => (at, compact()),
        (Behind::Text(at), None) => {
            let indent = format!("{base}{unit}");
            (at, format!("{eol}{indent}{}{eol}{base}", pretty_at(&indent)))
        }
    };
    Ok(format!("{}{inserted}{}", &text[..at], &text[at..]))
}

/// The objects that `keys` lead through, with our entry in the last.
pub(super) fn nested(keys: &[&'static str], entry: &Json) -> Json {
    let inner = Json::object([(NAME, entry.clone())]);
    keys.iter().rev().fold(inner, |value, key| Json::object([(*key, value)]))
}

/// What follows in a line, comments left out.
enum Behind {
    /// Nothing: the line ends there.
    LineBreak(usize),
    /// Something, and what was left out ends there.
    Text(usize),
}

fn behind(text: &str, from: usize) -> Behind {
    let mut end = from;
    loop {
        let rest = &text[end..];
        let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let rest = &rest[space..];
        if rest.starts_with('\n') || rest.starts_with("\r\n") {
            return Behind::LineBreak(end + space);
        }
        if rest.starts_with("//") {
            let line = rest.find('\n').unwrap_or(rest.len());
            let line = rest[..line].trim_end_matches('\r').len();
            return Behind::LineBreak(end + space + line);
        }
        match rest.strip_prefix("/*").and_then(|comment| comment.find("*/")) {
            Some(length) => end += space + length + 4,
            None => return Behind::Text(end),
        }
    }
}

/// What a line begins with, if nothing but that stands before `at`.
fn begins_line(text: &str, at: usize) -> Option<&str> {
    let line = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let before = &text[line..at];
    before.trim_matches([' ', '\t']).is_empty().then_some(before)
}

/// How far the line is indented in which `at` lies.
fn indent_of(text: &str, at: usize) -> &str {
    let line = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let rest = &text[line..];
    &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
}

/// By how much members are indented.
fn unit(text: &str, root: Option<&Value<'_>>) -> String {
    let Some(Value::Object(root)) = root else { return INDENT.to_owned() };
    let mut indents = root.properties.iter().filter_map(|prop| begins_line(text, prop.range.start));
    indents.find(|indent| !indent.is_empty()).unwrap_or(INDENT).to_owned()
}

pub(super) fn without(text: &str, keys: &[&'static str], name: &str) -> Result<String, EditError> {
    let root = parse(text)?;
    let Some(Value::Object(root)) = &root else { return Err(EditError::Top) };
    let (object, left) = deepest(root, keys)?;
    if !left.is_empty() {
        return Err(EditError::Gone(name.to_owned()));
    }
    member(object, name)?;
    let props = &object.properties;
    let place = props.iter().position(|prop| prop.name.as_str() == name);
    let place = place.ok_or_else(|| EditError::Gone(name.to_owned()))?;
    let prop = &props[place];
    let comma = comma_behind(text, prop.range.end);
    let end = comma.unwrap_or(prop.range.end);
    // It has its lines for itself, so the line break before it goes with it.
    let has_lines = matches!(behind(text, end), Behind::LineBreak(_));
    let own_line = begins_line(text, prop.range.start).filter(|_| has_lines).map(|indent| {
        let before = &text[..prop.range.start - indent.len()];
        let line = before.strip_suffix('\n').unwrap_or(before);
        line.strip_suffix('\r').unwrap_or(line).len()
    });
    let mut begin = own_line.unwrap_or(prop.range.start);
    let end = match props.get(place + 1) {
        Some(next) if own_line.is_none() => next.range.start,
        _ => end,
    };
    let before = place.checked_sub(1).map(|place| &props[place]).filter(|_| comma.is_none());
    let Some(before) = before else { return Ok(format!("{}{}", &text[..begin], &text[end..])) };
    // The last one: the comma before it has nothing to part any more.
    let comma = comma_behind(text, before.range.end).ok_or(EditError::Form)?;
    if own_line.is_none() && text[comma..begin].trim_matches([' ', '\t']).is_empty() {
        begin = comma;
    }
    Ok(format!("{}{}{}", &text[..comma - 1], &text[comma..begin], &text[end..]))
}

/// Where a comma ends that is the next thing, comments left out.
fn comma_behind(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match behind(text, at) {
            Behind::Text(end) => {
                let rest = &text[end..];
                let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                return rest[space..].starts_with(',').then_some(end + space + 1);
            }
            Behind::LineBreak(end) => at = end + text[end..].find('\n')? + 1,
        }
    }
}

fn quoted(text: &str) -> String {
    Json::String(text.to_owned()).to_string()
}

/// In lines, lists in one. `indent`: of the line that it begins in.
pub(super) fn pretty(value: &Json, indent: &str, unit: &str, eol: &str) -> String {
    let Some(members) = value.as_object().filter(|members| !members.is_empty()) else {
        return compact(value);
    };
    let deeper = format!("{indent}{unit}");
    let line = |(key, value): &(String, Json)| {
        format!("{eol}{deeper}{}: {}", quoted(key), pretty(value, &deeper, unit, eol))
    };
    let lines: Vec<String> = members.iter().map(line).collect();
    format!("{{{}{eol}{indent}}}", lines.join(","))
}

/// In one line.
pub(super) fn compact(value: &Json) -> String {
    match value {
        Json::Object(members) => {
            let member =
                |(key, value): &(String, Json)| format!("{}: {}", quoted(key), compact(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => {
            format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
