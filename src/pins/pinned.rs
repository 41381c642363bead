//! One definition as it is pinned.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::kind::PinKind;
use crate::json::Json;

/// A longer text is not kept, in bytes: its digests are.
const TEXT_MAX: usize = 256 * 1024;
/// What servers say anew at each start, and no model reads.
const VOLATILE: &str = "_meta";

/// The parts of a definition that are told apart, each with its members. What else there is is the last one.
const PARTS: [(&str, &[&str]); 4] = [
    ("description", &["title", "description"]),
    ("schema", &["inputSchema", "outputSchema", "arguments"]),
    ("annotations", &["annotations"]),
    ("rest", &[]),
];

/// A definition, with digests of all of it and of its parts. All digests are SHA-256 in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// Of the canonical form, see [`Pinned::of`].
    pub digest: String,
    /// In the order of [`PARTS`].
    parts: [String; 4],
    /// As the server wrote it; `None` if that is too long to be kept.
    pub text: Option<String>,
}

impl Pinned {
    /// The canonical form has no `_meta`, no white space between values, and the members of every object in the
    /// order of their names (RFC 8785 but for numbers, which keep their digits). White space in a text counts. A name
    /// that occurs twice stays there twice, since readers differ about which of them counts.
    pub fn of(kind: PinKind, text: &str) -> Self {
        let kept = (text.len() <= TEXT_MAX).then(|| text.to_owned());
        let members = match kind {
            PinKind::Instructions => None,
            PinKind::Tool | PinKind::Prompt => members(text),
        };
        let Some(members) = members else {
            let digest = sha256(text);
            let nothing = sha256("{}");
            let parts = [digest.clone(), nothing.clone(), nothing.clone(), nothing];
            return Self { digest, parts, text: kept };
        };
        let is_named = |name: &str| PARTS.iter().any(|(_, names)| names.contains(&name));
        let parts = PARTS.map(|(_, names)| {
            let is_of = |name: &str| {
                if names.is_empty() { !is_named(name) } else { names.contains(&name) }
            };
            let part = members.iter().filter(|(name, _)| is_of(name)).cloned().collect();
            sha256(&Json::Object(part).to_string())
        });
        Self { digest: sha256(&Json::Object(members).to_string()), parts, text: kept }
    }

    /// Whether this is the same definition. `text`: one of the kind, which is looked at in full only if it is not
    /// written in the same way.
    pub(super) fn is_same(&self, kind: PinKind, text: &str) -> bool {
        self.text.as_deref() == Some(text) || self.digest == Self::of(kind, text).digest
    }

    /// The parts that differ.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.parts.iter().zip(&other.parts).zip(PARTS);
        let differing = pairs.filter(|((own, other), _)| own != other);
        differing.map(|(_, (name, _))| name).collect()
    }

    /// The beginning of the digest, for people.
    pub fn short(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }

    /// The canonical form; the text itself if it is no object.
    pub fn canonical(&self, kind: PinKind) -> Option<Json> {
        let text = self.text.as_deref()?;
        match kind {
            PinKind::Instructions => Some(text.into()),
            PinKind::Tool | PinKind::Prompt => {
                Some(members(text).map_or_else(|| text.into(), Json::Object))
            }
        }
    }
}

fn members(text: &str) -> Option<Vec<(String, Json)>> {
    let Ok(Json::Object(mut members)) = Json::parse(text).map(Json::sorted) else { return None };
    members.retain(|(name, _)| name != VOLATILE);
    Some(members)
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
