//! Where the listening sockets come from: systemd, or ourselves.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::path::Path;

use super::place::{self, SocketError, SocketPlace};
use crate::base::runtime_dir;
use crate::facts;
use crate::front::listen::{Listener, Unserved};
use crate::handover::fd_store;
use crate::settings::Config;
use crate::settings::network::Listen;
use crate::telemetry::Recorder;

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
                recorder.record(facts::ListenerRefused { address, reason });
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
pub fn adopt(
    sockets: Vec<OwnedFd>,
    config: &Config,
    recorder: &Recorder,
) -> Result<Vec<Listener>, SocketError> {
    let mut listeners = Vec::new();
    for socket in sockets {
        let address = describe(&socket);
        match Listener::adopt(socket, false, config) {
            Ok(listener) => listeners.push(listener),
            Err(error) => {
                recorder.record(facts::ListenerRefused { address, reason: error.to_string() });
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

/// Binds the unix socket at `path`, by default the one in the runtime directory, and the addresses of `listen`.
/// The place is to be kept until the daemon has ended. With a `recorder`, an address that may not be served yet is
/// left out and reported; without one, somebody waits in front of it.
pub fn bind(
    path: Option<&Path>,
    listen: &[Listen],
    config: &Config,
    recorder: Option<&Recorder>,
) -> Result<(Vec<Listener>, SocketPlace), SocketError> {
    let path = path.map_or_else(runtime_dir::socket, |path| Ok(path.to_path_buf()))?;
    let (listener, place) = place::bind(&path)?;
    let refused = |name: &dyn ToString, error| match error {
        Unserved::Io(error) => SocketError::Bind(name.to_string(), error),
        other => SocketError::Bind(name.to_string(), io::Error::other(other)),
    };
    let own = Listener::adopt(listener.into(), false, config);
    let mut listeners = vec![own.map_err(|error| refused(&path.display(), error))?];
    for listen in listen {
        // Not before that: what is not to be served must not even be there.
        let missing = config.missing_for(*listen).map(Unserved::Missing);
        let bound = missing.map_or_else(|| bind_one(*listen, config), Err);
        match (bound, recorder) {
            (Ok(listener), _) => listeners.push(listener),
            (Err(Unserved::Missing(missing)), Some(recorder)) if missing.may_pass() => {
                let (address, reason) = (listen.to_string(), missing.to_string());
                recorder.record(facts::ListenerRefused { address, reason });
            }
            (Err(error), _) => return Err(refused(listen, error)),
        }
    }
    Ok((listeners, place))
}

fn bind_one(listen: Listen, config: &Config) -> Result<Listener, Unserved> {
    let listener = std::net::TcpListener::bind(listen.address)?;
    Listener::adopt(listener.into(), listen.has_scheme, config)
}
