//! What the daemon knows of clients, and where clients reach it.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::api::{Status, path};
use crate::base::LocalTime;
use crate::clients::KnownClient;
use crate::clients::hello::is_hello_of;
use crate::completion::Peek;
use crate::doctor::unit::{self, HTTP_SOCKET, UnitState};
use crate::peers::tcp_owner;
use crate::settings::Config;

/// How long the daemon may take to say how it is.
const WITHIN: Duration = Duration::from_secs(5);
/// How long somebody at an address of this machine may take to take a connection.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// What is known at the moment.
#[derive(Debug)]
pub(super) struct DaemonKnowledge {
    /// How the daemon is that runs; no look starts one.
    status: Option<Status>,
    config: Config,
}

impl DaemonKnowledge {
    pub(super) fn gather(config: Config) -> Self {
        let peek = Peek { within: WITHIN, ..Peek::default() };
        Self { status: peek.get(path::STATUS), config }
    }

    /// Whether there is a daemon that could say when it saw a client.
    pub(super) fn is_there(&self) -> bool {
        self.status.is_some()
    }

    /// When a client was last seen, in seconds since 1970.
    pub(super) fn seen_at(&self, client: &KnownClient) -> Option<u64> {
        let all = self.status.iter().flat_map(|status| &status.clients);
        all.filter(|seen| is_hello_of(client, &seen.name)).map(|seen| seen.seen_at).max()
    }

    /// The same for people; nothing without a daemon.
    pub(super) fn seen(&self, client: &KnownClient) -> Option<String> {
        self.status.as_ref()?;
        Some(self.seen_at(client).map_or_else(
            || format!("not yet: restart {}", client.shown),
            |at| {
                let at = LocalTime::of(UNIX_EPOCH + Duration::from_secs(at));
                format!("seen {}", at.beside(LocalTime::of(SystemTime::now())))
            },
        ))
    }

    /// The addresses that the config names.
    fn written(&self) -> impl Iterator<Item = SocketAddr> {
        // Elsewhere a client needs a token, which no entry of ours has.
        let near = self.config.http.listen.iter().filter(|listen| listen.is_plain());
        near.map(|listen| listen.address).filter(|address| address.port() != 0)
    }

    /// Where somebody answers for callmux: the daemon that runs, systemd, which would start it, or whoever has the
    /// address that the config names.
    fn served(&self) -> Vec<SocketAddr> {
        let own = self.status.iter().flat_map(|status| status.addresses.iter().copied());
        let own: Vec<SocketAddr> = own.filter(|address| address.ip().is_loopback()).collect();
        if !own.is_empty() {
            return own;
        }
        let systemds = unit::addresses(HTTP_SOCKET);
        if !systemds.is_empty() {
            return systemds;
        }
        self.written().filter(|address| is_ours(*address)).collect()
    }

    /// All addresses that an entry of ours may name.
    pub(super) fn addresses(&self) -> Vec<String> {
        let mut all: Vec<String> =
            self.served().into_iter().chain(self.written()).map(url).collect();
        all.dedup();
        all
    }

    /// The address for an entry. `may_be_closed`: one that nobody answers at yet will do.
    pub(super) fn address(&self, may_be_closed: bool) -> Result<String, NoAddress> {
        if self.config.http.behind_proxy {
            return Err(NoAddress::Proxied);
        }
        let served = self.served().into_iter().next();
        let written = self.written().next();
        match (served.or(written.filter(|_| may_be_closed)), written) {
            (Some(address), _) => Ok(url(address)),
            (None, _) if UnitState::ask(HTTP_SOCKET).is_some_and(|unit| unit.is_installed()) => {
                Err(NoAddress::Disabled)
            }
            (None, Some(address)) => Err(NoAddress::Closed(address)),
            (None, None) => Err(NoAddress::Unwritten),
        }
    }
}

/// Why there is no address for an entry, with what can be done about it.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAddress {
    #[error(
        "`http.behind_proxy` is set: over HTTP every client needs a token, which no entry has; leave out --http"
    )]
    Proxied,
    #[error(
        "callmux listens on no address; `systemctl --user enable --now {HTTP_SOCKET}` opens one, or leave out --http"
    )]
    Disabled,
    #[error(
        "the config names {0}, and no daemon of yours listens there; start it (`callmux serve`), or leave out --http"
    )]
    Closed(SocketAddr),
    #[error(
        "the config has callmux listen on no address; write `listen = [\"127.0.0.1:4860\"]` under `[http]` and start \
         the daemon, or leave out --http"
    )]
    Unwritten,
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/mcp")
}

/// Whether a program of this user listens there.
fn is_ours(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect_timeout(&address, CONNECT_WITHIN) else { return false };
    let (Ok(server), Ok(client)) = (stream.peer_addr(), stream.local_addr()) else { return false };
    let own = rustix::process::getuid().as_raw();
    tcp_owner::owner_of_server(server, client).is_ok_and(|owner| owner == own)
}
