//! From a tree to a text that is read where it stands, and back.

use super::doc::{Doc, Slice};
use super::error::ParseError;
use super::tree::Json;

impl Doc {
    /// The text of a value.
    pub fn of(value: &Json) -> Self {
        let mut text = String::with_capacity(value.len());
        value.write(&mut text);
        Self::read(text).unwrap_or_else(|_| Self::null())
    }
}

impl Slice<'_> {
    /// A tree of it. `Err`: it has more values than a tree may have.
    pub fn to_json(self) -> Result<Json, ParseError> {
        Json::parse(self.as_str())
    }

    /// A tree of it, or the text as it is where that would be too large.
    pub fn to_json_or_text(self) -> Json {
        self.to_json().unwrap_or_else(|_| Json::Written(self.to_doc()))
    }
}
