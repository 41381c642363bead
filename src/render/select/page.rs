//! As much of what matches as a page may have.

use super::error::SelectError;
use super::pick::{Field, Search, project};
use crate::json::{Doc, Json, Path, Slice, char_len};
use crate::render::preview::preview;

/// Characters of a string for each item that a page may have.
pub(super) const LIMIT_CHARS: usize = 200;

/// What the envelope takes beside its data, in bytes, with its numbers as long as they get.
const ENVELOPE_MAX: usize = 220;

/// How long a path may be to be told in a note, as JSON.
const NOTE_PATH_MAX: usize = 160;
const NOTE_MAX: usize = NOTE_PATH_MAX + 100;

/// A page, and where it stands in the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// `array`, `object`, `string` or `value`.
    pub kind: &'static str,
    /// How many items, members or characters match in all.
    pub total: usize,
    pub offset: usize,
    /// How many of them this page has.
    pub count: usize,
    pub has_more: bool,
    /// Where the next page begins, if there is one; none if only counts were asked for.
    pub next_offset: Option<usize>,
    /// What a reader has to know of this page.
    pub note: Option<String>,
    /// An array, an object, a string or a value; `None` if only counts were asked for.
    pub data: Option<Json>,
}

impl Selected {
    /// `{"type","total","offset","count","hasMore","nextOffset"?,"note"?,"data"?}`.
    pub fn into_json(self) -> Json {
        let members = [
            ("type", Some(self.kind.into())),
            ("total", Some(self.total.into())),
            ("offset", Some(self.offset.into())),
            ("count", Some(self.count.into())),
            ("hasMore", Some(self.has_more.into())),
            ("nextOffset", self.next_offset.map(Json::from)),
            ("note", self.note.map(Json::from)),
            ("data", self.data),
        ];
        Json::object(members.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }
}

/// Which page is asked for.
pub(super) struct PageRequest<'a> {
    pub path: &'a Path,
    pub offset: usize,
    pub limit: usize,
    pub budget: usize,
    /// What is looked for: of what is too large for a page, that is shown.
    pub search: Option<&'a Search>,
}

