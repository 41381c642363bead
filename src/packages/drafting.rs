//! A server of ours in the making.

use std::path::PathBuf;

use crate::imports::{DraftOrigin, ServerDraft};
use crate::json::Json;

/// A server of which nothing is said yet.
pub(super) fn draft(name: String) -> ServerDraft {
    let (file, place) = (PathBuf::new(), String::new());
    let origin = DraftOrigin { file, place, name: name.clone(), launch: None };
    ServerDraft::new(name, origin)
}

/// Sets a key, whatever it was.
pub(super) fn put(draft: &mut ServerDraft, key: &str, value: Json) {
    match draft.get_mut(key) {
        Some(there) => *there = value,
        None => _ = draft.set(key, value),
    }
}

/// Sets a member of a table, whatever it was.
pub(super) fn put_member(draft: &mut ServerDraft, key: &str, name: &str, value: Json) {
    if let Some(Json::Object(members)) = draft.get_mut(key) {
        members.retain(|(known, _)| known != name);
    }
    draft.set_member(key, name, value);
}

/// Sets what is started.
pub(super) fn set_command(draft: &mut ServerDraft, program: &str, args: Vec<String>) {
    // What is started comes first: it is what a person looks for.
    let others = std::mem::take(&mut draft.keys);
    draft.set("command", Json::from(program));
    draft.set("args", Json::Array(args.into_iter().map(Json::from).collect()));
    draft.keys.extend(others);
}

/// A text that stands for itself, as the config has it.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// A text made of others' words and of references of ours. No part of theirs makes a reference together
/// with the next.
#[derive(Debug, Default)]
pub(super) struct MixedText {
    out: String,
    pending: String,
}

impl MixedText {
    /// A part that stands for itself.
    pub(super) fn plain(&mut self, text: &str) {
        self.pending += text;
    }

    pub(super) fn reference(&mut self, reference: &str) {
        self.out += &literal(&std::mem::take(&mut self.pending));
        self.out += reference;
    }

    /// As the config has it.
    pub(super) fn written(self) -> String {
        self.out + &literal(&self.pending)
    }
}

#[cfg(test)]
mod tests {
    use super::MixedText;

    #[test]
    fn words_of_others_make_no_reference() {
        let mut text = MixedText::default();
        text.plain("a$");
        text.plain("{cmd:id}");
        text.reference("${file:x}");
        text.plain("${b}");
        assert_eq!(text.written(), "a$${cmd:id}${file:x}$${b}");
    }
}
