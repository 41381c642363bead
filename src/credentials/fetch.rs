//! The HTTP client for authorization servers.
//!
//! Their addresses come from what a server on the network says, so none of them may lead to where
//! that server itself could not: the addresses a name stands for are checked when the connection is made,
//! and before a proxy is asked to make it.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use rmcp::transport::auth::{
    OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRedirectPolicy,
    OAuthHttpRequest,
};
use tower::{Service, ServiceExt};
use url::{Host, Url};

use super::error::CredentialError;
use super::repeated::RequestSecrets;
use crate::http::{self, HttpConnection, Proxied, Proxies, RequestBody, ResponseBody};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// How long a connection may take to be there.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const BODY_MAX: usize = 512 * 1024;
const REDIRECTS_MAX: usize = 3;

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// This machine.
    Loopback,
    /// The networks of a house or a company.
    Private,
    /// Everywhere.
    Global,
    /// Nowhere that a server has any business with: link-local addresses, where clouds keep
    /// credentials, and what is no address of one machine.
    Never,
}

/// Whose authorization servers are asked.
#[derive(Debug, Clone)]
pub(super) struct Fetch {
    connector: HttpsConnector<HttpConnector<Guard>>,
    proxies: Proxies,
    guard: Guard,
}

/// Resolves names to addresses that the server at `base` could have meant.
#[derive(Debug, Clone)]
struct Guard {
    base: Arc<Url>,
}

impl Fetch {
    /// For the server at this URL. `Err`: no certificates of authorities are found on this machine.
    pub(super) fn new(base: &Url, proxies: &Proxies) -> Result<Self, CredentialError> {
        let guard = Guard { base: Arc::new(base.clone()) };
        let mut tcp = HttpConnector::new_with_resolver(guard.clone());
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| CredentialError::NoCertificates(error.to_string()))?;
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        Ok(Self { connector, proxies: proxies.clone(), guard })
    }

    /// Asks. Each is asked once in a while: no connection is kept.
    async fn ask(
        &self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, OAuthHttpClientError> {
        self.guard.check(request.uri()).await?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, http::US);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let uri = request.uri().clone();
        let connection = if let Some(proxy) = self.proxies.of_url(&uri) {
            let mut tcp = HttpConnector::new();
            tcp.set_nodelay(true);
            tcp.set_connect_timeout(Some(CONNECT_WITHIN));
            let proxied = Proxied::new(proxy, tcp)?;
            self.guard.check_name(uri.host().unwrap_or_default()).await?;
            http::address(&mut request);
            proxied.address(&uri, &mut request);
            proxied.connect(&uri).await?
        } else {
            let connected = self.connector.clone().oneshot(uri).await;
            let io = connected.map_err(|error| http::unconnected(&*error))?;
            http::address(&mut request);
            HttpConnection::open(io).await?
        };
        Ok(connection.send(request).await?)
    }

    /// Posts a form, and follows no redirect. What the answer says beside its status is not read.
    pub(super) async fn post_form(
        &self,
        url: &str,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<StatusCode, CredentialError> {
        let uri: Uri = url.parse().map_err(|_| CredentialError::NoEndpoint(url.to_owned()))?;
        let exchange = async {
            let mut request = Request::new(RequestBody::new(Bytes::from(form)));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = uri;
            let headers = request.headers_mut();
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
            headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
            Ok::<_, OAuthHttpClientError>(self.ask(request).await?.status())
        };
        match tokio::time::timeout(ANSWER_WITHIN, exchange).await {
            Ok(done) => done.map_err(|error| CredentialError::Said(error.to_string())),
            Err(_) => Err(CredentialError::NoAnswer(ANSWER_WITHIN)),
        }
    }

    async fn send(
        &self,
        mut request: OAuthHttpRequest,
    ) -> Result<Response<Vec<u8>>, OAuthHttpClientError> {
        let follows = request.redirect_policy == OAuthHttpRedirectPolicy::Follow
            && request.request.method() == Method::GET;
        for _ in 0..=REDIRECTS_MAX {
            let (head, body) = request.request.clone().into_parts();
            let secrets = RequestSecrets::new(&head.headers, &body);
            let mut sent = Request::new(RequestBody::new(Bytes::from(body)));
            *sent.method_mut() = head.method;
            *sent.uri_mut() = head.uri.clone();
            *sent.headers_mut() = head.headers;
            let (answer, body) = self.ask(sent).await?.into_parts();
            let body = Limited::new(body, BODY_MAX).collect().await?.to_bytes();
            let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
            match location.filter(|_| follows && answer.status.is_redirection()) {
                Some(location) => *request.request.uri_mut() = beside(&head.uri, location)?,
                None if answer.status.is_success() => {
                    return Ok(Response::from_parts(answer, body.to_vec()));
                }
                None => return Ok(Response::from_parts(answer, secrets.redact(&body))),
            }
        }
        Err("it redirects too often".into())
    }
}

impl OAuthHttpClient for Fetch {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move {
            tokio::time::timeout(ANSWER_WITHIN, self.send(request))
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {ANSWER_WITHIN:?}").into()))
        })
    }
}

