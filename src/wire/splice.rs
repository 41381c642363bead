//! Replacing parts of a text and leaving every other byte alone.

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;
use smallvec::SmallVec;

use super::object::Span;
use super::payload::Payload;

/// Up to this size a copy in one piece is cheaper than a list of pieces.
const WHOLE_MAX: usize = 16 * 1024;

/// A text with replacements noted but not yet made.
#[derive(Debug)]
pub struct Splice<'a> {
    text: &'a ByteString,
    edits: SmallVec<[Edit<'a>; 4]>,
}

#[derive(Debug)]
struct Edit<'a> {
    at: Span,
    with: Cow<'a, str>,
}

impl<'a> Splice<'a> {
    pub fn new(text: &'a ByteString) -> Self {
        Self { text, edits: SmallVec::new() }
    }

    /// Puts `with` where `at` is. Spans may be given in any order but must not overlap.
    #[must_use]
    pub fn replace(mut self, at: Span, with: impl Into<Cow<'a, str>>) -> Self {
        self.edits.push(Edit { at, with: with.into() });
        self
    }

    /// Puts `with` before the byte at `position`.
    #[must_use]
    pub fn insert(self, position: u32, with: impl Into<Cow<'a, str>>) -> Self {
        self.replace(Span { start: position, end: position }, with)
    }

    /// Makes the copy.
    pub fn finish(mut self) -> Payload {
        self.edits.sort_by_key(|edit| edit.at.start);
        if self.text.len() <= WHOLE_MAX { self.copied() } else { self.shared() }
    }

    fn copied(&self) -> Payload {
        let added: usize = self.edits.iter().map(|edit| edit.with.len()).sum();
        let mut whole = String::with_capacity(self.text.len() + added);
        let mut position = 0;
        for edit in &self.edits {
            whole.push_str(&self.text[position..edit.at.start as usize]);
            whole.push_str(&edit.with);
            position = edit.at.end as usize;
        }
        whole.push_str(&self.text[position..]);
        Payload::from(whole)
    }

    fn shared(&self) -> Payload {
        let bytes = self.text.as_bytes();
        let mut parts = Vec::with_capacity(2 * self.edits.len() + 1);
        let mut position = 0;
        for edit in &self.edits {
            push(&mut parts, bytes.slice(position..edit.at.start as usize));
            push(&mut parts, Bytes::copy_from_slice(edit.with.as_bytes()));
            position = edit.at.end as usize;
        }
        push(&mut parts, bytes.slice(position..));
        Payload::Parts(parts)
    }
}

fn push(parts: &mut Vec<Bytes>, part: Bytes) {
    if !part.is_empty() {
        parts.push(part);
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Splice, WHOLE_MAX};
    use bytestring::ByteString;

    #[test]
    fn small_and_large_texts_are_spliced_alike() {
        for filler in [0, WHOLE_MAX + 1] {
            let text = ByteString::from(format!("abcdef{}", "x".repeat(filler)));
            let span = |start, end| Span { start, end };
            let made = Splice::new(&text)
                .replace(span(4, 5), "E")
                .insert(0, "<")
                .replace(span(1, 3), "")
                .finish();
            let expected = format!("<adEf{}", "x".repeat(filler));
            assert_eq!(made.len(), expected.len());
            assert_eq!(made.into_bytes(), expected);
        }
    }
}
