//! HTTP/1.1 as a client speaks it (RFC 9110, RFC 9112).
//!
//! # Knows
//! How a connection to a server is made and what is kept of it, which request may be sent once more,
//! what can be said of an error.
//!
//! # Does not know
//! MCP, credentials, whom to ask and what to make of a response.
//!
//! # How to read it
//! [`Client`] is for one server that is asked often, over connections of a [`pool`]; [`HttpConnection`] alone
//! for who is asked once.

mod client;
mod pool;
mod tls;

use std::error;

use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Uri};

pub use client::Client;
pub use pool::{HttpConnection, RequestBody, ResponseBody};

/// What a server reads in `User-Agent`.
pub const US: HeaderValue =
    HeaderValue::from_static(concat!("callmux/", env!("CARGO_PKG_VERSION")));

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was no connection.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// The server may have got the request.
    #[error("its connection broke: {0}")]
    Broken(String),
}

/// What `Host` says (RFC 9112, section 3.2): no port if it is the scheme's own.
pub fn host(url: &Uri) -> Option<HeaderValue> {
    let host = url.host()?;
    let usual = if url.scheme_str() == Some("https") { 443 } else { 80 };
    let text = match url.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    HeaderValue::try_from(text).ok()
}

/// The path and the query: the form that a server is asked in (RFC 9112, section 3.2.1).
pub fn origin_form(url: &Uri) -> Uri {
    url.path_and_query().cloned().map_or_else(Uri::default, Uri::from)
}

/// Gives a request whose URI is absolute the form in which it is sent.
pub fn address(request: &mut Request<RequestBody>) {
    let url = std::mem::take(request.uri_mut());
    if let Some(host) = host(&url) {
        request.headers_mut().entry(HOST).or_insert(host);
    }
    *request.uri_mut() = origin_form(&url);
}

/// What lies below an error, whose own text says little.
pub fn reason(error: &dyn error::Error) -> String {
    match error.source() {
        Some(cause) => causes(cause),
        None => error.to_string(),
    }
}

/// Why there is no connection.
pub fn unconnected(error: &(dyn error::Error + 'static)) -> String {
    tls::reason(error).unwrap_or_else(|| causes(error))
}

/// An error and all that led to it.
fn causes(error: &dyn error::Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some layers repeat what is below them.
        if causes.last().is_none_or(|last| !last.contains(&text)) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::{address, host};
    use hyper::Request;

    #[test]
    fn a_request_is_sent_in_origin_form() {
        let mut request = Request::builder().uri("http://h:81/a?b=1").body("".into()).unwrap();
        address(&mut request);
        assert_eq!(
            (request.uri().to_string().as_str(), &request.headers()["host"]),
            ("/a?b=1", &"h:81".parse().unwrap())
        );
        for (url, expected) in
            [("http://h:80/", "h"), ("https://h:80/", "h:80"), ("https://[::1]:443", "[::1]")]
        {
            assert_eq!(host(&url.parse().unwrap()).unwrap(), expected);
        }
    }
}
