//! What became of each key.

use serde::Serialize;

use crate::base::clip::clipped;

/// So many keys are told of.
const NOTES_MAX: usize = 20_000;
/// So much of a name or a reason, in characters.
const SAID_MAX: usize = 300;

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFate {
    /// It is as it was.
    Kept,
    /// It is said in another way.
    Translated,
    /// It is left out, and nothing has to be done.
    Dropped,
    /// A person has to do something.
    ToDo,
}

impl KeyFate {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Translated => "translated",
            Self::Dropped => "dropped",
            Self::ToDo => "to do",
        }
    }
}

/// A key, and what became of it. Values are not in it: they may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyNote {
    pub file: String,
    /// As the file names it; nothing for what is about all.
    pub server: String,
    pub key: String,
    pub fate: KeyFate,
    /// How it is said here, why it is left out, what to do; nothing to say of what is as it was.
    pub why: String,
}

/// The notes of an import, and of which server the next one is.
#[derive(Debug, Default)]
pub(super) struct ImportNotes {
    pub(super) all: Vec<KeyNote>,
    file: String,
    server: String,
}

impl ImportNotes {
    /// The next ones are about the file as a whole.
    pub(super) fn of_file(&mut self, file: String) {
        (self.file, self.server) = (file, String::new());
    }

    /// The next ones are about this server.
    pub(super) fn of_server(&mut self, server: &str) {
        self.server = clipped(server, SAID_MAX);
    }

    pub(super) fn say(&mut self, key: &str, fate: KeyFate, why: &str) {
        let (key, why) = (clipped(key, SAID_MAX), clipped(why, SAID_MAX));
        let note = KeyNote { file: self.file.clone(), server: self.server.clone(), key, fate, why };
        if self.all.len() < NOTES_MAX {
            self.all.push(note);
        }
    }
}
