//! What of an address can be shown.

use hyper::Uri;
use hyper::http::uri::Authority;

use crate::base::Secret;

/// Scheme, host and port of a `url`: what of it can be shown to anybody.
pub fn origin(url: &Secret) -> String {
    let url: Uri = url.expose().parse().unwrap_or_default();
    let authority = url.authority().map_or("", Authority::as_str);
    format!("{}://{authority}", url.scheme_str().unwrap_or_default())
}
