//! What of a value matches, in which order, and which members of it are shown.

use std::cmp::Ordering;

use super::error::SelectError;
use crate::json::{Doc, Json, JsonKind, Path, Slice};
use crate::render::filter::{Filter, Scalar, compare};

/// A member to show: what it is called, and where it is.
#[derive(Debug)]
pub(super) struct Field {
    name: String,
    /// The name as JSON.
    written: String,
    path: Path,
}

pub(super) fn fields(names: &[String]) -> Result<Vec<Field>, SelectError> {
    let field = |name: &String| match Path::parse(name) {
        Ok(path) => {
            let written = Json::from(name.as_str()).to_string();
            Ok(Field { name: name.clone(), written, path })
        }
        Err(why) => Err(SelectError::Field { field: name.clone(), why: why.to_string() }),
    };
    names.iter().map(field).collect()
}

/// How much more than a value its fields may have, in bytes: that much may their names take.
const NAMES_ROOM: usize = 64 << 10;

/// The fields that an object has; `None`: it is shown as it is. One part under many names must not
/// become many parts.
pub(super) fn project(value: Slice<'_>, fields: &[Field]) -> Result<Option<Doc>, SelectError> {
    if fields.is_empty() || !value.is_object() {
        return Ok(None);
    }
    let mut text = String::from("{");
    for field in fields {
        let found = value.get(&field.name).or_else(|| field.path.find_in(value));
        let Some(found) = found else { continue };
        if text.len() + found.len() > 2 * value.len() + NAMES_ROOM {
            let why = "with those before it, it asks for the same parts again and again".to_owned();
            return Err(SelectError::Field { field: field.name.clone(), why });
        }
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&field.written);
        text.push(':');
        text.push_str(found.as_str());
    }
    text.push('}');
    let wrong = |error: crate::json::ParseError| SelectError::Field {
        field: String::new(),
        why: error.to_string(),
    };
    Doc::read(text).map(Some).map_err(wrong)
}

/// A longer line is shown in parts, in bytes; and how much before and behind a place, in characters.
const LINE_MAX: usize = 500;
const AROUND: usize = 120;

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

    /// The lines that have it; of a long one, what is around each place where it is.
    pub fn lines(&self, text: &str) -> String {
        let mut out = String::new();
        for line in text.split_inclusive('\n') {
            if line.len() <= LINE_MAX {
                let has_it = line.to_lowercase().contains(&self.text);
                out.push_str(if has_it { line } else { "" });
            } else {
                self.windows(line, &mut out);
            }
        }
        out
    }

    /// The surroundings of each place, those that overlap as one, each on a line of its own.
    fn windows(&self, line: &str, out: &mut String) {
        // Lower case may have another length: places are found in it by characters.
        let lower: Vec<char> = line.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect();
        let wanted: Vec<char> = self.text.chars().collect();
        let Some(first) = wanted.first() else { return };
        let mut windows: Vec<(usize, usize)> = Vec::new();
        for at in 0..lower.len() {
            if lower[at] != *first || !lower[at..].starts_with(&wanted) {
                continue;
            }
            let begin = at.saturating_sub(AROUND);
            let end = (at + wanted.len() + AROUND).min(lower.len());
            match windows.last_mut().filter(|(_, before)| *before >= begin) {
                Some((_, before)) => *before = end,
                None => windows.push((begin, end)),
            }
        }
        let mut chars = line.chars();
        let mut done = 0;
        for (begin, end) in windows {
            let skipped = chars.by_ref().skip(begin - done).take(end - begin);
            let shown: String = skipped.collect();
            done = end;
            let (before, behind) =
                (if begin > 0 { "…" } else { "" }, if end < lower.len() { "…" } else { "" });
            out.push_str(&format!("{before}{}{behind}\n", shown.trim_end_matches('\n')));
        }
    }
}

pub(super) fn items<'a>(
    array: Slice<'a>,
    search: Option<&Search>,
    filter: Option<&Filter>,
) -> impl Iterator<Item = Slice<'a>> {
    array.items().filter(move |item| {
        filter.is_none_or(|filter| filter.is_met(*item))
            && search.is_none_or(|search| search.is_in(item.as_str()))
    })
}

/// The members whose name or value matches.
pub(super) fn members<'a>(
    object: Slice<'a>,
    search: Option<&Search>,
) -> impl Iterator<Item = (Slice<'a>, Slice<'a>)> + Clone {
    object
        .members()
        .filter(move |(name, value)| search.is_none_or(|search| search.is_in(name.through(*value))))
}

/// The items sorted by what is at the path: booleans, numbers, texts, then anything else as it was;
/// `null` and what is not there last, whatever the direction.
///
/// Four bytes for an item, and four for what it is sorted by.
pub(super) fn sorted<'a>(
    array: Slice<'a>,
    items: impl Iterator<Item = Slice<'a>>,
    path: &Path,
    is_descending: bool,
) -> impl Iterator<Item = Slice<'a>> {
    let (mut keyed, mut others) = (Vec::new(), Vec::new());
    for item in items {
        match path.find_in(item).filter(|key| key.kind() != JsonKind::Null) {
            // What stands in itself needs no second place.
            Some(key) if key.start() == item.start() => others.push(item.start()),
            Some(key) => keyed.push((item.start(), key.start())),
            None => others.push(item.start()),
        }
    }
    let order = move |a: u32, b: u32| {
        let (a, b) = (array.at(a), array.at(b));
        let order = match (Scalar::found(a), Scalar::found(b)) {
            (Some(a), Some(b)) => compare(&a, &b).unwrap_or(Ordering::Equal),
            _ => Ordering::Equal,
        };
        let directed = if is_descending { order.reverse() } else { order };
        rank(a.kind()).cmp(&rank(b.kind())).then(directed)
    };
    // Alike items stay in their order, which their places have.
    keyed.sort_unstable_by(|a, b| order(a.1, b.1).then(a.0.cmp(&b.0)));
    if path.is_whole() {
        others.sort_unstable_by(|a, b| order(*a, *b).then(a.cmp(b)));
    }
    let keyed = keyed.into_iter().map(|(item, _)| item);
    keyed.chain(others).map(move |start| array.at(start))
}

fn rank(kind: JsonKind) -> u8 {
    match kind {
        JsonKind::Bool => 0,
        JsonKind::Number => 1,
        JsonKind::String => 2,
        JsonKind::Array | JsonKind::Object => 3,
        JsonKind::Null => 4,
    }
}
