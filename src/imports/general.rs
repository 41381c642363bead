//! What a file says of everything but one server.

use crate::json::Json;

/// What the headings of tokens begin with.
pub(super) const TOKENS: &str = "access.tokens.";

/// A key outside of `[servers.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GeneralKey {
    /// The heading that it stands below: nothing, `cache`, `recipes.NAME`.
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: Json,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct GeneralKeys(pub(super) Vec<GeneralKey>);

impl GeneralKeys {
    /// Sets a key that is not set yet; `false`: it is. `path`: `call_timeout`, `cache.max_entries`.
    pub(super) fn set(&mut self, path: &str, value: Json) -> bool {
        let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
        self.set_in(section, key, value)
    }

    pub(super) fn set_in(&mut self, section: &str, key: &str, value: Json) -> bool {
        let is_new = self.0.iter().all(|known| known.section != section || known.key != key);
        if is_new {
            let (section, key) = (section.to_owned(), key.to_owned());
            self.0.push(GeneralKey { section, key, value });
        }
        is_new
    }

    /// The parts of a heading. A name may have dots.
    pub(super) fn parts(section: &str) -> Vec<&str> {
        match section.strip_prefix(TOKENS) {
            Some(name) => vec!["access", "tokens", name],
            None => section.splitn(2, '.').filter(|part| !part.is_empty()).collect(),
        }
    }

    /// The headings, in the order of their first keys; nothing comes first.
    pub(super) fn sections(&self) -> Vec<&str> {
        let mut out = vec![""];
        for known in &self.0 {
            if !out.contains(&known.section.as_str()) {
                out.push(&known.section);
            }
        }
        out
    }
}
