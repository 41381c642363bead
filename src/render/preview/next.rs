//! Where to read on behind what a preview shows.

use crate::json::{Json, JsonKind, Path, Slice};

/// How deep it is looked.
const DEPTH_MAX: usize = 16;

/// The part of a value that a preview has least of, and how many of its items, members or characters are
/// shown whole at its beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NextPart {
    pub path: Path,
    pub offset: usize,
}

impl NextPart {
    /// `mark`: what stands in the preview for what is missing.
    pub(super) fn of(value: Slice<'_>, shown: &Json, mark: &str) -> Self {
        let (mut path, mut value, mut shown) = (Path::default(), value, shown);
        for _ in 0..DEPTH_MAX {
            match value.kind() {
                JsonKind::Object => {
                    let largest = value.members().max_by_key(|(_, value)| value.len());
                    let Some((name, inner)) = largest else { break };
                    let name = name.text().unwrap_or_default();
                    match shown.get(&name) {
                        Some(part) => (path, value, shown) = (path.join(&*name), inner, part),
                        None => return Self { path, offset: members(shown, mark) },
                    }
                }
                JsonKind::Array => return Self { path, offset: items(shown, mark) },
                JsonKind::String => return Self { path, offset: chars(value, shown) },
                _ => break,
            }
        }
        Self::default()
    }
}

/// Items that are as they are in the value, up to the first that is not.
fn items(shown: &Json, mark: &str) -> usize {
    let items = shown.as_array().unwrap_or_default();
    items.iter().take_while(|item| !is_cut(item, mark)).count()
}

fn members(shown: &Json, mark: &str) -> usize {
    let members = shown.as_object().unwrap_or_default();
    members.iter().take_while(|(name, value)| name != mark && !is_cut(value, mark)).count()
}

fn chars(value: Slice<'_>, shown: &Json) -> usize {
    let (whole, shown) = (value.text().unwrap_or_default(), shown.as_str().unwrap_or_default());
    whole.chars().zip(shown.chars()).take_while(|(a, b)| a == b).count()
}

/// Whether something of it is missing.
fn is_cut(value: &Json, mark: &str) -> bool {
    match value {
        Json::String(text) => text.ends_with(" chars]") && text.contains(&format!("…[{mark}: ")),
        Json::Array(items) => items.iter().any(|item| is_cut(item, mark)),
        Json::Object(members) => {
            members.iter().any(|(name, value)| name == mark || is_cut(value, mark))
        }
        _ => false,
    }
}
