//! The place of a socket that we bind ourselves: ours alone while we are there, and empty afterwards.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::base::runtime_dir::{self, NoPlace};
use crate::base::trust::{self, Distrust};
use crate::base::{FileLock, file};

/// Why there is nothing to serve.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("none of the sockets that systemd passed can be served")]
    NoneUsable,
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    #[error("the socket path {} is longer than {} bytes; name a shorter one with --socket", .0.display(), runtime_dir::SOCKET_PATH_MAX)]
    PathTooLong(PathBuf),
    #[error("a daemon is already listening on {}", .0.display())]
    Taken(PathBuf),
    #[error("{} exists and is no socket; remove it or name another path with --socket", .0.display())]
    NotASocket(PathBuf),
    #[error("others could put a socket of theirs in place of {}: {}", .0.display(), .1)]
    Distrusted(PathBuf, Distrust),
    #[error("binding {0}: {1}")]
    Bind(String, io::Error),
}

/// That no other daemon may bind the socket at a path. When this is dropped, the socket is taken away.
#[derive(Debug)]
pub struct SocketPlace {
    path: PathBuf,
    /// The socket that we bound, by device and inode.
    bound: (u64, u64),
    _lock: FileLock,
}

/// Binds the socket at `path`, which nobody else may open from the first moment on.
pub(super) fn bind(path: &Path) -> Result<(UnixListener, SocketPlace), SocketError> {
    if path.as_os_str().len() > runtime_dir::SOCKET_PATH_MAX {
        return Err(SocketError::PathTooLong(path.to_path_buf()));
    }
    let failed = |error: io::Error| SocketError::Bind(path.display().to_string(), error);
    if let Some(dir) = path.parent() {
        file::make_dir(dir).map_err(failed)?;
        let distrusted = |distrust| SocketError::Distrusted(path.to_path_buf(), distrust);
        trust::judge_way(dir).map_err(distrusted)?;
    }
    let taken = || SocketError::Taken(path.to_path_buf());
    let lock =
        FileLock::try_take(&runtime_dir::lock_of(path)).map_err(failed)?.ok_or_else(taken)?;
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.to_path_buf()));
        }
        // systemd listens, or a daemon that knows of no lock.
        Ok(_) if UnixStream::connect(path).is_ok() => return Err(taken()),
        // Nobody listens on what a daemon left behind that had no time to clean up.
        Ok(_) => fs::remove_file(path).map_err(failed)?,
        Err(_) => {}
    }
    let before = rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let bound = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = bound.map_err(failed)?;
    let found = fs::symlink_metadata(path).map_err(failed)?;
    let bound = (found.dev(), found.ino());
    Ok((listener, SocketPlace { path: path.to_path_buf(), bound, _lock: lock }))
}

impl Drop for SocketPlace {
    fn drop(&mut self) {
        // systemd, or a person, may have put another there.
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.bound) {
            drop(fs::remove_file(&self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SocketError, bind};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_socket_is_private_and_replaces_only_dead_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/mcp.sock");
        let first = bind(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(bind(&path), Err(SocketError::Taken(_))));
        drop(first);
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(bind(&path).is_ok(), "left behind by a dead daemon");
        let (listener, place) = bind(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let another = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop((listener, place));
        assert!(path.exists(), "it is not ours");
        assert!(matches!(bind(&path), Err(SocketError::Taken(_))), "that knows of no lock");
        drop(another);
        let file = dir.path().join("file");
        crate::base::file::replace(&file, b"precious").unwrap();
        assert!(matches!(bind(&file), Err(SocketError::NotASocket(_))));
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        let open = dir.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        let refused = bind(&open.join("s")).unwrap_err().to_string();
        assert!(refused.contains(&format!("`chmod o-w {}`", open.display())), "{refused}");
        // In a sticky one, such as /tmp, nobody can take away what is ours.
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o1777)).unwrap();
        bind(&open.join("s")).unwrap();
        let long = dir.path().join("x".repeat(200));
        assert!(matches!(bind(&long), Err(SocketError::PathTooLong(_))));
    }
}
