//! The rows of what clients do that nobody goes on with if we end: calls over plain HTTP, and those that
//! a tool of ours makes. The next process of ours writes down that they were cut off.

use serde::{Deserialize, Serialize};

use super::call::Monotonic;
use crate::base::SessionId;

/// The state of every row.
pub const OPEN: u32 = 1;

/// Such an act, as its journal entry is to have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActRow {
    pub session: SessionId,
    /// The user whose it is.
    pub uid: u32,
    /// What the client calls itself: name and version.
    pub client: Box<str>,
    /// What it is about, as the journal calls it.
    pub kind: Box<str>,
    /// The target, as clients know it.
    pub name: Box<str>,
    pub server: Option<Box<str>>,
    pub began: Monotonic,
}
