//! Lists of names, by name and by pattern.

use wildmatch::WildMatchPattern;

/// Only `*` has a meaning: no name contains a NUL character.
type Wild = WildMatchPattern<'*', '\0'>;

/// How a text of the list is compared. Most are one of the first two, and a call looks at many.
#[derive(Debug, Clone)]
enum NamePattern {
    Exactly(String),
    /// What stands before a `*` at the end.
    Beginning(String),
    Wild(Wild),
}

impl NamePattern {
    fn new(text: &str) -> Self {
        let plain = |text: &str| (!text.contains('*')).then(|| text.to_owned());
        let beginning = text.strip_suffix('*').and_then(plain).map(Self::Beginning);
        let exactly = || plain(text).map(Self::Exactly);
        beginning.or_else(exactly).unwrap_or_else(|| Self::Wild(Wild::new(text)))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exactly(text) => name == text,
            Self::Beginning(text) => name.starts_with(text.as_str()),
            Self::Wild(wild) => wild.matches(name),
        }
    }
}

/// A list such as `tools = […]`: exact names and patterns with `*`.
#[derive(Debug, Clone, Default)]
pub struct NamePatterns {
    texts: Vec<String>,
    patterns: Vec<NamePattern>,
}

impl NamePatterns {
    pub fn new(texts: Vec<String>) -> Self {
        let patterns = texts.iter().map(|text| NamePattern::new(text)).collect();
        Self { texts, patterns }
    }

    /// Every name.
    pub fn all() -> Self {
        Self::new(vec!["*".to_owned()])
    }

    /// Those that none of these names fits.
    pub fn unmet<'a>(&'a self, tools: &[&str]) -> Vec<&'a str> {
        let meets = |pattern: &NamePattern| tools.iter().any(|tool| pattern.matches(tool));
        let all = self.texts.iter().zip(&self.patterns);
        all.filter(|(text, pattern)| *text != "*" && !meets(pattern))
            .map(|(text, _)| &**text)
            .collect()
    }

    /// As they are written.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    pub fn allow(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(name))
    }

    /// The same for a file: a text without a `/` is about the last part of its path.
    pub fn allow_path(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or_default();
        let mut all = self.texts.iter().zip(&self.patterns);
        all.any(|(text, pattern)| pattern.matches(if text.contains('/') { path } else { name }))
    }
}

impl PartialEq for NamePatterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{NamePatterns, Wild};

    proptest! {
        /// However a text is compared, it means the same.
        #[test]
        fn a_pattern_means_what_it_always_does(text in "[ab_*]{0,6}", name in "[ab_]{0,6}") {
            let found = NamePatterns::new(vec![text.clone()]).allow(&name);
            prop_assert_eq!(found, Wild::new(&text).matches(&name), "{} {}", text, name);
        }
    }
}
