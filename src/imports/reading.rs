//! A server that is read, key by key.

use std::path::{Path, PathBuf};

use super::draft::ServerDraft;
use super::notes::{ImportNotes, KeyFate};
use super::variables::Variables;
use crate::json::Json;
use crate::remedy::plain;

/// What is to be done where a path starts nowhere.
pub(super) const NOWHERE: &str = "a relative path starts nowhere here; write the whole of it";

/// A server that is read.
#[derive(Debug)]
pub(super) struct EntryReading<'a> {
    pub(super) draft: ServerDraft,
    pub(super) notes: &'a mut ImportNotes,
    pub(super) variables: &'a Variables,
    /// Where the file is: relative paths in it may start there. None: it comes from no file.
    pub(super) dir: Option<&'a Path>,
}

impl EntryReading<'_> {
    /// A path with the place where it starts, if it starts anywhere.
    pub(super) fn whole(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        let path = path.as_ref();
        if path.is_absolute() { Some(path.to_path_buf()) } else { Some(self.dir?.join(path)) }
    }

    pub(super) fn dropped(&mut self, key: &str, why: &str) {
        self.notes.say(key, KeyFate::Dropped, why);
    }

    pub(super) fn left(&mut self, key: &str, what: &str) {
        self.notes.say(key, KeyFate::ToDo, what);
    }

    /// Sets a key of ours for one of theirs.
    pub(super) fn put(&mut self, theirs: &str, ours: &str, value: Json) {
        if !self.draft.set(ours, value) {
            self.dropped(theirs, &format!("`{ours}` is said already"));
        } else if theirs == ours {
            self.notes.say(theirs, KeyFate::Kept, "");
        } else {
            self.notes.say(theirs, KeyFate::Translated, &format!("is `{ours}`"));
        }
    }

    /// The text as the config has to have it, and whether it changes.
    pub(super) fn text(&mut self, key: &str, text: &str) -> String {
        let said = self.variables.translated(text);
        for what in &said.to_do {
            self.left(key, what);
        }
        if said.is_of_directory && self.draft.set("scope", Json::from("cwd")) {
            self.notes.say(
                key,
                KeyFate::Translated,
                "runs once for each directory: `scope = \"cwd\"`",
            );
        } else if said.is_other {
            self.notes.say(
                key,
                KeyFate::Translated,
                "its variables are written as callmux has them",
            );
        }
        said.text
    }

    pub(super) fn put_text(&mut self, theirs: &str, ours: &str, value: &Json) {
        match plain(value) {
            Some(text) => {
                let text = self.text(theirs, &text);
                self.put(theirs, ours, Json::from(text));
            }
            None => self.wrong(theirs, "a text", value),
        }
    }

    pub(super) fn put_texts(&mut self, theirs: &str, ours: &str, value: &Json) {
        let items =
            value.as_array().map(|items| items.iter().map(plain).collect::<Option<Vec<_>>>());
        match items {
            Some(Some(items)) => {
                let texts = items.iter().map(|item| Json::from(self.text(theirs, item))).collect();
                self.put(theirs, ours, Json::Array(texts));
            }
            _ => self.wrong(theirs, "a list of texts", value),
        }
    }

    /// A table of texts joins what is there of it.
    pub(super) fn put_table(&mut self, theirs: &str, ours: &str, value: &Json) {
        let Some(members) = value.as_object() else {
            return self.wrong(theirs, "a table of texts", value);
        };
        for (name, value) in members {
            let key = format!("{theirs}.{name}");
            let Some(text) = plain(value) else {
                self.wrong(&key, "a text", value);
                continue;
            };
            let text = self.text(&key, &text);
            self.put_member(&key, ours, name, text);
        }
    }

    pub(super) fn put_member(&mut self, theirs: &str, ours: &str, name: &str, text: String) {
        if !self.draft.set_member(ours, name, Json::from(text)) {
            self.dropped(theirs, "it is said already");
        } else if theirs == format!("{ours}.{name}") {
            self.notes.say(theirs, KeyFate::Kept, "");
        } else {
            self.notes.say(theirs, KeyFate::Translated, &format!("is `{ours}.{name}`"));
        }
    }

    /// A number of `each` milliseconds as a duration.
    pub(super) fn put_duration(&mut self, theirs: &str, ours: &str, value: &Json, each: f64) {
        match duration(value, each) {
            Some(text) => self.put(theirs, ours, Json::from(text)),
            None => self.wrong(theirs, "a number above 0", value),
        }
    }

    pub(super) fn put_number(&mut self, theirs: &str, ours: &str, value: &Json) {
        match number(value) {
            Some(number) => self.put(theirs, ours, number),
            None => self.wrong(theirs, "a whole number", value),
        }
    }

    pub(super) fn wrong(&mut self, key: &str, wanted: &str, value: &Json) {
        self.left(key, &format!("is {}, not {wanted}", value.title()));
    }
}

/// A whole number, which TOML that was read has as a text.
pub(super) fn number(value: &Json) -> Option<Json> {
    let number: u64 = plain(value)?.parse().ok()?;
    Some(Json::from(number))
}

/// A number of `each` milliseconds as the config has durations; nothing for what is none, or 0.
pub(super) fn duration(value: &Json, each: f64) -> Option<String> {
    let number: f64 = plain(value)?.parse().ok()?;
    let ms = (number * each).round();
    if !(1.0..=1e15).contains(&ms) {
        return None;
    }
    let (count, unit) = if ms % 1000.0 == 0.0 { (ms / 1000.0, "s") } else { (ms, "ms") };
    Some(format!("{count}{unit}"))
}
