//! What every request must pass before anything of it is read.

use axum::http::{HeaderMap, header as names};

use super::{Front, Peer};
use crate::access::HostRules;
use crate::access::host::Refused;

/// Host and Origin (see [`crate::access::host`]).
pub(super) fn check(front: &Front, peer: &Peer, request: &HeaderMap) -> Result<(), Refused> {
    let world = front.hub.world();
    let http = &world.config.http;
    let rules = HostRules { hosts: &http.allowed_hosts, origins: &http.allowed_origins };
    // A value that is no text equals no allowed one.
    let origin = request.get(names::ORIGIN).map(|value| value.to_str().unwrap_or("?"));
    if peer.is_unix {
        return rules.check_unix(origin);
    }
    let mut hosts = request.get_all(names::HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none());
    rules.check(host.and_then(|host| host.to_str().ok()), origin)
}
