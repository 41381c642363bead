//! What every request must pass before anything of it is done.

use axum::http::header::{self as names, HeaderName};
use axum::http::{Request, StatusCode};

use super::asked::{TimedBody, is_too_large};
use super::peer::Peer;
use super::post;
use super::response::{Response, refusal};
use crate::access::HostRules;
use crate::access::host::Refused;
use crate::front::Front;
use crate::wire::RpcError;
use crate::wire::error::code::INVALID_REQUEST;

/// Host and Origin (see [`crate::access::host`]), and how large the body says that it is.
#[expect(clippy::result_large_err, reason = "the error is the response, and is sent at once")]
pub(super) fn check(
    front: &Front,
    peer: &Peer,
    request: &Request<TimedBody>,
) -> Result<(), Response> {
    let world = front.hub.world();
    let http = &world.config.http;
    let rules = HostRules { hosts: &http.allowed_hosts, origins: &http.allowed_origins };
    // Refused with 403 (2025-11-25, "Security Warning").
    if let Err(refused) = who_is_asked(rules, peer, request) {
        let error = RpcError::new(INVALID_REQUEST, refused.to_string());
        return Err(refusal(StatusCode::FORBIDDEN, &error));
    }
    if is_too_large(request.body(), http.max_body) {
        return Err(post::too_large(http.max_body));
    }
    Ok(())
}

fn who_is_asked(
    rules: HostRules,
    peer: &Peer,
    request: &Request<TimedBody>,
) -> Result<(), Refused> {
    let [host, origin] = [names::HOST, names::ORIGIN].map(|name| the_only(request, name));
    if peer.is_unix {
        // Whatever it says there, it says it once (RFC 9112, section 3.2).
        host.map_err(|()| Refused::Host)?;
        return rules.check_unix(origin.map_err(|()| Refused::Origin)?);
    }
    let origin = origin.map_err(|()| Refused::Origin)?;
    let host = host.map_err(|()| Refused::Host)?;
    // An absolute target names the host whatever the header says (RFC 9112, section 3.2.2).
    match request.uri().authority() {
        Some(authority) => {
            rules.check(host, None)?;
            rules.check(Some(authority.as_str()), origin)
        }
        None => rules.check(host, origin),
    }
}

/// The value of a header; an error if there are several. One that is no text equals no allowed one.
fn the_only(request: &Request<TimedBody>, name: HeaderName) -> Result<Option<&str>, ()> {
    let mut values = request.headers().get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(()),
        (first, _) => Ok(first.map(|value| value.to_str().unwrap_or("?"))),
    }
}
