//! Where the daemon's socket is, and what goes with it: for the daemon and for everybody who looks for it.

use std::path::{Path, PathBuf};

use super::dirs;
use super::private_dir::{self, NotPrivate};

/// Longest path a unix socket can have: `sun_path` is 108 bytes with its final NUL (unix(7)).
pub const SOCKET_PATH_MAX: usize = 107;

/// `$XDG_RUNTIME_DIR` where there is such a directory, else `/run/user/UID` where that is one (cron and su
/// leave the variable unset, and images of containers set it to what nobody made).
pub fn runtime() -> Option<PathBuf> {
    let there = |dir: PathBuf| dir.is_dir().then_some(dir);
    dirs::variable("XDG_RUNTIME_DIR").and_then(there).or_else(|| there(run_user()))
}

/// `/run/user/UID`, whether it exists or not.
pub fn run_user() -> PathBuf {
    PathBuf::from(format!("/run/user/{}", own_number()))
}

fn own_number() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Why there is no place for the daemon's socket.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no runtime directory, and what would stand in for it cannot be used: {0}. Set XDG_RUNTIME_DIR to a directory of your own, or name a socket with --socket"
)]
pub struct NoPlace(#[from] NotPrivate);

/// The directory of the daemon's socket and of what goes with it, whether it exists or not:
/// `$XDG_RUNTIME_DIR/callmux`, and without a runtime directory `callmux-UID` below the temporary one, which
/// has to be ours alone.
pub fn sockets() -> Result<PathBuf, NoPlace> {
    if let Some(dir) = runtime() {
        return Ok(dir.join("callmux"));
    }
    let dir = std::env::temp_dir().join(format!("callmux-{}", own_number()));
    private_dir::judge(&dir)?;
    Ok(dir)
}

/// The daemon's unix socket: `$XDG_RUNTIME_DIR/callmux/mcp.sock`, see [`sockets`].
pub fn socket() -> Result<PathBuf, NoPlace> {
    sockets().map(|dir| dir.join("mcp.sock"))
}

/// What a daemon locks for as long as it has the socket at this path ([`super::FileLock`]).
pub fn lock_of(socket: &Path) -> PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
