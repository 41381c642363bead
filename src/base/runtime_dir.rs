//! Where the daemon's socket is, and what goes with it: for the daemon and for everybody who looks for it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::dirs;
use super::private_dir::{self, NotPrivate};

/// Longest path a unix socket can have: `sun_path` is 108 bytes with its final NUL (unix(7)).
pub const SOCKET_PATH_MAX: usize = 107;

/// `$XDG_RUNTIME_DIR` where that is a directory that we can use, else `/run/user/UID` where that is one: cron
/// leaves the variable unset, su leaves that of another user, and images of containers set it to what
/// nobody made.
pub fn runtime() -> Option<PathBuf> {
    let named = dirs::variable("XDG_RUNTIME_DIR");
    named.filter(|dir| is_usable(dir)).or_else(|| Some(run_user()).filter(|dir| is_usable(dir)))
}

/// Whether we get at what is there, and nobody but root could put something else in its place. That we may
/// write is not asked: a client may see it through a mount that cannot be written, where a daemon listens.
fn is_usable(dir: &Path) -> bool {
    let is_trusted = |found: Metadata| found.is_dir() && [own_number(), 0].contains(&found.uid());
    dir.metadata().is_ok_and(is_trusted) && rustix::fs::access(dir, Access::EXEC_OK).is_ok()
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

#[cfg(test)]
mod tests {
    use super::is_usable;
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::{PermissionsExt, chown};

    #[test]
    fn a_directory_of_others_is_no_runtime_directory() {
        let top = tempfile::tempdir().unwrap();
        let dir = top.path().join("run");
        assert!(!is_usable(&dir));
        create_dir(&dir).unwrap();
        assert!(is_usable(&dir));
        assert!(!is_usable(&dir.join("../missing")));
        if rustix::process::getuid().is_root() {
            chown(&dir, Some(12345), None).unwrap();
        } else {
            set_permissions(&dir, Permissions::from_mode(0o600)).unwrap();
        }
        assert!(!is_usable(&dir));
    }
}
