//! Connections that a proxy makes for us.

use hyper::Request;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::http::uri::{PathAndQuery, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use tower::ServiceExt;

use super::error::{Error, unconnected};
use super::pool::{HttpConnection, RequestBody};
use super::proxy::Proxy;
use super::tls;

type ToProxy = HttpsConnector<HttpConnector>;

/// Connections through one proxy: a tunnel to a server that is spoken to over TLS, else the proxy itself,
/// which is told in each request what to ask for.
#[derive(Debug, Clone)]
pub struct Proxied {
    proxy: Proxy,
    to_proxy: ToProxy,
    through: HttpsConnector<Tunnel<ToProxy>>,
}

impl Proxied {
    /// `tcp`: how the proxy itself is reached; `to`: the server that it is to reach.
    pub fn new(proxy: Proxy, mut tcp: HttpConnector, to: &Uri) -> Result<Self, Error> {
        if !matches!(proxy.url.scheme_str(), Some("http" | "https")) {
            let scheme = proxy.url.scheme_str().unwrap_or_default().to_owned();
            return Err(Error::ProxyScheme(scheme));
        }
        tcp.enforce_http(false);
        // A machine may have no certificates of authorities, and need none.
        let has_tls = [to, &proxy.url].iter().any(|uri| uri.scheme_str() == Some("https"));
        let config = if has_tls { tls::config() } else { tls::config_of_nobody() };
        let config = config.map_err(Error::NoCertificates)?;
        let tls = HttpsConnectorBuilder::new().with_tls_config(config.clone());
        let to_proxy = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let mut tunnel = Tunnel::new(proxy.url.clone(), to_proxy.clone());
        if let Some(authorization) = &proxy.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let tls = HttpsConnectorBuilder::new().with_tls_config(config).https_only();
        let through = tls.enable_http1().wrap_connector(tunnel);
        Ok(Self { proxy, to_proxy, through })
    }

    /// A connection on which the server at this URL can be asked.
    pub async fn connect(&self, to: &Uri) -> Result<HttpConnection, Error> {
        let broken = |error: hyper::Error| self.failed(&error.to_string());
        if to.scheme_str() == Some("https") {
            let stream = self.through.clone().oneshot(to.clone()).await;
            let stream = stream.map_err(|error| self.failed(&unconnected(&*error)))?;
            return HttpConnection::open(stream).await.map_err(broken);
        }
        let stream = self.to_proxy.clone().oneshot(self.proxy.url.clone()).await;
        let stream = stream.map_err(|error| self.failed(&unconnected(&*error)))?;
        HttpConnection::open(stream).await.map_err(broken)
    }

    fn failed(&self, why: &str) -> Error {
        let (scheme, at) = (self.proxy.url.scheme_str(), self.proxy.url.authority());
        let (scheme, at) = (scheme.unwrap_or_default(), at.map_or("", |at| at.as_str()));
        Error::Unreachable(format!("through the proxy {scheme}://{at}: {why}"))
    }

    /// Gives a request to a server of this origin the form in which it is sent. Its URI is its path and
    /// its query.
    pub fn address(&self, origin: &Uri, request: &mut Request<RequestBody>) {
        if origin.scheme_str() == Some("https") {
            return;
        }
        let mut parts = origin.clone().into_parts();
        let path = request.uri().path_and_query().cloned();
        parts.path_and_query = path.or_else(|| Some(PathAndQuery::from_static("/")));
        // It is made of parts that were in an address each.
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        let authorization = self.proxy.authorization.clone();
        request.headers_mut().extend(authorization.map(|value| (PROXY_AUTHORIZATION, value)));
    }
}
