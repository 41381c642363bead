//! The rows of what clients do and what has no row as a call: calls over plain HTTP and those that a tool of
//! ours makes, with which nobody goes on if we end, and what else ended just now. The next process of
//! ours writes down what this one did not.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::call::Monotonic;
use super::records::{FREE, Record};
use super::{Ending, Left, Table};
use crate::base::{CallId, Principal, SessionId};

/// The state of the row of an act that is going on, and of one that ended and whose journal entry may not
/// be written. The word of the latter is how it ended.
const OPEN: u32 = 1;
const ENDED: u32 = 2;

/// Such an act, as its journal entry is to have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActRow {
    pub session: SessionId,
    /// Whose it is.
    #[serde(rename = "uid")]
    pub principal: Principal,
    /// What the client calls itself: name and version.
    pub client: Box<str>,
    /// What it is about, as the journal calls it.
    pub kind: Box<str>,
    /// The target, as clients know it.
    pub name: Box<str>,
    pub server: Option<Box<str>>,
    pub began: Monotonic,
    /// As its journal entry names it.
    #[serde(default = "CallId::next")]
    pub call: CallId,
}

/// An act that is noted for the next process of ours.
#[derive(Debug)]
pub struct NotedAct(Record);

impl Table<ActRow> {
    /// Notes an act that begins. `None` if there is no room for it.
    pub fn begin(&self, row: &ActRow) -> Option<Arc<NotedAct>> {
        self.note(row, OPEN, 0).map(|record| Arc::new(NotedAct(record)))
    }
}

impl NotedAct {
    /// The act ended, and its journal entry is about to be written.
    pub fn ended(&self, ending: Ending) {
        self.0.change(|_| (ENDED, Some(ending.word())));
    }
}

impl Drop for NotedAct {
    /// Also when no row is freed any more: of an act that ended nothing is left to do.
    fn drop(&mut self) {
        self.0.change(|state| (if state == ENDED { FREE } else { state }, None));
    }
}

impl Left<ActRow> {
    /// How it ended, if it did.
    pub fn ending(&self) -> Option<Ending> {
        (self.state == ENDED).then(|| Ending::of(self.word))
    }

    /// What it says, and its row.
    pub fn noted(self) -> (ActRow, Arc<NotedAct>) {
        (self.row, Arc::new(NotedAct(self.record)))
    }
}
