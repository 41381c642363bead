//! The form in which a server is asked.

use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Uri};

use super::pool::RequestBody;

/// What a server reads in `User-Agent`.
pub const US: HeaderValue =
    HeaderValue::from_static(concat!("callmux/", env!("CARGO_PKG_VERSION")));

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

/// Scheme, host and port.
pub fn origin(url: &Uri) -> (Option<&str>, Option<String>, Option<u16>) {
    let default = match url.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    };
    (url.scheme_str(), url.host().map(str::to_ascii_lowercase), url.port_u16().or(default))
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
