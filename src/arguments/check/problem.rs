//! One thing that is wrong with arguments.

use std::fmt;

/// One thing that is wrong with arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the arguments, such as `items[0].limit`; empty for the arguments themselves.
    pub path: String,
    /// What is wrong there, such as `must be an integer, not a string`.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}`: {}", self.message),
        }
    }
}
