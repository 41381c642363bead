//! What a model sees first of a result that is too large for it.
//!
//! A preview is a part of the value, and again a value: leading items of arrays, members of
//! objects, beginnings of strings. What is missing is counted where it is missing, under a mark:
//!
//! * `{"_more":{"items":950}}` is the last item of an array that had 950 items more,
//! * `"_more":{"members":12}` is the last member of an object that had 12 members more,
//! * `…[_more: 3000 chars]` is the end of a string that had 3000 characters more,
//! * `{"_more":{"digits":5000}}` stands for a number that long.
//!
//! The mark is `_more`, with as many underscores before it as are needed for the value to have no
//! member of that name and no string with such an end, so a mark is never data (sixteen at most).
//!
//! An item is shown or it is not: no array ends in the middle of one. Where whole items are so large
//! that few can be shown, the strings and arrays in all of them are cut first.

mod next;
mod shape;
mod text;

pub use next::NextPart;
pub use text::preview_text;

use crate::json::{Doc, Json, JsonKind, Slice, char_len};

/// A part of a value that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    pub value: Json,
    /// What the whole value is: `{"type":"array","total":950,"sampleKeys":["id","name"]}`.
    pub shape: Json,
    /// Nothing is missing.
    pub is_whole: bool,
    /// Where to read on.
    pub next: NextPart,
}

/// The least that a preview needs, in bytes.
pub const BUDGET_MIN: usize = 256;

/// As much of the value as fits into `budget` bytes of compact JSON; less than [`BUDGET_MIN`] counts
/// as that.
pub fn preview(value: Slice<'_>, budget: usize) -> Preview {
    let shape = shape::shape(value);
    if value.len() <= budget {
        let (value, next) = (value.to_json_or_text(), NextPart::default());
        return Preview { value, shape, is_whole: true, next };
    }
    let cutter = Cutter { mark: mark(value.as_str()) };
    let shown = cutter.fit(value, budget.max(BUDGET_MIN));
    let next = NextPart::of(value, &shown, &cutter.mark);
    Preview { value: shown, shape, is_whole: false, next }
}

/// The same of a value that is made here: what of it fits.
pub fn shortened(value: &Json, budget: usize) -> Json {
    preview(Doc::of(value).root(), budget).value
}

const MARK: &str = "_more";
const MARK_UNDERSCORES_MAX: usize = 16;

/// The mark for the value with this text. A member's name stands before a colon, and in a string
/// quotes are escaped.
fn mark(text: &str) -> String {
    let mut mark = MARK.to_owned();
    for _ in 1..MARK_UNDERSCORES_MAX {
        if !text.contains(&format!("\"{mark}\":")) && !text.contains(&format!("[{mark}:")) {
            break;
        }
        mark.insert(0, '_');
    }
    mark
}

/// How much of what lies in an item is shown.
#[derive(Clone, Copy)]
struct PreviewLimits {
    /// Characters of a string.
    chars: usize,
    /// Items of an array.
    items: usize,
    /// Members of an object.
    members: usize,
    /// Values around a value.
    depth: usize,
}

/// From items as they are to the least that still tells what they are.
const LADDER: [Option<PreviewLimits>; 5] = [
    None,
    Some(PreviewLimits { chars: 1000, items: 20, members: 100, depth: 6 }),
    Some(PreviewLimits { chars: 300, items: 10, members: 50, depth: 5 }),
    Some(PreviewLimits { chars: 100, items: 3, members: 30, depth: 4 }),
    Some(PreviewLimits { chars: 40, items: 1, members: 20, depth: 2 }),
];

/// As many items are enough; fewer are a reason to cut what is in them.
const ITEMS_ENOUGH: usize = 10;

struct Cutter {
    mark: String,
}

impl Cutter {
    /// The value in at most `budget` bytes, which are at least [`Cutter::least`].
    fn fit(&self, value: Slice<'_>, budget: usize) -> Json {
        if value.len() <= budget {
            return value.to_json_or_text();
        }
        match value.kind() {
            JsonKind::Array => self.fit_items(value, budget),
            JsonKind::Object => self.fit_members(value, budget),
            JsonKind::String => self.fit_string(&value.text().unwrap_or_default(), budget),
            _ => Json::Object(vec![self.more("digits", value.len())]),
        }
    }

    /// Bytes in which every value can be told of.
    fn least(&self) -> usize {
        self.mark.len() + 40
    }

    fn more(&self, what: &str, count: usize) -> (String, Json) {
        (self.mark.clone(), Json::object([(what, count.into())]))
    }

    fn fit_items(&self, value: Slice<'_>, budget: usize) -> Json {
        let total = value.items().count();
        let end = |shown: usize| Json::Object(vec![self.more("items", total - shown)]);
        let room = budget.saturating_sub(3 + end(0).len());
        let mut best = Vec::new();
        for limits in LADDER {
            let shown = self.leading(value, limits, room);
            if shown.len() > best.len() {
                best = shown;
            }
            if best.len() >= ITEMS_ENOUGH.min(total) {
                break;
            }
        }
        if best.is_empty() && room >= self.least() {
            best.extend(value.items().next().map(|first| self.fit(first, room)));
        }
        if best.len() < total {
            best.push(end(best.len()));
        }
        Json::Array(best)
    }

