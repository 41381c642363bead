//! Redirects: which are followed, and what is told of the others.

use hyper::header::{HeaderMap, LOCATION};
use hyper::{StatusCode, Uri};
use url::Url;

use super::failure::RequestFailure;
use crate::base::{clip, visible};
use crate::http::origin;

/// Of an address that a server names this much is shown, in characters.
const SHOWN_MAX: usize = 200;

/// Where a redirect leads. What we send may be a secret of this server's and goes nowhere else.
pub(super) fn target(from: &Uri, headers: &HeaderMap) -> Result<Uri, RequestFailure> {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wrong = || RequestFailure::refused("it redirects to what is no address");
    if location.starts_with('/') && !location.starts_with("//") {
        let mut parts = from.clone().into_parts();
        parts.path_and_query = Some(location.parse().map_err(|_| wrong())?);
        return Uri::from_parts(parts).map_err(|_| wrong());
    }
    let to: Uri = location.parse().map_err(|_| wrong())?;
    if origin(&to) == origin(from) {
        return Ok(to);
    }
    let to = shown(from, headers).unwrap_or_default();
    Err(RequestFailure::refused(format!(
        "it redirects to another origin ({to}), which is not followed; if that is right, make it the `url`"
    )))
}

/// What is told of a redirect that would make another request of ours (RFC 9110, section 15.4.3);
/// `None` if it is none.
pub(super) fn unfollowed(from: &Uri, status: StatusCode, headers: &HeaderMap) -> Option<String> {
    let to = status.is_redirection().then(|| shown(from, headers))??;
    Some(format!(
        "HTTP status {status}: it points to {to}; if the server is there, make it the `url`"
    ))
}

/// The address that a response names, fit for a line. What follows the path may be a secret.
fn shown(from: &Uri, headers: &HeaderMap) -> Option<String> {
    let location = String::from_utf8_lossy(headers.get(LOCATION)?.as_bytes());
    let to = match Url::parse(&from.to_string()).and_then(|from| from.join(&location)) {
        Ok(mut to) => {
            to.set_query(None);
            to.set_fragment(None);
            // An address without a host has neither.
            _ = to.set_username("");
            _ = to.set_password(None);
            String::from(to)
        }
        Err(_) => location.split(['?', '#']).next().unwrap_or_default().to_owned(),
    };
    Some(visible::line(&clip::clipped(&to, SHOWN_MAX)).into_owned())
}

#[cfg(test)]
mod tests;