impl PageRequest<'_> {
    /// `array`: what the items, which come in their order, are of.
    pub fn items<'b>(
        &self,
        array: Slice<'b>,
        items: impl Iterator<Item = Slice<'b>>,
        fields: &[Field],
    ) -> Result<Selected, SelectError> {
        let mut left = self.room();
        let mut shown = Vec::new();
        let (mut note, mut is_full) = (None, false);
        let mut total = 0;
        for item in items {
            total += 1;
            if total <= self.offset || shown.len() >= self.limit || is_full {
                continue;
            }
            let projected = project(item, fields)?;
            let whole = projected.as_ref().map_or(item, |doc| doc.root());
            if let Some(rest) = left.checked_sub(whole.len() + 1) {
                left = rest;
                shown.push(whole.to_json_or_text());
                continue;
            }
            let part = self.search.map(|search| search.matching(whole));
            let room = left.saturating_sub(NOTE_MAX);
            if let Some(part) = part.as_ref().filter(|part| part.root().len() < room) {
                left -= part.root().len() + 1;
                shown.push(part.root().to_json_or_text());
            } else if shown.is_empty() {
                is_full = true;
                let shown_of = part.as_ref().map_or(whole, Doc::root);
                shown.push(preview(shown_of, room).value);
            } else {
                is_full = true;
                continue;
            }
            if note.is_none() {
                let index = array.items().position(|other| other.start() == item.start());
                note = Some(self.note(&index.unwrap_or_default().to_string(), "item"));
            }
        }
        let count = shown.len();
        Ok(self.page("array", total, count, note, Json::Array(shown)))
    }

    /// All members if they fit, whatever the limit: that is no page but the object.
    pub fn members<'b>(
        &self,
        members: impl Iterator<Item = (Slice<'b>, Slice<'b>)> + Clone,
    ) -> Selected {
        let len = |(name, value): (Slice<'_>, Slice<'_>)| name.len() + value.len() + 2;
        let (total, bytes) =
            members.clone().fold((0, 0), |(count, sum), member| (count + 1, sum + len(member)));
        let is_whole = self.offset == 0 && self.limit > 0 && bytes <= self.room();
        let limit = if is_whole { total } else { self.limit };
        let mut left = self.room();
        let mut shown = Vec::new();
        let mut note = None;
        let mut count = 0;
        for member in members.skip(self.offset).take(limit) {
            let (name, value) = (member.0.text().unwrap_or_default(), member.1);
            if let Some(rest) = left.checked_sub(len(member)) {
                left = rest;
                shown.push((name.into_owned(), value.to_json_or_text()));
                count += 1;
                continue;
            }
            let part = self.part(member);
            let room = left.saturating_sub(NOTE_MAX);
            let fits = self.search.is_some() && part.root().len() < room;
            if !fits && count > 0 {
                break;
            }
            note = note.or_else(|| Some(self.note(&name, "member")));
            left = if fits { left - part.root().len() } else { 0 };
            let seen =
                if fits { part.root().to_json_or_text() } else { preview(part.root(), room).value };
            if let Json::Object(members) = seen {
                shown.extend(members);
            }
            count += 1;
        }
        self.page("object", total, count, note, Json::Object(shown))
    }

    pub fn chars(&self, text: &str) -> Selected {
        let total = text.chars().count();
        let mut left = self.room();
        let fits = |char: &char| {
            let rest = left.checked_sub(char_len(*char));
            left = rest.unwrap_or(left);
            rest.is_some()
        };
        let most = self.limit.saturating_mul(LIMIT_CHARS);
        let shown: String = text.chars().skip(self.offset).take(most).take_while(fits).collect();
        let count = shown.chars().count();
        self.page("string", total, count, None, shown.into())
    }

    /// A number, a boolean or null.
    pub fn value(&self, value: Slice<'_>) -> Selected {
        let count = usize::from(self.offset == 0 && self.limit > 0);
        let shown = if count > 0 { preview(value, self.room()).value } else { Json::Null };
        self.page("value", 1, count, None, shown)
    }

    /// Bytes for the data, and for a note.
    fn room(&self) -> usize {
        self.budget - ENVELOPE_MAX
    }

    fn page(
        &self,
        kind: &'static str,
        total: usize,
        count: usize,
        note: Option<String>,
        data: Json,
    ) -> Selected {
        let end = self.offset.saturating_add(count);
        let has_more = end < total;
        Selected {
            kind,
            total,
            offset: self.offset,
            count,
            has_more,
            // A page without data would name itself as the next one, for ever.
            next_offset: (has_more && count > 0).then_some(end),
            note,
            data: (self.limit > 0).then_some(data),
        }
    }

    fn note(&self, step: &str, what: &str) -> String {
        let path = format!(" with path `{}`", self.path.join(step));
        let told = if Json::from(&*path).len() <= NOTE_PATH_MAX { &path } else { "" };
        match self.search {
            Some(_) => format!(
                "Of this {what}, which is too large for a page, what matches is shown. Read all of it{told}."
            ),
            None => {
                format!("This {what} is too large for a page: a preview is shown. Read it{told}.")
            }
        }
    }

    /// An object of this member alone, or of what of it was looked for.
    fn part(&self, member: (Slice<'_>, Slice<'_>)) -> Doc {
        let alone = alone(member);
        match self.search {
            Some(search) if search.is_in(member.1.as_str()) => search.matching(alone.root()),
            _ => alone,
        }
    }
}

/// An object of one member.
fn alone((name, value): (Slice<'_>, Slice<'_>)) -> Doc {
    let text = format!("{{{}}}", name.through(value));
    Doc::read(text).unwrap_or_else(|_| value.to_doc())
}