    /// As many leading items as fit if each is cut to the limits.
    fn leading(&self, value: Slice<'_>, limits: Option<PreviewLimits>, room: usize) -> Vec<Json> {
        let mut left = room;
        let mut shown = Vec::new();
        for item in value.items() {
            let cut = limits.map(|limits| self.trim(item, limits));
            let len = cut.as_ref().map_or(item.len(), Json::len);
            let Some(rest) = left.checked_sub(len + 1) else { break };
            left = rest;
            shown.push(cut.unwrap_or_else(|| item.to_json_or_text()));
        }
        shown
    }

    /// Members that are small are shown whole, the others share what is left alike.
    fn fit_members(&self, value: Slice<'_>, budget: usize) -> Json {
        let head = |name: Slice<'_>| name.len() + 2;
        let least = |value: Slice<'_>| value.len().min(self.least());
        let total = value.members().count();
        let end = self.more("members", total);
        let cost = |(name, value): (Slice<'_>, Slice<'_>)| head(name) + least(value);
        let is_all = 2 + value.members().map(cost).sum::<usize>() <= budget;
        let end_len = if is_all { 0 } else { Json::from(end.0.as_str()).len() + 2 + end.1.len() };
        let mut room = budget.saturating_sub(2 + end_len);
        let shown = value.members().take_while(|member| {
            let rest = room.checked_sub(cost(*member));
            room = rest.unwrap_or(room);
            rest.is_some()
        });
        let shown: Vec<_> = shown.collect();
        // What is left beyond the least of each, for the smallest first.
        let mut by_size: Vec<usize> = (0..shown.len()).collect();
        by_size.sort_by_key(|&index| shown[index].1.len());
        let mut values = vec![Json::Null; shown.len()];
        for (done, &index) in by_size.iter().enumerate() {
            let value = shown[index].1;
            let share = least(value) + room / (shown.len() - done);
            values[index] = self.fit(value, share);
            room = (room + least(value)).saturating_sub(values[index].len());
        }
        let names = shown.iter().map(|(name, _)| name.text().unwrap_or_default().into_owned());
        let mut out: Vec<_> = names.zip(values).collect();
        if out.len() < total {
            out.push(self.more("members", total - out.len()));
        }
        Json::Object(out)
    }

    fn fit_string(&self, text: &str, budget: usize) -> Json {
        let total = text.chars().count();
        let mut room = budget.saturating_sub(2 + self.end(total).len());
        let fits = |char: char| {
            let rest = room.checked_sub(char_len(char));
            room = rest.unwrap_or(room);
            rest.is_some()
        };
        self.cut_string(text, text.chars().map(fits).take_while(|fits| *fits).count(), total)
    }

    fn cut_string(&self, text: &str, kept: usize, total: usize) -> Json {
        let beginning = text.chars().take(kept);
        Json::String(beginning.chain(self.end(total - kept).chars()).collect())
    }

    fn end(&self, missing: usize) -> String {
        format!("…[{}: {missing} chars]", self.mark)
    }

    /// The value with everything in it cut to the limits, where that makes it shorter.
    fn trim(&self, value: Slice<'_>, limits: PreviewLimits) -> Json {
        let cut = match value.kind() {
            JsonKind::String => {
                let text = value.text().unwrap_or_default();
                let Some(total) = is_longer(&text, limits.chars) else {
                    return text.into_owned().into();
                };
                self.cut_string(&text, limits.chars, total)
            }
            JsonKind::Array => self.trim_items(value, limits),
            JsonKind::Object => self.trim_members(value, limits),
            _ => return value.to_json_or_text(),
        };
        if cut.len() < value.len() { cut } else { value.to_json_or_text() }
    }

    fn trim_items(&self, value: Slice<'_>, limits: PreviewLimits) -> Json {
        let inner = PreviewLimits { depth: limits.depth.saturating_sub(1), ..limits };
        let kept = if limits.depth == 0 { 0 } else { limits.items };
        let mut items = value.items();
        let mut out: Vec<_> =
            items.by_ref().take(kept).map(|item| self.trim(item, inner)).collect();
        let missing = items.count();
        if missing > 0 {
            out.push(Json::Object(vec![self.more("items", missing)]));
        }
        Json::Array(out)
    }

    fn trim_members(&self, value: Slice<'_>, limits: PreviewLimits) -> Json {
        let inner = PreviewLimits { depth: limits.depth.saturating_sub(1), ..limits };
        let kept = if limits.depth == 0 { 0 } else { limits.members };
        let member = |(name, value): (Slice<'_>, Slice<'_>)| {
            (name.text().unwrap_or_default().into_owned(), self.trim(value, inner))
        };
        let mut members = value.members();
        let mut out: Vec<_> = members.by_ref().take(kept).map(member).collect();
        let missing = members.count();
        if missing > 0 {
            out.push(self.more("members", missing));
        }
        Json::Object(out)
    }
}

/// How many characters a text has, if more than `limit`.
fn is_longer(text: &str, limit: usize) -> Option<usize> {
    (text.len() > limit).then(|| text.chars().count()).filter(|&total| total > limit)
}

#[cfg(test)]
mod tests;
