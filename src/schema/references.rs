//! What a reference within a schema can lead to.

use std::collections::BTreeMap;

use super::flaw::Flaw;
use crate::json::Json;

/// The parts of a document that have names.
#[derive(Debug)]
pub(super) struct Anchors<'s>(BTreeMap<&'s str, &'s Json>);

impl<'s> Anchors<'s> {
    /// Looks for names, and for documents within the document, which move what a reference means.
    pub(super) fn of(root: &'s Json) -> Result<Self, Flaw> {
        let mut anchors = Self(BTreeMap::new());
        anchors.scan(root, true)?;
        Ok(anchors)
    }

    /// How deep it goes is bounded by [`Json::parse`].
    fn scan(&mut self, value: &'s Json, is_root: bool) -> Result<(), Flaw> {
        let members = match value {
            Json::Array(items) => return items.iter().try_for_each(|item| self.scan(item, false)),
            Json::Object(members) => members,
            _ => return Ok(()),
        };
        for (name, inner) in members {
            match (name.as_str(), inner) {
                ("const" | "default" | "enum" | "examples", _) => {}
                ("$anchor" | "$dynamicAnchor", Json::String(anchor)) => {
                    if self.0.insert(anchor, value).is_some() {
                        return Err(Flaw::Anchor(anchor.clone()));
                    }
                }
                ("$id", Json::String(_)) if !is_root => return Err(Flaw::InnerId),
                (_, inner) => self.scan(inner, false)?,
            }
        }
        Ok(())
    }

    /// What `reference` leads to within `root`, and how many members were looked at for that.
    pub(super) fn target(&self, root: &'s Json, reference: &str) -> Option<(&'s Json, usize)> {
        let fragment = reference.strip_prefix('#')?;
        if fragment.is_empty() {
            return Some((root, 1));
        }
        let Some(pointer) = fragment.strip_prefix('/') else {
            return self.0.get(fragment).map(|found| (*found, 1));
        };
        // What a URI escapes is unescaped by some compilers only.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"%\"<>\\^`{|}".contains(&byte);
        if !pointer.bytes().all(is_plain) {
            return None;
        }
        let mut looked_at = 0;
        let mut value = root;
        for step in pointer.split('/') {
            let step = step.replace("~1", "/").replace("~0", "~");
            value = match value {
                Json::Object(members) => {
                    looked_at += members.len();
                    value.get(&step)?
                }
                Json::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some((value, looked_at))
    }
}
