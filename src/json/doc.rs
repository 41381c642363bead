//! A value as the text it is written in: looked into without a tree being made of it.
//!
//! A tree costs many times its text: a number of one digit is a node of 32 bytes. What only has to
//! be walked through, searched, counted or cut is read where it stands. Beside the text there are
//! the ends of its long strings, arrays and objects, so that to step over one is not to read it: at most one
//! such pair of eight bytes in [`LONG`] bytes for each level of nesting.

use std::borrow::Cow;
use std::sync::Arc;

use bytestring::ByteString;

use super::check::{self, LONG};
use super::error::ParseError;

/// A whole value. Its text is what [`Json::write`](super::Json::write) would write: without white space between its
/// tokens, each string in one form. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Doc(Arc<Written>);

#[derive(Debug)]
struct Written {
    text: ByteString,
    /// Where long values begin and end, in order.
    long: Box<[(u32, u32)]>,
}

/// What kind of value something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

/// A value in a [`Doc`].
#[derive(Debug, Clone, Copy)]
pub struct Slice<'a> {
    doc: &'a Doc,
    start: u32,
    end: u32,
}

impl Doc {
    /// Reads a text from end to end (RFC 8259). It is copied only where it is not written as we do.
    pub fn read(text: impl Into<ByteString>) -> Result<Self, ParseError> {
        let text = text.into();
        let checked = check::check(&text)?;
        let text = checked.text.map_or(text, ByteString::from);
        Ok(Self(Arc::new(Written { text, long: checked.long.into() })))
    }

    pub(super) fn null() -> Self {
        let text = ByteString::from_static("null");
        Self(Arc::new(Written { text, long: Box::default() }))
    }

