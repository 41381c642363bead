//! One section of the config: what it says, and how that is shown to who changes it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::error::ChangeError;
use crate::config::load;
use crate::config::patch::NAMED;
use crate::config::show::{HIDDEN, without_secrets};
use crate::config::source::Text;
use crate::keys::tree::{self, Node, Table};
use crate::settings::complaint::Place;

/// The longest name, in bytes.
const NAME_MAX: usize = 64;

/// What a section is called: `servers`, `github`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionName {
    pub kind: &'static str,
    pub name: String,
}

/// A section as it is written, all files together.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its keys.
    pub keys: Map<String, Value>,
    /// The same without what may be a secret.
    pub shown: Map<String, Value>,
    /// Where each key is written.
    pub places: BTreeMap<String, Place>,
    /// Where it begins.
    pub at: Place,
}

impl SectionName {
    /// # Errors
    /// A kind that has no names, or a name that is no good name of a file.
    pub fn parse(kind: &str, name: &str) -> Result<Self, ChangeError> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(is_good) {
            return Err(ChangeError::Name(name.chars().take(NAME_MAX).collect()));
        }
        Ok(Self { kind: kind_of(kind)?, name: name.to_owned() })
    }

    pub fn path(&self) -> [&str; 2] {
        [self.kind, &self.name]
    }
}

/// The kind of this name.
///
/// # Errors
/// There is none.
pub fn kind_of(kind: &str) -> Result<&'static str, ChangeError> {
    let known = NAMED.iter().find(|known| **known == kind).copied();
    known.ok_or_else(|| ChangeError::Kind(kind.chars().take(NAME_MAX).collect()))
}

impl Section {
    /// The section of this name in a merged config.
    pub fn find(merged: &Table, [kind, name]: [&str; 2]) -> Option<Self> {
        let tree::Value::Table(all) = &merged.get(kind)?.value else { return None };
        let node = all.get(name)?;
        let tree::Value::Table(table) = &node.value else { return None };
        let (mut keys, mut shown, mut places) = (Map::new(), Map::new(), BTreeMap::new());
        for (key, node) in table {
            let hidden = without_secrets(kind == "servers", key, &node.value);
            keys.insert(key.clone(), json(node));
            shown.insert(key.clone(), json(&Node { at: node.at.clone(), value: hidden }));
            places.insert(key.clone(), node.at.clone());
        }
        Some(Self { keys, shown, places, at: node.at.clone() })
    }

    /// The section of this name that these texts have, all together.
    ///
    /// # Errors
    /// They are no config.
    pub fn of(texts: &[Text], path: [&str; 2]) -> Result<Option<Self>, ChangeError> {
        Ok(Self::find(&load::merge(texts).map_err(ChangeError::Config)?, path))
    }

    /// What stands for its state: another one where anything in it is. `salt` keeps what is hidden from
    /// being guessed by it.
    pub fn tag(&self, salt: &[u8; 32]) -> String {
        let mut hash = Sha256::new();
        hash.update(salt);
        hash.update(Value::Object(self.keys.clone()).to_string());
        let hash = hash.finalize();
        let half = hash.first_chunk::<16>().copied().unwrap_or_default();
        format!("{:032x}", u128::from_be_bytes(half))
    }

    /// What is meant by `sent`: what is in it as it was shown is what it is.
    ///
    /// # Errors
    /// Something hidden is where nothing hidden was.
    pub fn meant(
        there: Option<&Self>,
        mut sent: Map<String, Value>,
    ) -> Result<Map<String, Value>, ChangeError> {
        for (key, value) in &mut sent {
            let known = there.and_then(|there| Some((there.shown.get(key)?, there.keys.get(key)?)));
            if let Some((shown, kept)) = known {
                restore(value, shown, kept);
            }
            if let Some(path) = hidden_at(key, value) {
                return Err(ChangeError::Hidden(path));
            }
        }
        Ok(sent)
    }
}

fn json(node: &Node) -> Value {
    // Dates have no place in a config, and are complained of elsewhere.
    let json = node.json().map(|json| json.to_string());
    json.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn restore(value: &mut Value, shown: &Value, kept: &Value) {
    if value == shown {
        kept.clone_into(value);
        return;
    }
    match (value, shown, kept) {
        (Value::Object(value), Value::Object(shown), Value::Object(kept)) => {
            for (name, value) in value {
                if let (Some(shown), Some(kept)) = (shown.get(name), kept.get(name)) {
                    restore(value, shown, kept);
                }
            }
        }
        (Value::Array(value), Value::Array(shown), Value::Array(kept)) => {
            for ((value, shown), kept) in value.iter_mut().zip(shown).zip(kept) {
                restore(value, shown, kept);
            }
        }
        _ => {}
    }
}

fn hidden_at(path: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains(HIDDEN) => Some(path.to_owned()),
        Value::Array(items) => items.iter().find_map(|item| hidden_at(path, item)),
        Value::Object(members) => {
            members.iter().find_map(|(name, value)| hidden_at(&format!("{path}.{name}"), value))
        }
        _ => None,
    }
}