/// Where a redirect leads; never to another origin.
fn beside(from: &Uri, location: &str) -> Result<Uri, OAuthHttpClientError> {
    let from = Url::parse(&from.to_string())?;
    let to = from.join(location)?;
    if to.origin() != from.origin() {
        return Err("it redirects to another origin".into());
    }
    Ok(to.as_str().parse()?)
}

impl Guard {
    /// Looks at an address that is no name; names are looked at when they are resolved.
    async fn check(&self, uri: &Uri) -> Result<(), OAuthHttpClientError> {
        let url = Url::parse(&uri.to_string())?;
        let is_local = is_loopback(&url) && is_loopback(&self.base);
        if url.scheme() != "https" && !is_local && url.origin() != self.base.origin() {
            return Err("it is not asked over plain HTTP".into());
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        match address {
            Some(address) if !Self::may_reach(address, self.reach().await?) => {
                Err(refused().into())
            }
            _ => Ok(()),
        }
    }

    /// How far the server itself is.
    async fn reach(&self) -> io::Result<Reach> {
        let host = self.base.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        // A host that only a proxy can look up is none of a network that we are in.
        let Ok(addresses) = tokio::net::lookup_host((host, 0)).await else {
            return Ok(Reach::Global);
        };
        Ok(addresses.map(|address| reach(address.ip())).max().unwrap_or(Reach::Never))
    }

    /// Looks at a name that a proxy looks up, if it means anything here.
    async fn check_name(&self, name: &str) -> io::Result<()> {
        let Ok(found) = tokio::net::lookup_host((name, 0)).await else { return Ok(()) };
        self.check_all(found).await
    }

    async fn check_all(&self, mut found: impl Iterator<Item = SocketAddr>) -> io::Result<()> {
        let own = self.reach().await?;
        let is_refused = found.any(|address| !Self::may_reach(address.ip(), own));
        if is_refused { Err(refused()) } else { Ok(()) }
    }

    /// Whatever the server is, everybody may be asked who is in public.
    fn may_reach(address: IpAddr, own: Reach) -> bool {
        match reach(address) {
            Reach::Global => true,
            Reach::Never => false,
            near => own <= near,
        }
    }
}

fn refused() -> io::Error {
    io::Error::other("it names an address that it has no business with")
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
            guard.check_all(found.iter().copied()).await?;
            Ok(found.into_iter())
        })
    }
}

/// Whether the URL leads to this machine whatever its names stand for.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn reach(address: IpAddr) -> Reach {
    let v4 = match address {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            let embedded = match (a, b, c) {
                // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to an address of the other kind.
                (0x64, 0xff9b, _) => v6.octets().last_chunk::<4>().copied(),
                (0x2002, _, _) => v6.octets()[2..6].try_into().ok(),
                _ => v6.to_ipv4_mapped().map(|v4| v4.octets()),
            };
            match embedded {
                Some(octets) => octets.into(),
                None if v6.is_loopback() => return Reach::Loopback,
                None if v6.is_unique_local() => return Reach::Private,
                // 2000::/3 is what is given out, without Teredo (RFC 4380).
                None if a & 0xe000 == 0x2000 && (a, b) != (0x2001, 0) => return Reach::Global,
                None => return Reach::Never,
            }
        }
    };
    let [a, b, ..] = v4.octets();
    match (a, b) {
        _ if v4.is_loopback() => Reach::Loopback,
        // The second is for carriers (RFC 6598).
        _ if v4.is_private() || (a == 100 && b & 0xc0 == 64) => Reach::Private,
        (0 | 224.., _) | (169, 254) | (198, 18 | 19) => Reach::Never,
        _ => Reach::Global,
    }
}

#[cfg(test)]
mod tests {
    use super::{Reach, beside, reach};

    #[test]
    fn addresses_reach_as_far_as_they_do() {
        for (address, expected) in [
            ("127.8.9.1", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("10.1.2.3", Reach::Private),
            ("100.64.0.1", Reach::Private),
            ("fd00::1", Reach::Private),
            ("64:ff9b::a00:1", Reach::Private),
            ("2002:7f00:1::", Reach::Loopback),
            ("169.254.169.254", Reach::Never),
            ("::ffff:169.254.169.254", Reach::Never),
            ("fe80::1", Reach::Never),
            ("0.0.0.0", Reach::Never),
            ("::", Reach::Never),
            ("255.255.255.255", Reach::Never),
            ("2001::1", Reach::Never),
            ("93.184.216.34", Reach::Global),
            ("2606:4700::1", Reach::Global),
        ] {
            assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn a_redirect_stays_with_its_origin() {
        let from = "https://as.example/a".parse().unwrap();
        assert_eq!(beside(&from, "/b").unwrap().to_string(), "https://as.example/b");
        for other in ["http://as.example/b", "//other/b", "https://as.example:8443/", "file:///x"] {
            assert!(beside(&from, other).is_err(), "{other}");
        }
    }
}
