//! The files that a change makes, before anything is written.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::ChangeError;
use super::section::{Section, SectionName};
use super::text;
use crate::config::Location;
use crate::config::owned::{CHANGED, is_ours};
use crate::config::patch::is_patch;
use crate::config::source::Text;
use crate::settings::Config;

/// What is to become of a section.
#[derive(Debug, Clone)]
pub enum Wish {
    /// It says this and nothing else.
    Put(Map<String, Value>),
    /// It says this, too; null takes a key away (RFC 7396).
    Merge(Map<String, Value>),
    Delete,
}

/// A section and what is to become of it.
#[derive(Debug, Clone)]
pub struct SectionWish {
    pub section: SectionName,
    pub wish: Wish,
}

/// A file that becomes another one; none: it is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    pub path: PathBuf,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// All that some changes do.
#[derive(Debug)]
pub struct Draft {
    pub files: Vec<FileChange>,
    /// What the config is then.
    pub config: Config,
}

impl Draft {
    /// What these changes do, one after the other. Nothing is written.
    ///
    /// # Errors
    /// What cannot be done, or would be no config.
    pub fn of(location: &Location, changes: &[SectionWish]) -> Result<Self, ChangeError> {
        let before = location.texts().map_err(ChangeError::Config)?;
        Self::of_texts(location, &before, changes)
    }

    /// The same for texts that were read there a moment ago.
    ///
    /// # Errors
    /// As of [`Draft::of`].
    pub fn of_texts(
        location: &Location,
        before: &[Text],
        changes: &[SectionWish],
    ) -> Result<Self, ChangeError> {
        let mut texts = before.to_vec();
        for change in changes {
            apply(location, &mut texts, change)?;
        }
        let config = location.reread(&texts).map_err(ChangeError::Config)?;
        let text_at = |texts: &[Text], path: &Path| {
            texts.iter().find(|text| text.path == path).map(|text| text.text.clone())
        };
        let mut paths: Vec<&PathBuf> = before.iter().chain(&texts).map(|text| &text.path).collect();
        paths.sort();
        paths.dedup();
        let file = |path: &PathBuf| FileChange {
            path: path.clone(),
            before: text_at(before, path),
            after: text_at(&texts, path),
        };
        let files = paths.into_iter().map(file).filter(|file| file.before != file.after).collect();
        Ok(Self { files, config })
    }
}

fn apply(
    location: &Location,
    texts: &mut Vec<Text>,
    change: &SectionWish,
) -> Result<(), ChangeError> {
    let path = change.section.path();
    let [kind, name] = path;
    let theirs: Vec<Text> = texts.iter().filter(|text| !is_patch(&text.path)).cloned().collect();
    let written = Section::of(&theirs, path)?;
    let there = Section::of(texts, path)?;
    let unknown = || ChangeError::Unknown { kind: kind.to_owned(), name: name.to_owned() };
    let wanted = match &change.wish {
        Wish::Put(keys) => Some(Section::meant(there.as_ref(), keys.clone())?),
        Wish::Merge(keys) => {
            let there = there.as_ref().ok_or_else(unknown)?;
            let mut sent = there.shown.clone();
            merge(&mut sent, keys);
            Some(Section::meant(Some(there), sent)?)
        }
        Wish::Delete if there.is_none() => return Err(unknown()),
        Wish::Delete => None,
    };
    let one_file = || ChangeError::OneFile(location.main_file());
    let patch_path = location.patch_of(kind, name).ok_or_else(one_file)?;
    let patch = texts.iter().find(|text| text.path == patch_path).map(|text| text.text.clone());
    if patch.as_ref().is_some_and(|patch| !patch.starts_with(CHANGED)) {
        return Err(ChangeError::Occupied(patch_path));
    }
    let of_file = |at: &Path| texts.iter().find(|text| text.path == at).cloned();
    let file = written.as_ref().and_then(|written| of_file(&written.at.file));
    match (written, file) {
        (Some(written), Some(file)) if !is_ours(&file.path, &file.text, path) => {
            let both = (&written.keys, wanted.as_ref());
            let text = text::patch(&patch_path, patch.as_deref(), path, both)?;
            put(texts, &patch_path, text);
        }
        (Some(written), Some(file)) => {
            let text = match &wanted {
                Some(wanted) => {
                    Some(text::edited(&file.path, &file.text, path, (&written.keys, wanted))?)
                }
                None => None,
            };
            put(texts, &file.path, text);
            put(texts, &patch_path, None);
        }
        _ => {
            let stem = if kind == "servers" { name.to_owned() } else { format!("{kind}.{name}") };
            let own = location.dropin_of(&stem).ok_or_else(one_file)?;
            if texts.iter().any(|text| text.path == own) {
                return Err(ChangeError::Occupied(own));
            }
            let text = wanted.as_ref().map(|keys| text::fresh(path, keys)).transpose()?;
            put(texts, &own, text);
            put(texts, &patch_path, None);
        }
    }
    // What was written is what is read.
    let after = Section::of(texts, path)?;
    let is_meant = after.as_ref().map(|after| &after.keys) == wanted.as_ref();
    if is_meant { Ok(()) } else { Err(ChangeError::Other(patch_path)) }
}

fn put(texts: &mut Vec<Text>, path: &Path, text: Option<String>) {
    let there = texts.iter().position(|text| text.path == path);
    match (there, text) {
        (Some(at), Some(text)) => texts[at].text = text,
        (Some(at), None) => drop(texts.remove(at)),
        (None, Some(text)) => texts.push(Text { path: path.to_path_buf(), text }),
        (None, None) => {}
    }
}

/// RFC 7396.
fn merge(into: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => drop(into.remove(key)),
            Value::Object(inner) => {
                let there = into.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
                if !there.is_object() {
                    *there = Value::Object(Map::new());
                }
                if let Value::Object(there) = there {
                    merge(there, inner);
                }
            }
            other => drop(into.insert(key.clone(), other.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
