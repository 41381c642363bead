//! The HTTP client of one remote server: pooled connections, with TLS where the URL asks for it.

use std::error::Error;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client as Pool};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::UnixStream;

use super::Failure;

/// How long a connection may take to be there.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// After how much silence the kernel asks whether the other end is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How often it then asks, and how often in vain.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_TRIES: u32 = 3;
/// How long what was sent may stay unacknowledged (tcp(7), `TCP_USER_TIMEOUT`).
const UNACKNOWLEDGED_MAX: Duration = Duration::from_mins(1);
/// How long an idle connection is kept. Usual servers close theirs after 5 s; a request that meets
/// such a close would be lost without anybody knowing whether it arrived.
const IDLE_FOR: Duration = Duration::from_secs(4);
/// Idle connections that are kept.
const IDLE_MAX: usize = 16;

pub(super) type Body = Full<Bytes>;

#[derive(Debug)]
pub(super) enum Client {
    Plain(Pool<HttpConnector, Body>),
    Tls(Pool<HttpsConnector<HttpConnector>, Body>),
    Unix(Pool<UnixConnector, Body>),
}

/// Connects to one unix socket, whatever the URL says.
#[derive(Debug, Clone)]
pub(super) struct UnixConnector {
    path: Arc<Path>,
}

impl tower::Service<Uri> for UnixConnector {
    type Response = TokioIo<UnixStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let path = self.path.clone();
        Box::pin(async move { UnixStream::connect(&path).await.map(TokioIo::new) })
    }
}

impl Client {
    /// A client for this URL, over `socket` if there is one. `Err`: no certificates of authorities are
    /// found on this machine.
    pub(super) fn new(url: &Uri, socket: Option<&Path>) -> Result<Self, String> {
        if let Some(path) = socket {
            return Ok(Self::Unix(pool().build(UnixConnector { path: path.into() })));
        }
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEPALIVE_TRIES));
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
        if url.scheme_str() != Some("https") {
            return Ok(Self::Plain(pool().build(tcp)));
        }
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| format!("no certificates to check its own by: {error}"))?;
        Ok(Self::Tls(pool().build(tls.https_only().enable_http1().wrap_connector(tcp))))
    }

    /// Sends one request and waits for the head of the response.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Failure> {
        let sent = match self {
            Self::Plain(pool) => pool.request(request).await,
            Self::Tls(pool) => pool.request(request).await,
            Self::Unix(pool) => pool.request(request).await,
        };
        sent.map_err(|error| {
            let why = reason(&error);
            if error.is_connect() {
                Failure::unreachable(format!("it cannot be reached: {why}"))
            } else {
                Failure::lost(format!("its connection broke: {why}"))
            }
        })
    }
}

fn pool() -> Builder {
    let mut builder = Pool::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new());
    builder.pool_idle_timeout(IDLE_FOR).pool_max_idle_per_host(IDLE_MAX);
    builder
}

/// What lies below an error of the client, whose own text says little.
pub(super) fn reason(error: &dyn Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some layers repeat what is below them.
        if causes.last().is_none_or(|last: &String| !last.contains(&text)) {
            causes.push(text);
        }
        next = cause.source();
    }
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}
