//! As much of what matches as a page may have.

use super::LIMIT_CHARS;
use super::pick::{Field, Item, project};
use crate::json::{Json, Path};
use crate::render::preview::preview;

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
pub(super) struct Asked<'a> {
    pub path: &'a Path,
    pub offset: usize,
    pub limit: usize,
    pub budget: usize,
}

impl Asked<'_> {
    pub fn items(&self, items: &[Item<'_>], fields: &[Field]) -> Selected {
        let mut left = self.room();
        let mut shown = Vec::new();
        let mut note = None;
        for (index, item) in items.iter().skip(self.offset).take(self.limit) {
            let item = project(item, fields);
            if let Some(rest) = left.checked_sub(item.len() + 1) {
                left = rest;
                shown.push(item);
                continue;
            }
            if shown.is_empty() {
                shown.push(preview(&item, left - NOTE_MAX).value);
                note = Some(self.note(&index.to_string(), "item"));
            }
            break;
        }
        let count = shown.len();
        self.page("array", items.len(), count, note, Json::Array(shown))
    }

    /// All members if they fit, whatever the limit: that is no page but the object.
    pub fn members(&self, members: &[&(String, Json)]) -> Selected {
        let len =
            |(name, value): &(String, Json)| Json::from(name.as_str()).len() + value.len() + 2;
        let is_whole = self.offset == 0
            && self.limit > 0
            && members.iter().map(|member| len(member)).sum::<usize>() <= self.room();
        let limit = if is_whole { members.len() } else { self.limit };
        let mut left = self.room();
        let mut shown = Vec::new();
        let mut note = None;
        let mut count = 0;
        for &member in members.iter().skip(self.offset).take(limit) {
            if let Some(rest) = left.checked_sub(len(member)) {
                left = rest;
                shown.push(member.clone());
            } else if count > 0 {
                break;
            } else {
                let alone = Json::Object(vec![member.clone()]);
                if let Json::Object(part) = preview(&alone, left - NOTE_MAX).value {
                    shown = part;
                }
                note = Some(self.note(&member.0, "member"));
                left = 0;
            }
            count += 1;
        }
        self.page("object", members.len(), count, note, Json::Object(shown))
    }

    pub fn chars(&self, text: &str) -> Selected {
        let total = text.chars().count();
        let mut left = self.room();
        let fits = |char: &char| {
            let len = Json::from(char.to_string()).len() - 2;
            let rest = left.checked_sub(len);
            left = rest.unwrap_or(left);
            rest.is_some()
        };
        let most = self.limit.saturating_mul(LIMIT_CHARS);
        let shown: String = text.chars().skip(self.offset).take(most).take_while(fits).collect();
        let count = shown.chars().count();
        self.page("string", total, count, None, shown.into())
    }

    /// A number, a boolean or null.
    pub fn value(&self, value: &Json) -> Selected {
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
        format!("This {what} is too large for a page: a preview is shown. Read it{told}.")
    }
}
