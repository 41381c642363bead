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

use super::admission::told;
use super::handshake::Presented;
use super::http::{Caller, Peer, Service, refused};
use super::{Front, admission};
use crate::base::Tasks;
use crate::facts;
use crate::peers::connections::{self, Activity, ConnectionPlace, Watched};
use crate::peers::tcp_owner;
use crate::settings::Config;
use crate::settings::missing::Missing;
use crate::settings::network::Listen;

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
    /// Of TCP, for who is known by a token alone; `shown`: what is shown over TLS, if that is spoken.
    Far {
        listener: TcpListener,
        shown: Option<Arc<Presented>>,
    },
}

/// Why a socket is not served.
#[derive(Debug, thiserror::Error)]
pub enum Unserved {
    #[error("it is no listening stream socket")]
    NotListening,
    #[error("it is neither a unix nor an internet socket")]
    Family,
    #[error("{0}")]
    Missing(#[from] Missing),
    #[error(
        "whose its connections are cannot be known: {0}; do without, the unix socket needs no such question"
    )]
    Unasked(#[from] tcp_owner::Unowned),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Listener {
    /// Takes over a socket that somebody else bound. `has_scheme`: it was named with `https://`.
    pub fn adopt(fd: OwnedFd, has_scheme: bool, config: &Config) -> Result<Self, Unserved> {
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
                let listen = Listen { address: listener.local_addr()?, has_scheme };
                if let Some(missing) = config.missing_for(listen) {
                    return Err(missing.into());
                }
                if !listen.is_plain() {
                    listener.set_nonblocking(true)?;
                    let certificate = config.http.tls.iter().flatten().next();
                    let shown = certificate.cloned().map(|shown| Arc::new(Presented::new(shown)));
                    return Ok(Self::Far { listener: TcpListener::from_std(listener)?, shown });
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
            Self::Tcp(listener) | Self::Far { listener, shown: None } => url("http", listener),
            Self::Far { listener, shown: Some(_) } => url("https", listener),
        }
    }
}

fn url(scheme: &str, listener: &TcpListener) -> String {
    let address = listener.local_addr();
    address.map_or_else(|error| error.to_string(), |address| format!("{scheme}://{address}"))
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
                if let Some(peer) = told(&front, admission::unix(&front, &stream), None) {
                    begin(stream, peer, &front, &router, &tasks);
                }
            }
            Ok(Accepted::Tcp(stream, remote)) => {
                let (who, shown) = match &listener {
                    Listener::Far { shown, .. } => {
                        (admission::far(&front, &stream, remote, shown.is_some()), shown.as_ref())
                    }
                    _ => (admission::near(&front, &stream, remote), None),
                };
                match (told(&front, who, Some(remote)), shown) {
                    (Some(peer), None) => begin(stream, peer, &front, &router, &tasks),
                    (Some(peer), Some(shown)) => {
                        begin_over_tls(stream, shown.clone(), peer, &front, &router, &tasks);
                    }
                    (None, _) => {}
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
        Listener::Tcp(listener) | Listener::Far { listener, .. } => {
            let (stream, remote) = listener.accept().await?;
            Ok(Accepted::Tcp(stream, remote))
        }
    }
}

/// Serves a connection in a task of its own, if there is a place for it.
fn begin<S>(stream: S, peer: Peer, front: &Arc<Front>, router: &Router, tasks: &Tasks)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if let Some((place, activity)) = enter(front) {
        let service = Service::new(front.clone(), router, peer, activity.clone());
        let stream = Watched::new(stream, activity, place);
        tasks.spawn("connection", serve(stream, service, tasks.clone()));
    }
}

/// The same over TLS. Its handshake is a part of the connection: it has a place, and gives way as one on
/// which nothing was asked.
fn begin_over_tls(
    stream: TcpStream,
    shown: Arc<Presented>,
    peer: Peer,
    front: &Arc<Front>,
    router: &Router,
    tasks: &Tasks,
) {
    let Some((place, activity)) = enter(front) else { return };
    let address = peer.address;
    let service = Service::new(front.clone(), router, peer, activity.clone());
    let (front, inner) = (front.clone(), tasks.clone());
    tasks.spawn("connection", async move {
        let config = front.hub.world().config.clone();
        let shaken = tokio::select! {
            () = inner.stopped() => None,
            shaken = activity.until_silent(shown.shake(stream, config)) => shaken,
        };
        match shaken {
            Some(Ok(stream)) => serve(Watched::new(stream, activity, place), service, inner).await,
            Some(Err(refusal)) => front.hub.recorder.record(refused(&refusal, address)),
            None => {}
        }
    });
}

/// A place for a connection, if there is one.
fn enter(front: &Front) -> Option<(ConnectionPlace, Arc<Activity>)> {
    let max = connections::most(front.hub.world().processes());
    let entered = front.connections.enter(max);
    if !matches!(entered, Some((.., false))) {
        let evicted = entered.is_some();
        front.hub.recorder.record(facts::CapReached { what: "connection", max, evicted });
    }
    entered.map(|(place, activity, _)| (place, activity))
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
