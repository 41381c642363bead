//! One contiguous difference between two texts.

use serde::{Deserialize, Serialize};

/// What has to be done with one text to get the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splice {
    /// Where, in bytes of the first text.
    pub at: usize,
    /// How many bytes go there.
    pub removed: usize,
    /// What comes there.
    pub inserted: String,
}

impl Splice {
    /// The shortest that makes `after` of `before`.
    pub fn between(before: &str, after: &str) -> Self {
        let pairs = before.bytes().zip(after.bytes());
        let mut at = pairs.take_while(|(a, b)| a == b).count();
        while !before.is_char_boundary(at) || !after.is_char_boundary(at) {
            at -= 1;
        }
        let (rest, new) = (&before[at..], &after[at..]);
        let pairs = rest.bytes().rev().zip(new.bytes().rev());
        let mut same = pairs.take_while(|(a, b)| a == b).count();
        while !rest.is_char_boundary(rest.len() - same) || !new.is_char_boundary(new.len() - same) {
            same -= 1;
        }
        Self { at, removed: rest.len() - same, inserted: new[..new.len() - same].to_owned() }
    }

    /// The other text; `None` if this one is too short for that.
    pub fn applied(&self, text: &str) -> Option<String> {
        let end = self.at.checked_add(self.removed)?;
        Some([text.get(..self.at)?, &self.inserted, text.get(end..)?].concat())
    }

    /// The text without what was inserted, if that is in it once and nothing else was removed.
    pub fn taken_out(&self, text: &str) -> Option<String> {
        if self.removed > 0 || self.inserted.is_empty() {
            return None;
        }
        let mut found = text.match_indices(&self.inserted);
        let (at, _) = found.next()?;
        let end = at + self.inserted.len();
        found.next().is_none().then(|| [&text[..at], &text[end..]].concat())
    }
}

/// The line break of a text.
pub(super) fn line_break(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}
