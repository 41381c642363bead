//! Whether systemd's user manager is here. Where it is, nobody else starts a daemon.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::base::runtime_dir;
use crate::process::units;

/// Where the manager listens for `systemctl --user`, in the runtime directory.
const SOCKET: &str = "systemd/private";
/// How long it may take to answer.
pub(super) const WITHIN: Duration = Duration::from_secs(2);

/// Whether the manager listens in the runtime directory, where it always does. Does not wait.
pub fn listens() -> bool {
    runtime_dir::runtime().is_some_and(|dir| UnixStream::connect(dir.join(SOCKET)).is_ok())
}

/// Whether it is here, also where the runtime directory is not that of the session: then the session's bus
/// leads to it.
pub async fn is_here() -> bool {
    listens() || tokio::time::timeout(WITHIN, units::has_manager()).await.unwrap_or(false)
}
