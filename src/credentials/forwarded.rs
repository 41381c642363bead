//! Headers of a client's own request that a remote server gets with its calls, and with no others.

use crate::base::Secret;

/// Names in lower case, and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forwarded(Vec<(Box<str>, Secret)>);

impl Forwarded {
    /// Of `names`, which are in lower case, those that `find` finds.
    pub fn gather(names: &[String], find: impl Fn(&str) -> Option<String>) -> Self {
        let found = names.iter().filter_map(|name| Some((name.as_str().into(), find(name)?)));
        Self(found.map(|(name, value)| (name, Secret::new(value))).collect())
    }

    /// Those of these names.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        let is_meant = |name: &str| names.iter().any(|meant| meant == name);
        Self(self.0.iter().filter(|(name, _)| is_meant(name)).cloned().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

#[cfg(test)]
mod tests;
