//! What became of calls that a daemon had when it ended.

use crate::wire::link::Restored;

/// What is known of them.
#[derive(Clone, Copy)]
pub(super) struct Fate<'a> {
    /// The daemon may have read messages up to this number.
    pub(super) read: u64,
    /// What the next daemon found out.
    pub(super) restored: Option<&'a Restored>,
    /// Whether the next daemon can decide about calls that may have been carried out.
    pub(super) decides: bool,
}

/// How far a call came.
pub(super) enum Reached {
    /// To its server, which works on it.
    Running,
    /// No daemon read it.
    Nobody,
    /// The daemon read it, and surely sent it to no server.
    Daemon,
    Unknown,
}

impl Fate<'_> {
    /// How far the call with this id came, which was sent under this number.
    pub(super) fn of(&self, id: &str, number: u64) -> Reached {
        let Some(restored) = self.restored else {
            return if number > self.read { Reached::Nobody } else { Reached::Unknown };
        };
        let is_in = |ids: &[String]| ids.iter().any(|known| known == id);
        if is_in(&restored.running) {
            Reached::Running
        } else if is_in(&restored.not_sent) {
            Reached::Daemon
        } else if number > restored.seen.min(self.read) {
            Reached::Nobody
        } else {
            Reached::Unknown
        }
    }
}
