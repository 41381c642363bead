//! What the two ends of a link tell each other first.

use serde::{Deserialize, Serialize};

/// The bridge's first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The link's id: chosen by the bridge, 32 hex digits, the same over all its connections.
    pub link: String,
    /// Counts the bridge's fresh starts of this link, from 1: a daemon that knows the link with
    /// another epoch forgets what it kept.
    pub epoch: u64,
    /// The highest number the bridge has seen from the daemon in this epoch.
    pub seen: u64,
    /// The directory the client started the bridge in.
    pub cwd: String,
    /// The bridge's version.
    pub version: String,
}

/// The daemon's first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Whether the daemon still has this link in this epoch. If not, both ends count from 1 and
    /// what the bridge asked earlier has no answer coming.
    pub resumed: bool,
    /// The highest number the daemon has seen from the bridge in this epoch.
    pub seen: u64,
    /// If the daemon does not have the link but an earlier process of it did: what is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    /// Whether the daemon knows the mark of [`super::again`].
    #[serde(default)]
    pub knows_again: bool,
    /// The daemon's version.
    pub version: String,
}

/// What became of a bridge's requests over the end of a daemon. Whatever is in neither list and was
/// seen has ended, and its answer was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The highest number that the earlier process had seen from the bridge.
    pub seen: u64,
    /// Request ids, as written: the server works on them, and the answer will come.
    pub running: Vec<String>,
    /// Request ids, as written: they surely reached no server.
    pub not_sent: Vec<String>,
}
