//! Somebody is asked once whose address came from outside.
//!
//! What sends us there may lie. So nothing leads to where the one that it stands for could not: the addresses that a
//! name has are looked at when the connection is made, and before a proxy is asked to make it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::header::{CONNECTION, HeaderValue, USER_AGENT};
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tower::{Service, ServiceExt};
use url::{Host, Url};

use super::error::{Error, reason, unconnected};
use super::pool::{HttpConnection, RequestBody, ResponseBody};
use super::proxied::Proxied;
use super::proxy::Proxies;
use super::reach::{Reach, reach};
use super::request::{US, address};

/// How long TCP may take, over all addresses of a name.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Asks whoever it is sent to, each on a connection of its own, unless they are nearer than they may be.
#[derive(Debug, Clone)]
pub struct GuardedClient {
    /// Made when it is needed: it reads the certificates of authorities.
    over_tls: OnceLock<HttpsConnector<HttpConnector<Guard>>>,
    proxies: Proxies,
    guard: Guard,
}

/// Resolves names to addresses that whoever lies at `base` could have meant.
#[derive(Debug, Clone)]
struct Guard {
    base: Option<Arc<Url>>,
}

impl GuardedClient {
    /// `base`: the address of who is stood for. What is asked lies at most as near as that; without one, it lies where
    /// everybody may ask.
    pub fn new(base: Option<&Url>, proxies: &Proxies) -> Self {
        let guard = Guard { base: base.cloned().map(Arc::new) };
        Self { over_tls: OnceLock::new(), proxies: proxies.clone(), guard }
    }

    /// Sends a request, whose URI is absolute, and waits for the head of the response.
    ///
    /// # Errors
    /// Of [`Error::Unreachable`] nobody was asked, nor of [`Error::TooNear`].
    pub async fn ask(
        &self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, Error> {
        let uri = request.uri().clone();
        self.guard.check(&uri).await?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, US);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let broken = |error: hyper::Error| Error::Broken(reason(&error));
        let connection = if let Some(proxy) = self.proxies.of_url(&uri) {
            let proxied = Proxied::new(proxy, tcp(HttpConnector::new()), &uri)?;
            self.guard.check_name(uri.host().unwrap_or_default()).await?;
            address(&mut request);
            proxied.address(&uri, &mut request);
            proxied.connect(&uri).await?
        } else {
            address(&mut request);
            self.connect(uri).await?
        };
        connection.send(request).await.map_err(broken)
    }

    async fn connect(&self, to: Uri) -> Result<HttpConnection, Error> {
        let unreachable =
            |error: &(dyn std::error::Error + 'static)| Error::Unreachable(unconnected(error));
        let opened = if to.scheme_str() == Some("https") {
            let io = self.over_tls()?.oneshot(to).await.map_err(|error| unreachable(&*error))?;
            HttpConnection::open(io).await
        } else {
            let io = self.tcp().oneshot(to).await.map_err(|error| unreachable(&error))?;
            HttpConnection::open(io).await
        };
        opened.map_err(|error| Error::Broken(reason(&error)))
    }

    fn tcp(&self) -> HttpConnector<Guard> {
        tcp(HttpConnector::new_with_resolver(self.guard.clone()))
    }

    /// `Err`: no certificates of authorities are found on this machine.
    fn over_tls(&self) -> Result<HttpsConnector<HttpConnector<Guard>>, Error> {
        if let Some(connector) = self.over_tls.get() {
            return Ok(connector.clone());
        }
        let mut tcp = self.tcp();
        tcp.enforce_http(false);
        let tls =
            HttpsConnectorBuilder::new().with_native_roots().map_err(Error::NoCertificates)?;
        let connector = tls.https_only().enable_http1().wrap_connector(tcp);
        Ok(self.over_tls.get_or_init(|| connector).clone())
    }
}

/// How TCP connections are made that are used once.
fn tcp<R>(mut connector: HttpConnector<R>) -> HttpConnector<R> {
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_WITHIN));
    connector
}

impl Guard {
    /// Looks at an address that is no name; names are looked at when they are resolved.
    async fn check(&self, uri: &Uri) -> Result<(), Error> {
        let url = Url::parse(&uri.to_string()).map_err(|_| Error::NoServer)?;
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        match address {
            Some(address) if !may_reach(address, self.reach().await) => Err(Error::TooNear),
            _ => Ok(()),
        }
    }

    /// How far who is stood for is.
    async fn reach(&self) -> Reach {
        let Some(base) = &self.base else { return Reach::Global };
        let host = base.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        // A host that only a proxy can look up is none of a network that we are in.
        let Ok(addresses) = tokio::net::lookup_host((host, 0)).await else {
            return Reach::Global;
        };
        addresses.map(|address| reach(address.ip())).max().unwrap_or(Reach::Never)
    }

    /// Looks at a name that a proxy looks up, if it means anything here.
    async fn check_name(&self, name: &str) -> Result<(), Error> {
        let Ok(found) = tokio::net::lookup_host((name, 0)).await else { return Ok(()) };
        if self.permits(found).await { Ok(()) } else { Err(Error::TooNear) }
    }

    async fn permits(&self, mut found: impl Iterator<Item = SocketAddr>) -> bool {
        let own = self.reach().await;
        found.all(|address| may_reach(address.ip(), own))
    }
}

/// Whatever somebody is, everybody may be asked who is in public.
fn may_reach(address: IpAddr, own: Reach) -> bool {
    match reach(address) {
        Reach::Global => true,
        Reach::Never => false,
        near => own <= near,
    }
}

impl Service<Name> for Guard {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guard = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if guard.permits(found.iter().copied()).await {
                Ok(found.into_iter())
            } else {
                Err(io::Error::other(Error::TooNear))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{GuardedClient, Request};
    use crate::http::{Proxies, RequestBody};

    /// `localhost` is a name, and resolved as each other.
    #[tokio::test]
    async fn names_lead_no_nearer_than_the_one_that_they_stand_for() {
        let ask = async |base: Option<&str>, url: &str| {
            let base = base.map(|base| base.parse().unwrap());
            let client = GuardedClient::new(base.as_ref(), &Proxies::none());
            let mut request = Request::new(RequestBody::default());
            *request.uri_mut() = url.parse().unwrap();
            client.ask(request).await.err().unwrap().to_string()
        };
        // Port 9 (discard) is nobody's here: whoever is refused there was dialled.
        for (base, url, is_dialled) in [
            (Some("http://localhost/"), "http://localhost:9/", true),
            (Some("http://127.0.0.1/"), "http://localhost:9/", true),
            (Some("http://8.8.8.8/"), "http://localhost:9/", false),
            (Some("http://10.0.0.1/"), "http://localhost:9/", false),
            (Some("http://10.0.0.1/"), "http://127.0.0.1:9/", false),
            (None, "http://localhost:9/", false),
            (None, "http://[::1]:9/", false),
            (Some("http://127.0.0.1/"), "http://169.254.169.254:9/", false),
        ] {
            let why = ask(base, url).await;
            assert_eq!(!why.contains("no business"), is_dialled, "{base:?} {url}: {why}");
        }
    }
}
