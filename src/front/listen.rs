//! Accepting connections and serving HTTP on them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::Front;
use super::http::{Caller, Peer, Service, refused};
use crate::access::connections::{self, Watched};
use crate::access::peer::{self, Refusal, TcpClient};
use crate::base::{Tasks, tcp_owner};
use crate::facts;

/// Connections that are taken in before others have their turn.
const ACCEPTS_IN_A_ROW: usize = 8;
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
    #[error(
        "whose its connections are cannot be known: {0}; do without, the unix socket needs no such question"
    )]
    Unasked(#[from] tcp_owner::Unowned),
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
                // Also has the kernel load what answers before the first client waits for it.
                tcp_owner::can_be_asked(listener.local_addr()?)?;
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
    let mut in_a_row = 0;
    loop {
        let accepted = tokio::select! {
            () = tasks.stopped() => return,
            accepted = next(&listener) => accepted,
        };
        match accepted {
            Ok(Accepted::Unix(stream)) => {
                if let Some(peer) = admit(&front, unix_peer(&stream), None) {
                    begin(stream, peer, &front, &router, &tasks);
                }
            }
            Ok(Accepted::Tcp(stream, remote)) => {
                if let Some(peer) = admit(&front, tcp_peer(&front, &stream, remote), Some(remote)) {
                    begin(stream, peer, &front, &router, &tasks);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        in_a_row += 1;
        if in_a_row == ACCEPTS_IN_A_ROW {
            in_a_row = 0;
            tokio::task::yield_now().await;
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
            Ok(Accepted::Tcp(stream, remote))
        }
    }
}

fn unix_peer(stream: &UnixStream) -> Result<Peer, Refusal> {
    let peer = stream.peer_cred().map_err(|_| Refusal::Gone)?;
    let proved = Some(peer::admit(peer.uid())?);
    let process = peer.pid().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0);
    Ok(Peer { proved, address: None, is_unix: true, process, tcp: None })
}

fn tcp_peer(front: &Front, stream: &TcpStream, remote: SocketAddr) -> Result<Peer, Refusal> {
    let local = stream.local_addr().map_err(|_| Refusal::Gone)?;
    let world = front.hub.world();
    let (proved, tcp) = match TcpClient::admit(remote, local, || stream.peer_addr().is_ok()) {
        Ok((principal, client)) => {
            front.groups.check(client.group(), &world.config, Instant::now())?;
            (Some(principal), Some(client))
        }
        // Whoever is not known by the kernel's word may be by a token.
        Err(Refusal::OtherUser(_) | Refusal::Unknown(_)) if world.gate.has_tokens() => (None, None),
        Err(refusal) => return Err(refusal),
    };
    // Without this an event waits 40 ms for the client's delayed acknowledgement.
    stream.set_nodelay(true).map_err(|_| Refusal::Gone)?;
    Ok(Peer { proved, address: Some(remote), is_unix: false, process: None, tcp })
}

fn admit(front: &Front, who: Result<Peer, Refusal>, address: Option<SocketAddr>) -> Option<Peer> {
    who.map_err(|refusal| front.hub.recorder.record(refused(&refusal, address))).ok()
}

/// Serves a connection in a task of its own, if there is a place for it.
fn begin<S>(stream: S, peer: Peer, front: &Arc<Front>, router: &Router, tasks: &Tasks)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let max = connections::most(front.hub.world().processes());
    let entered = front.connections.enter(max);
    if !matches!(entered, Some((.., false))) {
        let evicted = entered.is_some();
        front.hub.recorder.record(facts::CapReached { what: "connection", max, evicted });
    }
    if let Some((place, activity, _)) = entered {
        let service = Service::new(front.clone(), router, peer, activity.clone());
        let stream = Watched::new(stream, activity, place);
        tasks.spawn("connection", serve(stream, service, tasks.clone()));
    }
}

/// Answers the requests of one connection until it ends.
pub async fn serve<S>(stream: Watched<S>, service: Service, tasks: Tasks)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let caller = service.caller();
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    let ended = until_ended(connection, &caller, &tasks);
    match caller.activity().until_silent(ended).await {
        None => tracing::debug!("a connection was closed by us"),
        Some(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Some(Ok(())) => {}
    }
}

async fn until_ended<S>(
    mut connection: Pin<&mut http1::UpgradeableConnection<TokioIo<Watched<S>>, Service>>,
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
