//! How a daemon says to who started it that it listens: one line on its stdout, which is then closed. If
//! stdout ends without, so did the daemon.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use crate::base::stdio;

/// What is said.
const READY: &[u8] = b"ready\n";
/// How long a daemon may take to listen. It reads its config before that.
pub(super) const WITHIN: Duration = Duration::from_secs(30);

/// Says it. From now on our stdout leads nowhere.
pub fn tell() -> io::Result<()> {
    // Whoever waited may be gone.
    stdio::last_word(READY)
}

/// Whether the daemon at the other end listens; `None`: that is not known yet.
pub(super) async fn hear(mut from: Receiver) -> Option<bool> {
    let mut said = Vec::new();
    let heard = from.read_to_end(&mut said);
    let heard = tokio::time::timeout(WITHIN, heard).await;
    heard.is_ok().then_some(said == READY)
}
