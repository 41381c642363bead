//! What of a server differs from what was accepted.

use std::collections::BTreeMap;
use std::fmt;

use super::kind::PinKind;

/// How an item differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nobody has accepted it.
    New,
    /// These parts of it are others.
    Parts(Vec<&'static str>),
    /// It was accepted, and is not offered any more.
    Gone,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Parts(parts) => write!(f, "another {}", parts.join(" and ")),
            Self::Gone => f.write_str("gone"),
        }
    }
}

/// What differs, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved([BTreeMap<Box<str>, Change>; 3]);

impl Moved {
    pub(super) fn add(&mut self, kind: PinKind, name: &str, change: Change) {
        self.0[kind as usize].insert(name.into(), change);
    }

    /// Whether an item that is offered is not the one that was accepted.
    pub fn has(&self, kind: PinKind, name: &str) -> bool {
        self.0[kind as usize].get(name).is_some_and(|change| *change != Change::Gone)
    }

    /// What is offered and differs.
    pub fn iter(&self) -> impl Iterator<Item = (PinKind, &str, &Change)> {
        let of = |kind: PinKind| {
            self.0[kind as usize].iter().map(move |(name, change)| (kind, &**name, change))
        };
        PinKind::ALL.into_iter().flat_map(of).filter(|(_, _, change)| **change != Change::Gone)
    }
}
