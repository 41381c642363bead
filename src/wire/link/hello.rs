//! What the two ends of a link tell each other first.

use serde::{Deserialize, Serialize};

use super::frame::FrameKind;

/// The longest hello, in bytes: a path of the system's limit with all its bytes escaped, and the rest.
pub const HELLO_MAX: usize = 64 << 10;

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
    /// The newest [`FrameKind`] of frames that the bridge reads.
    #[serde(default = "first_kinds")]
    pub kinds: u8,
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
    /// Whether the daemon knows the mark of [`super::again`], which older bridges use.
    #[serde(default)]
    pub knows_again: bool,
    /// The daemon's version.
    pub version: String,
    /// The newest [`FrameKind`] of frames that the daemon reads.
    #[serde(default = "first_kinds")]
    pub kinds: u8,
}

/// What ends from before [`FrameKind::Lost`] read, which say nothing about it.
fn first_kinds() -> u8 {
    FrameKind::FIRST_NEWEST as u8
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

#[cfg(test)]
mod tests {
    use super::super::frame::FrameKind;
    use super::{Hello, Welcome};

    #[test]
    fn ends_that_say_nothing_of_kinds_are_older_ones() {
        let hello = r#"{"link":"0","epoch":1,"seen":0,"cwd":"/","version":"1"}"#;
        let hello: Hello = serde_json::from_str(hello).unwrap();
        let welcome = r#"{"resumed":true,"seen":0,"knows_again":true,"version":"1"}"#;
        let welcome: Welcome = serde_json::from_str(welcome).unwrap();
        for kinds in [hello.kinds, welcome.kinds] {
            assert!(kinds < FrameKind::Lost as u8 && kinds < FrameKind::Again as u8);
        }
        let said =
            serde_json::to_string(&Hello { kinds: FrameKind::NEWEST as u8, ..hello }).unwrap();
        let heard: Hello = serde_json::from_str(&said).unwrap();
        assert_eq!(heard.kinds, FrameKind::Ended as u8);
    }
}
