//! So many of something: `1 server`, `2 servers`, `3 entries`.

use std::fmt;

/// A number and what it counts, as it is called where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u64, pub &'static str);

impl Count {
    /// The same of what is in memory.
    pub fn of(number: usize, noun: &'static str) -> Self {
        Self(u64::try_from(number).unwrap_or(u64::MAX), noun)
    }

    /// The verb behind it.
    pub fn were(&self) -> &'static str {
        if self.0 == 1 { "was" } else { "were" }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        match noun.strip_suffix('y') {
            _ if *number == 1 => write!(f, "1 {noun}"),
            Some(stem) => write!(f, "{number} {stem}ies"),
            None => write!(f, "{number} {noun}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn one_is_not_many() {
        let shown = |number, noun| Count(number, noun).to_string();
        assert_eq!(shown(0, "server"), "0 servers");
        assert_eq!(shown(1, "server"), "1 server");
        assert_eq!(shown(2, "entry"), "2 entries");
        assert_eq!(shown(1, "entry"), "1 entry");
        assert_eq!([Count(1, "call").were(), Count(0, "call").were()], ["was", "were"]);
    }
}
