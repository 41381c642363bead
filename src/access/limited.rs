//! Why somebody has to wait.

use std::fmt;

/// What is bounded, as the keys call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    CallsPerMinute,
    InFlight,
}

impl Limit {
    /// The name of the key, in `[access.limits]` and in a rule.
    pub fn key(self) -> &'static str {
        match self {
            Self::CallsPerMinute => "calls_per_minute",
            Self::InFlight => "in_flight",
        }
    }
}

/// The subject may do it, but not now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Limited {
    pub limit: Limit,
    /// How much is allowed.
    pub max: u64,
    /// The rule that says so; `None`: `[access.limits]` does.
    pub rule: Option<Box<str>>,
    /// When the same would be let in, or is worth another try, in whole seconds, at least one.
    pub after_seconds: u64,
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (max, key) = (self.max, self.limit.key());
        match self.limit {
            Limit::CallsPerMinute => write!(f, "{max} calls a minute are allowed (")?,
            Limit::InFlight => write!(f, "all {max} calls that may be open at once are (")?,
        }
        match &self.rule {
            None => write!(f, "access.limits.{key}")?,
            Some(rule) => write!(f, "{key} of the access rule {rule}")?,
        }
        write!(f, "); try again in {} s", self.after_seconds)
    }
}
