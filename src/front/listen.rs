//! Accepting connections and serving HTTP on them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::Front;
use super::http::{Caller, Peer, Service};
use crate::access::Principal;
use crate::access::peer::{self, Refusal};
use crate::base::Tasks;
use crate::telemetry::Fact;

/// Connections at the same time. More are closed at once.
const CONNECTIONS_MAX: usize = 8192;
/// After a failed accept, which is most often for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a connection that has not sent a request may still do so when we are told to stop.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// A listening socket.
#[derive(Debug)]
pub enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

/// Why a socket is not served.
#[derive(Debug, thiserror::Error)]
pub enum Unserved {
    #[error("it is no listening stream socket")]
    NotListening,
    #[error("it is neither a unix nor an internet socket")]
    Family,
    #[error(
        "it can be reached from other machines, and nothing would ask who they are; use a loopback address"
    )]
    NotLoopback,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Listener {
    /// Takes over a socket that somebody else bound.
    pub fn adopt(fd: OwnedFd) -> Result<Self, Unserved> {
        use rustix::net::{AddressFamily, SocketType, sockopt};
        let is_listening = sockopt::socket_type(&fd).is_ok_and(|kind| kind == SocketType::STREAM)
            && sockopt::socket_acceptconn(&fd).unwrap_or(false);
        if !is_listening {
            return Err(Unserved::NotListening);
        }
        match sockopt::socket_domain(&fd).map_err(io::Error::from)? {
            AddressFamily::UNIX => {
                let listener = std::os::unix::net::UnixListener::from(fd);
                listener.set_nonblocking(true)?;
                Ok(Self::Unix(UnixListener::from_std(listener)?))
            }
            AddressFamily::INET | AddressFamily::INET6 => {
                let listener = std::net::TcpListener::from(fd);
                // Whoever bound it may have chosen any address: what counts is the socket itself.
                if !listener.local_addr()?.ip().to_canonical().is_loopback() {
                    return Err(Unserved::NotLoopback);
                }
                listener.set_nonblocking(true)?;
                Ok(Self::Tcp(TcpListener::from_std(listener)?))
            }
            _ => Err(Unserved::Family),
        }
    }

    /// The address, for people.
    pub fn address(&self) -> String {
        match self {
            Self::Unix(listener) => {
                let path = listener
                    .local_addr()
                    .ok()
                    .and_then(|a| Some(a.as_pathname()?.display().to_string()));
                path.unwrap_or_else(|| "an unnamed unix socket".to_owned())
            }
            Self::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|e| e.to_string(), |address| format!("http://{address}")),
        }
    }
}

/// Accepts until `tasks` is stopped; connections run in `tasks` too, and after the stop finish the
/// request they are at.
pub async fn accept(listener: Listener, front: Arc<Front>, router: Router, tasks: Tasks) {
    loop {
        let accepted = tokio::select! {
            () = tasks.stopped() => return,
            accepted = next(&listener) => accepted,
        };
        match accepted {
            Ok(_) if tasks.count() > CONNECTIONS_MAX => {}
            Ok(Accepted::Unix(stream)) => {
                if let Some(peer) = admit(&front, unix_peer(&stream), None) {
                    let service = Service::new(front.clone(), &router, peer);
                    tasks.spawn("connection", serve(stream, service, tasks.clone()));
                }
            }
            Ok(Accepted::Tcp(stream, remote)) => {
                if let Some(peer) = admit(&front, tcp_peer(&stream, remote), Some(remote)) {
                    let service = Service::new(front.clone(), &router, peer);
                    tasks.spawn("connection", serve(stream, service, tasks.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

enum Accepted {
    Unix(UnixStream),
    Tcp(TcpStream, SocketAddr),
}

async fn next(listener: &Listener) -> io::Result<Accepted> {
    match listener {
        Listener::Unix(listener) => {
            listener.accept().await.map(|(stream, _)| Accepted::Unix(stream))
        }
        Listener::Tcp(listener) => {
            let (stream, remote) = listener.accept().await?;
            // Without this an event waits 40 ms for the client's delayed acknowledgement.
            stream.set_nodelay(true)?;
            Ok(Accepted::Tcp(stream, remote))
        }
    }
}

fn unix_peer(stream: &UnixStream) -> Result<Principal, Refusal> {
    peer::admit(stream.peer_cred().map_err(|_| Refusal::Unknown)?.uid())
}

fn tcp_peer(stream: &TcpStream, remote: SocketAddr) -> Result<Principal, Refusal> {
    let local = stream.local_addr().map_err(|_| Refusal::Unknown)?;
    peer::admit(peer::owner_of_tcp_client(local, remote)?)
}

fn admit(
    front: &Front,
    who: Result<Principal, Refusal>,
    address: Option<SocketAddr>,
) -> Option<Peer> {
    match who {
        Ok(principal) => Some(Peer { principal, is_unix: address.is_none() }),
        Err(refusal) => {
            let reason = refusal.to_string();
            front.hub.recorder.record(Fact::PeerRefused { address, reason });
            None
        }
    }
}

/// Answers the requests of one connection until it ends.
pub async fn serve<S>(stream: S, service: Service, tasks: Tasks)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let caller = service.caller();
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = until_ended(connection, &caller, &tasks) => ended,
        () = caller.given_up() => return tracing::debug!("a client does not read"),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn until_ended<S>(
    mut connection: Pin<&mut http1::UpgradeableConnection<TokioIo<S>, Service>>,
    caller: &Caller,
    tasks: &Tasks,
) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    tokio::select! {
        biased;
        ended = &mut connection => return ended,
        () = tasks.stopped() => {}
    }
    // A client that was let in and has said nothing yet is about to: it must not find us gone.
    tokio::select! {
        ended = &mut connection => return ended,
        _ = tokio::time::timeout(FIRST_REQUEST, caller.began()) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}
