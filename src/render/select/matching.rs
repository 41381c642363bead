//! What of a large value is what was looked for.

use super::pick::Search;
use super::within;
use crate::json::{Doc, Json, JsonKind, Slice};

/// A smaller value is shown whole, in bytes.
const WHOLE_MAX: usize = 1024;
/// How deep it is looked into. Each level is read once more.
const DEPTH_MAX: usize = 12;
/// Members beside what was looked for that tell what it belongs to, and how long they may be, in bytes.
const BESIDE_MAX: usize = 4;
const BESIDE_LEN: usize = 100;

impl Search {
    /// The items and the members that have it, with a little of what stands beside them; of those that are large,
    /// what of them has it. Of a text the lines.
    pub(super) fn matching(&self, value: Slice<'_>) -> Doc {
        let mut out = String::new();
        self.write(value, DEPTH_MAX, &mut out);
        Doc::read(out).unwrap_or_else(|_| value.to_doc())
    }

    fn write(&self, value: Slice<'_>, depth: usize, out: &mut String) {
        if value.len() <= WHOLE_MAX || depth == 0 {
            out.push_str(value.as_str());
            return;
        }
        match value.kind() {
            JsonKind::Array => {
                out.push('[');
                let begin = out.len();
                for item in value.items().filter(|item| self.is_in(item.as_str())) {
                    separate(begin, out);
                    self.write(item, depth - 1, out);
                }
                out.push(']');
            }
            JsonKind::Object => self.write_members(value, depth, out),
            JsonKind::String => {
                let text = value.text().unwrap_or_default();
                match within(&text) {
                    Some(inner) => self.write(inner.root(), depth - 1, out),
                    None => Json::from(self.lines(&text)).write(out),
                }
            }
            _ => out.push_str(value.as_str()),
        }
    }

    fn write_members(&self, object: Slice<'_>, depth: usize, out: &mut String) {
        out.push('{');
        let begin = out.len();
        let mut beside = 0;
        for (name, value) in object.members() {
            let has_it = self.is_in(name.through(value));
            let is_beside = !has_it
                && beside < BESIDE_MAX
                && value.len() <= BESIDE_LEN
                && !matches!(value.kind(), JsonKind::Array | JsonKind::Object);
            if !has_it && !is_beside {
                continue;
            }
            beside += usize::from(is_beside);
            separate(begin, out);
            out.push_str(name.as_str());
            out.push(':');
            if has_it && self.is_in(value.as_str()) {
                self.write(value, depth - 1, out);
            } else {
                out.push_str(value.as_str());
            }
        }
        out.push('}');
    }
}

fn separate(begin: usize, out: &mut String) {
    if out.len() > begin {
        out.push(',');
    }
}
