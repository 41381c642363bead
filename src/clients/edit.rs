//! Our entry put into a text, and taken out of it; nothing else changes.
//!
//! What comes out is read again: without our entry it must say what the text said before.

use super::client::{Grammar, NAME};
use super::error::EditError;
use super::splice::Splice;
use super::{json, toml, yaml};
use crate::json::Json;

/// The byte order mark, which belongs to no grammar.
const MARK: char = '\u{feff}';

/// Where in a text our entry belongs.
#[derive(Debug, Clone)]
pub struct Site {
    pub format: Grammar,
    /// The keys that lead to the servers.
    pub keys: Vec<&'static str>,
}

impl Site {
    /// What the text says.
    pub fn read(&self, text: &str) -> Result<Json, EditError> {
        let body = text.strip_prefix(MARK).unwrap_or(text);
        match self.format {
            Grammar::Json => json::read(body),
            Grammar::Toml => toml::read(body),
            Grammar::Yaml => yaml::read(body),
        }
    }

    /// The servers of a text that was read.
    pub fn servers<'a>(&self, tree: &'a Json) -> &'a [(String, Json)] {
        let found = self.keys.iter().try_fold(tree, |at, key| at.get(key));
        found.and_then(Json::as_object).unwrap_or_default()
    }

    /// The text with the entry in it.
    pub fn with(&self, text: &str, entry: &Json) -> Result<String, EditError> {
        let before = self.read(text)?;
        if self.servers(&before).iter().any(|(name, _)| name == NAME) {
            return Err(EditError::There(NAME.to_owned()));
        }
        let (mark, body) = parted(text);
        let edited = match self.format {
            Grammar::Json => json::with(body, &self.keys, entry),
            Grammar::Toml => toml::with(body, &self.keys, entry),
            Grammar::Yaml => yaml::with(body, &self.keys, entry),
        }?;
        let text = format!("{mark}{edited}");
        let after = self.read(&text).map_err(|_| EditError::Form)?;
        let is_there = self.servers(&after).iter().any(|(name, _)| name == NAME);
        self.compare(&before, &after, NAME)?;
        if is_there { Ok(text) } else { Err(EditError::Form) }
    }

    /// The text without the server `name`.
    pub fn without(&self, text: &str, name: &str) -> Result<String, EditError> {
        let before = self.read(text)?;
        if !self.servers(&before).iter().any(|(server, _)| server == name) {
            return Err(EditError::Gone(name.to_owned()));
        }
        let (mark, body) = parted(text);
        let edited = match self.format {
            Grammar::Json => json::without(body, &self.keys, name),
            Grammar::Toml => toml::without(body, &self.keys, name),
            Grammar::Yaml => yaml::without(body, &self.keys, name),
        }?;
        let text = format!("{mark}{edited}");
        self.judge(&before, &text, name)?;
        Ok(text)
    }

    /// The same by the splice that once put our entry there, if that does it.
    pub fn undone(&self, text: &str, splice: &Splice) -> Option<String> {
        let before = self.read(text).ok()?;
        let edited = splice.taken_out(text)?;
        self.judge(&before, &edited, NAME).ok().map(|()| edited)
    }

    fn judge(&self, before: &Json, edited: &str, name: &str) -> Result<(), EditError> {
        let after = self.read(edited).map_err(|_| EditError::Form)?;
        if self.servers(&after).iter().any(|(server, _)| server == name) {
            return Err(EditError::Form);
        }
        self.compare(before, &after, name)
    }

    /// Both say the same, but for the server `name`.
    fn compare(&self, before: &Json, after: &Json, name: &str) -> Result<(), EditError> {
        let is_same = self.rest(before, name) == self.rest(after, name);
        if is_same { Ok(()) } else { Err(EditError::Form) }
    }

    /// The tree without that server, and without what lies empty then on the way to it.
    fn rest(&self, tree: &Json, name: &str) -> Json {
        let keys: Vec<&str> = self.keys.iter().copied().chain([name]).collect();
        without_path(tree, &keys).unwrap_or_default()
    }
}

fn without_path(tree: &Json, keys: &[&str]) -> Option<Json> {
    let (key, deeper) = keys.split_first()?;
    let Json::Object(members) = tree else {
        return (*tree != Json::Null).then(|| tree.clone());
    };
    let mut left = Vec::with_capacity(members.len());
    for (name, value) in members {
        let value = if name == key { without_path(value, deeper) } else { Some(value.clone()) };
        left.extend(value.map(|value| (name.clone(), value)));
    }
    (!left.is_empty()).then_some(Json::Object(left))
}

fn parted(text: &str) -> (&str, &str) {
    let body = text.strip_prefix(MARK).unwrap_or(text);
    (&text[..text.len() - body.len()], body)
}
