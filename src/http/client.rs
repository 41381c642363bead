//! The client of one server: connections as they are needed, with TLS where the URL asks for it.

use std::error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tower::ServiceExt;

use super::error::{Error, reason, unconnected};
use super::pool::{HttpConnection, Pool, RequestBody, ResponseBody};
use super::proxied::Proxied;
use super::proxy::Proxies;

/// How long TCP may take, over all addresses of a name.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may take to be there, with what comes before and after that: the name, TLS.
const OPEN_WITHIN: Duration = Duration::from_secs(20);
/// After how much silence the kernel asks whether the other end is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How often it then asks, and how often in vain.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_TRIES: u32 = 3;
/// How long what was sent may stay unacknowledged (tcp(7), `TCP_USER_TIMEOUT`).
const UNACKNOWLEDGED_MAX: Duration = Duration::from_mins(1);

/// Asks one server.
#[derive(Debug)]
pub struct Client {
    /// The server's address without path and query, which may hold a secret.
    origin: Uri,
    connector: Connector,
    pool: Arc<Pool>,
}

#[derive(Debug)]
enum Connector {
    Plain(HttpConnector),
    Tls(HttpsConnector<HttpConnector>),
    /// To one unix socket, whatever the URL says.
    Unix(Box<Path>),
    Proxied(Box<Proxied>),
}

impl Client {
    /// A client for this URL, over `socket` if there is one, else through one of `proxies` if one of
    /// them is for it. `Err`: no certificates of authorities are found on this machine, or its proxy
    /// is one that cannot be asked.
    pub fn new(url: &Uri, socket: Option<&Path>, proxies: &Proxies) -> Result<Self, Error> {
        let connector = match (socket, proxies.of_url(url)) {
            (Some(path), _) => Connector::Unix(path.into()),
            (None, Some(proxy)) => Connector::Proxied(Box::new(Proxied::new(proxy, tcp(), url)?)),
            (None, None) => Connector::new(url)?,
        };
        let mut parts = url.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        let origin = Uri::from_parts(parts).map_err(|_| Error::NoServer)?;
        Ok(Self { origin, connector, pool: Arc::default() })
    }

    /// Sends one request, whose URI is the path and the query only, and waits for the head of the
    /// response.
    pub async fn send(
        &self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, Error> {
        if let Connector::Proxied(proxied) = &self.connector {
            proxied.address(&self.origin, &mut request);
        }
        let request = match self.pool.send(request).await.map_err(|error| broken(&error))? {
            Ok(response) => return Ok(response),
            Err(request) => request,
        };
        // In a box: hardly any request needs the room for it.
        let connecting = Box::pin(self.connector.connect(&self.origin));
        let connection = match tokio::time::timeout(OPEN_WITHIN, connecting).await {
            Ok(connected) => connected?,
            Err(_) => {
                let why = format!("no connection came about within {OPEN_WITHIN:?}");
                return Err(Error::Unreachable(why));
            }
        };
        let sent = self.pool.send_on(connection, request).await;
        sent.map_err(|error| broken(error.error()))
    }

    /// Gives up connections that were idle for long; never ends.
    pub async fn expire(&self) {
        self.pool.expire().await;
    }
}

fn broken(error: &hyper::Error) -> Error {
    Error::Broken(reason(error))
}

fn unreachable(error: &(dyn error::Error + 'static)) -> Error {
    Error::Unreachable(unconnected(error))
}

/// How TCP connections are made that are kept.
fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_WITHIN));
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    tcp.set_keepalive_retries(Some(KEEPALIVE_TRIES));
    tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
    tcp
}

impl Connector {
    fn new(url: &Uri) -> Result<Self, Error> {
        let mut tcp = tcp();
        if url.scheme_str() != Some("https") {
            return Ok(Self::Plain(tcp));
        }
        tcp.enforce_http(false);
        let tls =
            HttpsConnectorBuilder::new().with_native_roots().map_err(Error::NoCertificates)?;
        Ok(Self::Tls(tls.https_only().enable_http1().wrap_connector(tcp)))
    }

    async fn connect(&self, to: &Uri) -> Result<HttpConnection, Error> {
        let opened = match self {
            Self::Plain(tcp) => {
                let stream = tcp.clone().oneshot(to.clone()).await;
                HttpConnection::open(stream.map_err(|error| unreachable(&error))?).await
            }
            Self::Tls(tls) => {
                let stream = tls.clone().oneshot(to.clone()).await;
                HttpConnection::open(stream.map_err(|error| unreachable(&*error))?).await
            }
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                let stream = stream.map_err(|error| unreachable(&error))?;
                HttpConnection::open(TokioIo::new(stream)).await
            }
            Self::Proxied(proxied) => return proxied.connect(to).await,
        };
        opened.map_err(|error| unreachable(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Client, Connector};
    use crate::http::{Proxies, RequestBody};
    use hyper::{Request, Uri};
    use hyper_rustls::HttpsConnectorBuilder;
    use rustls::crypto::ring::default_provider;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::net::TcpListener;

    #[test]
    fn only_the_origin_is_kept_of_an_address() {
        let url = "http://host:81/mcp/canary?key=canary".parse().unwrap();
        let shown = format!("{:?}", Client::new(&url, None, &Proxies::none()).unwrap());
        assert!(shown.contains("http://host:81/") && !shown.contains("canary"), "{shown}");
    }

    /// With time paused, it goes to the next timer as soon as nobody says anything more.
    #[tokio::test(start_paused = true)]
    async fn who_is_silent_instead_of_greeting_is_given_up() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin: Uri = format!("https://{}/", silent.local_addr().unwrap()).parse().unwrap();
        let trusts_nobody = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let tls = HttpsConnectorBuilder::new().with_tls_config(trusts_nobody).https_only();
        let connector = Connector::Tls(tls.enable_http1().build());
        let client = Client { origin, connector, pool: Arc::default() };
        let error = client.send(Request::new(RequestBody::default())).await.err().unwrap();
        assert!(error.to_string().contains("no connection came about within 20s"), "{error}");
    }
}
