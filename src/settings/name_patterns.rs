//! Lists of names, by name and by pattern.

use wildmatch::WildMatchPattern;

/// Only `*` has a meaning: no name contains a NUL character.
type NamePattern = WildMatchPattern<'*', '\0'>;

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
}

impl PartialEq for NamePatterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}
