//! A page of a stored value: the part at a path, what of it matches, and as much as fits.
//!
//! * Arrays: items that match `search` and `filter`, in the order of `sort`, with only `fields`.
//! * Objects: `fields` of it; one too large comes as pages of its members. `search` keeps members.
//! * Strings: pages of characters. `search` keeps lines, and of long lines what is around the matches. A
//!   string that holds JSON is what it holds.
//!
//! A page never has more bytes than its budget, and always moves on: an item that alone is larger
//! comes as its preview, with a note where to read it; where something is looked for, as what of it matches.

mod error;
mod matching;
mod page;
mod pick;

pub use error::SelectError;
pub use page::Selected;

use crate::json::{Doc, JsonKind, Path, Slice};

use super::filter::Filter;

/// What of a value is asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub path: Path,
    /// How many items, members or characters are left out at the beginning.
    pub offset: usize,
    /// How many items or members a page has at most; a page of a string has [`LIMIT_CHARS`](page::LIMIT_CHARS) times as
    /// many characters. With 0 there is no data, only counts.
    pub limit: usize,
    /// The members to show, by name or path; each is shown under what it is called here.
    pub fields: Vec<String>,
    /// A part of the JSON of what is kept, in capitals or not.
    pub search: Option<String>,
    pub filter: Option<Filter>,
    /// By what items are sorted, and whether the largest comes first. Items without it come last.
    pub sort: Option<(Path, bool)>,
    /// Only counts, no data.
    pub count: bool,
}

/// The least that a page needs, in bytes.
pub const BUDGET_MIN: usize = 1024;

/// A page whose envelope ([`Selected::into_json`]) has at most `budget` bytes of compact JSON; less
/// than [`BUDGET_MIN`] counts as that.
pub fn select(
    data: Slice<'_>,
    selection: &Selection,
    budget: usize,
) -> Result<Selected, SelectError> {
    let (value, rest) = selection.path.find_as_far(data);
    // What programs print into a text is often JSON again.
    if let Some(inner) = value.text().filter(|_| value.is_string()).and_then(|text| within(&text)) {
        let inner_selection = Selection { path: rest, ..selection.clone() };
        return select(inner.root(), &inner_selection, budget).map_err(|error| match error {
            SelectError::PathNotFound(_) => SelectError::PathNotFound(selection.path.to_string()),
            other => other,
        });
    }
    if !rest.is_whole() {
        return Err(SelectError::PathNotFound(selection.path.to_string()));
    }
    check(value, selection)?;
    let fields = pick::fields(&selection.fields)?;
    let limit = if selection.count { 0 } else { selection.limit };
    let search = selection.search.as_deref().filter(|text| !text.is_empty()).map(pick::Search::new);
    let search = search.as_ref();
    let asked = page::PageRequest {
        path: &selection.path,
        offset: selection.offset,
        limit,
        budget: budget.max(BUDGET_MIN),
        search,
    };
    Ok(match value.kind() {
        JsonKind::Array => {
            let kept = pick::items(value, search, selection.filter.as_ref());
            match &selection.sort {
                Some((path, is_descending)) => {
                    let sorted = pick::sorted(value, kept, path, *is_descending);
                    asked.items(value, sorted, &fields)?
                }
                None => asked.items(value, kept, &fields)?,
            }
        }
        JsonKind::Object => match pick::project(value, &fields)? {
            Some(shown) => asked.members(pick::members(shown.root(), search)),
            None => asked.members(pick::members(value, search)),
        },
        JsonKind::String => {
            let text = value.text().unwrap_or_default();
            match search {
                Some(search) => asked.chars(&search.lines(&text)),
                None => asked.chars(&text),
            }
        }
        _ => asked.value(value),
    })
}

/// The array or object that a text holds.
fn within(text: &str) -> Option<Doc> {
    let is_like = text.trim_start().starts_with(['[', '{']);
    let doc = is_like.then(|| Doc::read(text.to_owned()).ok())??;
    matches!(doc.root().kind(), JsonKind::Array | JsonKind::Object).then_some(doc)
}

/// Whatever is asked for must be possible, rather than be left out silently.
fn check(value: Slice<'_>, selection: &Selection) -> Result<(), SelectError> {
    let refuse =
        |what, works_on| Err(SelectError::NotApplicable { what, works_on, found: value.title() });
    if !value.is_array() && selection.filter.is_some() {
        return refuse("filter", "arrays");
    }
    if !value.is_array() && selection.sort.is_some() {
        return refuse("sort", "arrays");
    }
    if !value.is_array() && !value.is_object() && !selection.fields.is_empty() {
        return refuse("fields", "arrays and objects");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
