//! What every request must pass before anything of it is done.

use axum::http::header::{self as names, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Request, StatusCode};

use super::asked::{TimedBody, is_too_large};
use super::peer::{Arrival, FORWARDED_FOR, Peer, refused};
use super::post;
use super::response::{Response, refusal, shut_out};
use super::visit;
use crate::front::Front;
use crate::peers::HostRules;
use crate::peers::forwarded;
use crate::peers::host::Refused;
use crate::peers::peer::Refusal;
use crate::settings::{Config, Networks};
use crate::wire::RpcError;
use crate::wire::error::code::INVALID_REQUEST;

/// Host and Origin (see [`crate::peers::host`]), and how large the body says that it is.
#[expect(clippy::result_large_err, reason = "the error is the response, and is sent at once")]
pub(super) fn check(
    front: &Front,
    peer: &Peer,
    request: &Request<TimedBody>,
) -> Result<(), Response> {
    let world = front.hub.world();
    let http = &world.config.http;
    let let_in = match peer.arrival {
        Arrival::Unix => Ok(()),
        Arrival::Near => still_near(&world.config, peer),
        Arrival::Far { .. } => come_from(&world.config.access.networks, peer, request.headers()),
    };
    if let Err(refusal) = let_in {
        front.hub.recorder.record(refused(&refusal, peer.address));
        return Err(shut_out(&refusal));
    }
    let is_secure = matches!(peer.arrival, Arrival::Far { is_secure: true });
    let rules = HostRules { hosts: &http.allowed_hosts, origins: &http.allowed_origins, is_secure };
    // Refused with 403 (2025-11-25, "Security Warning").
    if let Err(refused) = who_is_asked(rules, peer, request) {
        if visit::is_meant(request.uri().path()) {
            let cause = if refused == Refused::Host { "ui_host" } else { "ui_origin" };
            front.dashboard.refuse(visit::came_by(peer), cause, &refused.to_string());
        }
        let error = RpcError::new(INVALID_REQUEST, refused.to_string());
        return Err(refusal(StatusCode::FORBIDDEN, &error));
    }
    if is_too_large(request.body(), http.max_body) {
        return Err(post::too_large(http.max_body));
    }
    Ok(())
}

/// Whether the kernel's word is still what counts: the config may tell of a proxy since this connection
/// began. Who connects again is known by a token.
fn still_near(config: &Config, peer: &Peer) -> Result<(), Refusal> {
    let is_far = peer.address.is_some_and(|address| config.may_be_far(address.ip()));
    if is_far { Err(Refusal::Outdated) } else { Ok(()) }
}

/// Asked of each request: a proxy sends those of many clients over one connection, and networks may be
/// others than they were when that began.
fn come_from(networks: &Networks, peer: &Peer, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(address) = peer.address.map(|address| address.ip()) else { return Ok(()) };
    if networks.allow.is_none() {
        return Ok(());
    }
    let said = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
    let client = forwarded::client(networks, address, said)?;
    if networks.admit(client) { Ok(()) } else { Err(Refusal::Elsewhere(client.to_canonical())) }
}

fn who_is_asked(
    rules: HostRules,
    peer: &Peer,
    request: &Request<TimedBody>,
) -> Result<(), Refused> {
    let [host, origin] = [names::HOST, names::ORIGIN].map(|name| the_only(request, name));
    if peer.arrival == Arrival::Unix {
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
