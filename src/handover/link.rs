//! The rows of links: who each is and how far its bridge's messages were read.
//!
//! With the calls in flight ([`super::call`]) that is enough to tell a bridge, for each request it has
//! no answer to, whether it is still running, was never sent, or is lost.

use serde::{Deserialize, Serialize};

use crate::base::{Principal, SessionId};

/// The state of every row. Its word is how many of the bridge's messages were read.
pub const OPEN: u32 = 1;

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    pub session: SessionId,
    pub epoch: u64,
    /// Whose it is.
    #[serde(rename = "uid")]
    pub principal: Principal,
    /// The directory that its bridge was started in.
    pub cwd: Box<str>,
}
