//! A TOML document as a tree whose every part knows its place, and the merging of several.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ValueError;
use crate::json::Json;
use crate::remedy::syntax;
use crate::settings::complaint::{Complaint, Place};

/// A value and where it is written.
#[derive(Debug, Clone)]
pub struct Node {
    pub at: Place,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    Bool(bool),
    List(Vec<Node>),
    Table(Table),
    Number(i64),
    /// Any other number, as JSON writes it.
    Fraction(String),
    /// A date: no key takes one.
    Other(&'static str),
}

/// A table's members by name. The node's place is that of the name.
pub type Table = BTreeMap<String, Node>;

impl Node {
    /// The value as JSON has it, or where something is that has no place there.
    pub fn json(&self) -> Result<Json, (Place, ValueError)> {
        Ok(match &self.value {
            Value::Text(text) => Json::from(text.as_str()),
            Value::Bool(bool) => Json::from(*bool),
            Value::Number(number) => Json::from(*number),
            Value::Fraction(number) => Json::parse(number).unwrap_or_default(),
            Value::List(items) => {
                Json::Array(items.iter().map(Self::json).collect::<Result<_, _>>()?)
            }
            Value::Table(members) => {
                let member = |(name, node): (&String, &Self)| Ok((name.clone(), node.json()?));
                Json::Object(members.iter().map(member).collect::<Result<_, _>>()?)
            }
            Value::Other(title) => {
                return Err((self.at.clone(), ValueError::Json(title)));
            }
        })
    }
}

impl Value {
    /// The type as a person reads it.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Bool(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Number(_) => "a whole number",
            Self::Fraction(_) => "a number",
            Self::Other(title) => title,
        }
    }
}

/// Reads one file's text. Every syntax error becomes a complaint.
pub fn parse(file: &Arc<Path>, text: &str, complaints: &mut Vec<Complaint>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(text);
    let at = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    let slips = syntax::meant(text, &errors.iter().map(at).collect::<Vec<_>>());
    let complaint = |offset: usize, message: String| Complaint {
        at: Place::in_text(file, text, offset),
        key: String::new(),
        message,
    };
    let is_explained = |at: usize| slips.iter().any(|slip| slip.span.contains(&at));
    let others = errors.iter().filter(|error| !is_explained(at(error)));
    complaints
        .extend(others.map(|error| complaint(at(error), error.message().replace('\n', ", "))));
    complaints.extend(slips.iter().map(|slip| complaint(slip.at, slip.message.clone())));
    if errors.is_empty() { convert_table(file, text, table.get_ref()) } else { Table::new() }
}

fn convert_table(file: &Arc<Path>, text: &str, table: &DeTable<'_>) -> Table {
    let member = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        let at = Place::in_text(file, text, name.span().start);
        (name.get_ref().to_string(), Node { at, value: convert(file, text, value.get_ref()) })
    };
    table.iter().map(member).collect()
}

fn convert(file: &Arc<Path>, text: &str, value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(string) => Value::Text(string.to_string()),
        DeValue::Boolean(bool) => Value::Bool(*bool),
        DeValue::Array(items) => {
            let item = |item: &Spanned<DeValue<'_>>| Node {
                at: Place::in_text(file, text, item.span().start),
                value: convert(file, text, item.get_ref()),
            };
            Value::List(items.iter().map(item).collect())
        }
        DeValue::Table(table) => Value::Table(convert_table(file, text, table)),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Value::Other("a whole number"), Value::Number),
        DeValue::Float(float) => match float.as_str().replace('_', "").parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Fraction(number.to_string()),
            _ => Value::Other("a number that JSON does not have"),
        },
        DeValue::Datetime(_) => Value::Other("a date or time"),
    }
}

/// Adds `from` to `into`. Sections are joined down to `depth` levels; anything else that is set in
/// both is a complaint that names both places.
pub fn merge(
    into: &mut Table,
    from: Table,
    path: &str,
    depth: usize,
    complaints: &mut Vec<Complaint>,
) {
    for (name, node) in from {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match into.get_mut(&name) {
            None => {
                into.insert(name, node);
            }
            Some(Node { value: Value::Table(existing), .. })
                if depth > 0 && matches!(node.value, Value::Table(_)) =>
            {
                if let Value::Table(table) = node.value {
                    // Its tokens are sections by themselves.
                    let depth = if path == "access" { depth } else { depth - 1 };
                    merge(existing, table, &path, depth, complaints);
                }
            }
            Some(existing) => complaints.push(Complaint {
                at: node.at,
                key: path,
                message: format!("is already set at {}; set it in one place", existing.at),
            }),
        }
    }
}
