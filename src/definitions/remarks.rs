//! What is wrong with the definitions of one list, for its operator: how many there are, and the reasons for the
//! first few. A server can have thousands of them.

use crate::base::clip::clipped;

/// Definitions whose reasons are kept.
const TOLD_MAX: usize = 10;
/// Characters of a name and of a reason.
const NAME_MAX: usize = 100;
const REASON_MAX: usize = 200;

/// What is wrong with one definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub name: String,
    pub reason: String,
}

/// What is wrong with some definitions of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    first: Vec<Remark>,
    count: usize,
}

impl Remark {
    /// Both may be of any length.
    pub fn new(name: &str, reason: &str) -> Self {
        Self { name: clipped(name, NAME_MAX), reason: clipped(reason, REASON_MAX) }
    }
}

impl Remarks {
    pub fn add(&mut self, remark: Remark) {
        self.count += 1;
        if self.first.len() < TOLD_MAX {
            self.first.push(remark);
        }
    }

    /// How many definitions it is about.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first few of them.
    pub fn first(&self) -> &[Remark] {
        &self.first
    }

    /// How many more there are.
    pub fn more(&self) -> usize {
        self.count - self.first.len()
    }

    /// The first few and how many more there are, in one line.
    pub fn line(&self) -> String {
        let told = self.first.iter().map(|remark| format!("{}: {}", remark.name, remark.reason));
        let mut parts: Vec<String> = told.collect();
        if self.more() > 0 {
            parts.push(format!("and {} more", self.more()));
        }
        parts.join("; ")
    }
}
