//! Where the listening sockets come from: systemd, or ourselves.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::base::trust::{self, Distrust};
use crate::base::{dirs, file};
use crate::front::listen::{Listener, Unserved};
use crate::handover::fd_store;
use crate::telemetry::{Recorder, fact};

/// Why there is nothing to serve.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("none of the sockets that systemd passed can be served")]
    NoneUsable,
    #[error(
        "XDG_RUNTIME_DIR is not set and {} does not exist; name a socket with --socket",
        dirs::run_user().display()
    )]
    NoRuntimeDir,
    #[error("the socket path {} is longer than {} bytes; name a shorter one with --socket", .0.display(), dirs::SOCKET_PATH_MAX)]
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

/// What systemd passed to this process.
#[derive(Debug)]
pub struct Inherited {
    pub sockets: Result<Vec<OwnedFd>, SocketError>,
    /// What an earlier process of ours kept in the fd store, by the name it was given.
    pub stored: Vec<(String, OwnedFd)>,
}

/// The descriptors that systemd, or `systemfd`, passed to this process (sd_listen_fds(3)); `None`
/// if it passed none. Any subset of our socket units may be active.
///
/// Must be called before other threads run: it changes the environment.
pub fn inherited(recorder: &Recorder) -> Option<Inherited> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names: Vec<&str> = names.split(':').collect();
    let mut passed = listenfd::ListenFd::from_env();
    if passed.len() == 0 {
        return None;
    }
    let (mut sockets, mut stored) = (Vec::new(), Vec::new());
    for index in 0..passed.len() {
        let name = names.get(index).filter(|name| !name.is_empty()).unwrap_or(&"unnamed");
        if let Some(name) = name.strip_prefix(fd_store::PREFIX) {
            let fd = passed.take_raw_fd(index).ok().flatten();
            stored.extend(fd.map(|fd| (name.to_owned(), own(fd))));
            continue;
        }
        let unix = passed.take_unix_listener(index).ok().flatten().map(OwnedFd::from);
        let socket =
            unix.or_else(|| passed.take_tcp_listener(index).ok().flatten().map(OwnedFd::from));
        match socket {
            Some(socket) => sockets.push(socket),
            None => {
                let address = format!("the descriptor `{name}` from systemd");
                let reason = Unserved::NotListening.to_string();
                recorder.record(fact::ListenerRefused { address, reason });
            }
        }
    }
    let sockets = if sockets.is_empty() { Err(SocketError::NoneUsable) } else { Ok(sockets) };
    Some(Inherited { sockets, stored })
}

fn own(fd: RawFd) -> OwnedFd {
    #[expect(unsafe_code, reason = "the descriptor was passed to us as a number")]
    // SAFETY: systemd gave it to this process, and nobody else here has taken it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    // Servers must not inherit it.
    _ = rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC);
    fd
}

/// Listeners for inherited sockets; one that must not be served is left out and reported.
pub fn adopt(sockets: Vec<OwnedFd>, recorder: &Recorder) -> Result<Vec<Listener>, SocketError> {
    let mut listeners = Vec::new();
    for socket in sockets {
        let address = describe(&socket);
        match Listener::adopt(socket) {
            Ok(listener) => listeners.push(listener),
            Err(error) => {
                recorder.record(fact::ListenerRefused { address, reason: error.to_string() });
            }
        }
    }
    if listeners.is_empty() { Err(SocketError::NoneUsable) } else { Ok(listeners) }
}

fn describe(socket: &OwnedFd) -> String {
    rustix::net::getsockname(socket)
        .ok()
        .and_then(|address| SocketAddr::try_from(address).ok())
        .map_or_else(|| "an inherited socket".to_owned(), |address| address.to_string())
}

/// Binds the unix socket at `path`, by default the one in the runtime directory, and `addresses`.
pub fn bind(path: Option<&Path>, addresses: &[SocketAddr]) -> Result<Vec<Listener>, SocketError> {
    let path = match path {
        Some(path) => path.to_path_buf(),
        None => dirs::socket().ok_or(SocketError::NoRuntimeDir)?,
    };
    let mut sockets = vec![(path.display().to_string(), OwnedFd::from(bind_unix(&path)?))];
    for address in addresses {
        let bound = std::net::TcpListener::bind(address);
        let listener = bound.map_err(|error| SocketError::Bind(address.to_string(), error))?;
        sockets.push((address.to_string(), listener.into()));
    }
    let adopt = |(name, socket)| {
        Listener::adopt(socket).map_err(|error| match error {
            Unserved::Io(error) => SocketError::Bind(name, error),
            other => SocketError::Bind(name, io::Error::other(other)),
        })
    };
    sockets.into_iter().map(adopt).collect()
}

fn bind_unix(path: &Path) -> Result<UnixListener, SocketError> {
    if path.as_os_str().len() > dirs::SOCKET_PATH_MAX {
        return Err(SocketError::PathTooLong(path.to_path_buf()));
    }
    let failed = |error: io::Error| SocketError::Bind(path.display().to_string(), error);
    if let Some(dir) = path.parent() {
        file::make_dir(dir).map_err(failed)?;
        let distrusted = |distrust| SocketError::Distrusted(path.to_path_buf(), distrust);
        trust::judge_way(dir).map_err(distrusted)?;
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.to_path_buf()));
        }
        // Nobody listens on what a daemon left behind that had no time to clean up.
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(SocketError::Taken(path.to_path_buf()));
        }
        Ok(_) => fs::remove_file(path).map_err(failed)?,
        Err(_) => {}
    }
    // Nobody else may connect, from the first moment on.
    let before = rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let bound = UnixListener::bind(path);
    rustix::process::umask(before);
    bound.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{SocketError, bind_unix};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_socket_is_private_and_replaces_only_dead_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/mcp.sock");
        let first = bind_unix(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(bind_unix(&path), Err(SocketError::Taken(_))));
        drop(first);
        assert!(bind_unix(&path).is_ok(), "left behind by a dead daemon");
        let file = dir.path().join("file");
        crate::base::file::replace(&file, b"precious").unwrap();
        assert!(matches!(bind_unix(&file), Err(SocketError::NotASocket(_))));
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        let open = dir.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        let refused = bind_unix(&open.join("s")).unwrap_err().to_string();
        assert!(refused.contains(&format!("`chmod o-w {}`", open.display())), "{refused}");
        // In a sticky one, such as /tmp, nobody can take away what is ours.
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o1777)).unwrap();
        bind_unix(&open.join("s")).unwrap();
        let long = dir.path().join("x".repeat(200));
        assert!(matches!(bind_unix(&long), Err(SocketError::PathTooLong(_))));
    }
}