    /// All of it.
    pub fn root(&self) -> Slice<'_> {
        let end = u32::try_from(self.0.text.len()).unwrap_or(u32::MAX);
        Slice { doc: self, start: 0, end }
    }

    pub fn text(&self) -> &ByteString {
        &self.0.text
    }

    /// What it takes beside its text, in bytes.
    #[cfg(test)]
    pub fn overhead(&self) -> usize {
        size_of::<Written>() + size_of_val::<[_]>(&self.0.long)
    }

    fn byte(&self, at: usize) -> u8 {
        self.0.text.as_bytes().get(at).copied().unwrap_or_default()
    }

    /// Where the value that begins at `start` ends.
    fn end(&self, start: usize) -> usize {
        let bytes = self.0.text.as_bytes();
        match self.byte(start) {
            b'"' => self.string_end(start),
            b'[' | b'{' => self.nest_end(start),
            _ => {
                let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}');
                let rest = bytes.get(start..).unwrap_or_default();
                rest.iter().position(is_end).map_or(bytes.len(), |len| start + len)
            }
        }
    }

    fn nest_end(&self, start: usize) -> usize {
        let bytes = self.0.text.as_bytes();
        let (mut at, mut depth) = (start, 0_usize);
        while at < bytes.len() && at - start < LONG {
            match bytes[at] {
                b'"' => {
                    at = self.string_end(at);
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' if depth == 1 => return at + 1,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        self.long_end(start)
    }

    fn string_end(&self, start: usize) -> usize {
        let near = (start + LONG).min(self.0.text.len());
        let bytes = self.0.text.as_bytes().get(..near).unwrap_or_default();
        let mut at = start + 1;
        while let Some(next) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
            at += next;
            if bytes[at] == b'"' {
                return at + 1;
            }
            at += 2;
        }
        self.long_end(start)
    }

    /// Where a long value ends.
    fn long_end(&self, start: usize) -> usize {
        let found = self.0.long.binary_search_by_key(&start, |(start, _)| *start as usize);
        found.map_or(self.0.text.len(), |index| self.0.long[index].1 as usize)
    }
}

impl<'a> Slice<'a> {
    /// Its JSON.
    pub fn as_str(self) -> &'a str {
        self.doc.0.text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The JSON from here to the end of `last`, which stands behind it.
    pub fn through(self, last: Slice<'a>) -> &'a str {
        self.doc.0.text.get(self.start as usize..last.end as usize).unwrap_or_default()
    }

    /// How many bytes its JSON has.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Where it begins, and what [`Slice::at`] finds again: four bytes for a value.
    pub fn start(self) -> u32 {
        self.start
    }

    /// The value of the same whole that begins at `start`.
    pub fn at(self, start: u32) -> Slice<'a> {
        self.to(start as usize, self.doc.end(start as usize))
    }

    fn to(self, start: usize, end: usize) -> Slice<'a> {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Slice { doc: self.doc, start: offset(start), end: offset(end) }
    }

    pub fn kind(self) -> JsonKind {
        match self.doc.byte(self.start as usize) {
            b'{' => JsonKind::Object,
            b'[' => JsonKind::Array,
            b'"' => JsonKind::String,
            b't' | b'f' => JsonKind::Bool,
            b'n' => JsonKind::Null,
            _ => JsonKind::Number,
        }
    }

    /// As [`Json::title`](super::Json::title).
    pub fn title(self) -> &'static str {
        match self.kind() {
            JsonKind::Null => "null",
            JsonKind::Bool => "a boolean",
            JsonKind::Number => "a number",
            JsonKind::String => "a string",
            JsonKind::Array => "an array",
            JsonKind::Object => "an object",
        }
    }

    pub fn is_object(self) -> bool {
        self.kind() == JsonKind::Object
    }

    pub fn is_array(self) -> bool {
        self.kind() == JsonKind::Array
    }

    pub fn is_string(self) -> bool {
        self.kind() == JsonKind::String
    }

    pub fn is_true(self) -> bool {
        self.as_str() == "true"
    }

    /// What a string says.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let inner = self.as_str().strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
            return Some(inner.into());
        }
        serde_json::from_str::<String>(self.as_str()).ok().map(Cow::Owned)
    }

    /// The same, which shares the bytes of the whole if it can.
    pub fn shared_text(self) -> Option<ByteString> {
        Some(match self.text()? {
            Cow::Borrowed(text) => self.doc.0.text.slice_ref(text),
            Cow::Owned(text) => text.into(),
        })
    }

    /// Whether it is the string `text`.
    pub fn says(self, text: &str) -> bool {
        self.text().is_some_and(|said| said == text)
    }

    /// The items of an array, else nothing.
    pub fn items(self) -> Items<'a> {
        let is_array = self.is_array() && self.len() > 2;
        Items { within: self, at: if is_array { self.start + 1 } else { self.end } }
    }

    /// The members of an object, each with its name as a string, else nothing.
    pub fn members(self) -> Members<'a> {
        let is_object = self.is_object() && self.len() > 2;
        Members { within: self, at: if is_object { self.start + 1 } else { self.end } }
    }

    /// The member `name` of an object; of several the last.
    pub fn get(self, name: &str) -> Option<Slice<'a>> {
        self.members().filter(|(key, _)| key.says(name)).last().map(|(_, value)| value)
    }

    /// A value of its own, which shares the text.
    pub fn to_doc(self) -> Doc {
        let text = self.doc.0.text.slice_ref(self.as_str());
        if self.len() == self.doc.0.text.len() {
            return self.doc.clone();
        }
        let from = self.doc.0.long.partition_point(|(start, _)| *start < self.start);
        let to = self.doc.0.long.partition_point(|(start, _)| *start < self.end);
        let moved = |(start, end): &(u32, u32)| (start - self.start, end - self.start);
        let long = self.doc.0.long[from..to].iter().map(moved).collect();
        Doc(Arc::new(Written { text, long }))
    }
}

/// The items of an array.
#[derive(Debug, Clone)]
pub struct Items<'a> {
    within: Slice<'a>,
    at: u32,
}

impl<'a> Iterator for Items<'a> {
    type Item = Slice<'a>;

    fn next(&mut self) -> Option<Slice<'a>> {
        if self.at + 1 >= self.within.end {
            return None;
        }
        let item = self.within.at(self.at);
        // Behind it stands a comma or the end.
        self.at = item.end + 1;
        Some(item)
    }
}

/// The members of an object.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    within: Slice<'a>,
    at: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Slice<'a>, Slice<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at + 1 >= self.within.end {
            return None;
        }
        let name = self.within.at(self.at);
        let value = self.within.at(name.end + 1);
        self.at = value.end + 1;
        Some((name, value))
    }
}

/// Two are equal if their texts are.
impl PartialEq for Doc {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Doc {}

#[cfg(test)]
#[path = "doc/tests.rs"]
mod tests;
