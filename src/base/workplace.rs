//! Where an instance of a server works, and for whom.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::principal::Principal;
use super::quote::beginning;

/// How much of a directory is shown, in characters.
const SHOWN_MAX: usize = 300;

/// A directory of a principal's clients. Two instances of a server never have the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Workplace {
    /// Absolute and without links.
    pub dir: Box<str>,
    #[serde(rename = "user")]
    pub principal: Principal,
}

/// The directory, as a sentence may show it.
impl fmt::Display for Workplace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        beginning(&self.dir, SHOWN_MAX).fmt(f)
    }
}
