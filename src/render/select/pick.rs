//! What of a value matches, in which order, and which members of it are shown.

use std::cmp::Ordering;

use super::SelectError;
use crate::json::{Json, Path};
use crate::render::filter::{Filter, compare};

/// A member to show: what it is called, and where it is.
#[derive(Debug)]
pub(super) struct Field {
    name: String,
    path: Path,
}

pub(super) fn fields(names: &[String]) -> Result<Vec<Field>, SelectError> {
    let field = |name: &String| match Path::parse(name) {
        Ok(path) => Ok(Field { name: name.clone(), path }),
        Err(why) => Err(SelectError::Field { field: name.clone(), why: why.to_string() }),
    };
    names.iter().map(field).collect()
}

/// The fields that an object has; anything else as it is.
pub(super) fn project(value: &Json, fields: &[Field]) -> Json {
    if fields.is_empty() || !value.is_object() {
        return value.clone();
    }
    let member = |field: &Field| {
        let found = value.get(&field.name).or_else(|| field.path.find(value))?;
        Some((field.name.clone(), found.clone()))
    };
    Json::Object(fields.iter().filter_map(member).collect())
}

/// A text that is looked for, in capitals or not.
#[derive(Debug)]
pub(super) struct Search {
    text: String,
    /// As it stands in JSON, with escapes.
    escaped: String,
}

impl Search {
    pub fn new(text: &str) -> Self {
        let text = text.to_lowercase();
        let quoted = Json::from(text.as_str()).to_string();
        Self { escaped: quoted[1..quoted.len() - 1].to_owned(), text }
    }

    /// Whether it stands in the JSON of a value, or in a text in it.
    pub fn is_in(&self, json: &str) -> bool {
        let json = json.to_lowercase();
        json.contains(&self.text) || json.contains(&self.escaped)
    }

    /// The lines that have it.
    pub fn lines(&self, text: &str) -> String {
        let has_it = |line: &&str| line.to_lowercase().contains(&self.text);
        text.split_inclusive('\n').filter(has_it).collect()
    }
}

/// An item and where it stands in its array.
pub(super) type Item<'a> = (usize, &'a Json);

pub(super) fn items<'a>(
    items: &'a [Json],
    search: Option<&Search>,
    filter: Option<&Filter>,
) -> Vec<Item<'a>> {
    let is_kept = |(_, item): &Item<'a>| {
        filter.is_none_or(|filter| filter.is_met(item))
            && search.is_none_or(|search| search.is_in(&item.to_string()))
    };
    items.iter().enumerate().filter(is_kept).collect()
}

/// The members whose name or value matches.
pub(super) fn members<'a>(
    members: &'a [(String, Json)],
    search: Option<&Search>,
) -> Vec<&'a (String, Json)> {
    let text = |(name, value): &(String, Json)| format!("{}:{value}", Json::from(name.as_str()));
    let is_kept =
        |member: &&(String, Json)| search.is_none_or(|search| search.is_in(&text(member)));
    members.iter().filter(is_kept).collect()
}

/// Sorts items by what is at the path: booleans, numbers, texts, then anything else as it was; `null`
/// and what is not there last, whatever the direction.
pub(super) fn sort(items: &mut [Item<'_>], path: &Path, is_descending: bool) {
    let rank = |value: Option<&Json>| match value {
        Some(Json::Bool(_)) => 0,
        Some(Json::Number(_)) => 1,
        Some(Json::String(_)) => 2,
        Some(Json::Array(_) | Json::Object(_)) => 3,
        Some(Json::Null) | None => 4,
    };
    items.sort_by(|a, b| {
        let (a, b) = (path.find(a.1), path.find(b.1));
        let order = match (a, b) {
            (Some(a), Some(b)) => compare(a, b).unwrap_or(Ordering::Equal),
            _ => Ordering::Equal,
        };
        let directed = if is_descending { order.reverse() } else { order };
        rank(a).cmp(&rank(b)).then(directed)
    });
}
