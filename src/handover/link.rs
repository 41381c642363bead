//! The rows of links: who each is and how far its bridge's messages were read.
//!
//! With the calls in flight ([`super::call`]) that is enough to tell a bridge, for each request it has
//! no answer to, whether it is still running, was never sent, or is lost.

use serde::{Deserialize, Serialize};

use super::{Row, last_release};
use crate::base::SessionId;

/// The state of every row. Its word is how many of the bridge's messages were read.
pub const OPEN: u32 = 1;

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    pub session: SessionId,
    pub epoch: u64,
    /// The user whose it is.
    pub uid: u32,
    /// The directory that its bridge was started in.
    pub cwd: Box<str>,
}

impl Row for LinkRow {
    const TABLE: &'static str = "links";
    const VERSION: u32 = 2;
    const ROWS_MAX: usize = 4096;
    /// A path may have 4096 bytes (`PATH_MAX`).
    const SIZE: usize = 4608;

    fn read_earlier(version: u32, bytes: &[u8]) -> Option<Self> {
        if version == 1 { last_release::link(bytes) } else { None }
    }
}
