//! Who is let in, as far as a connection tells before anything of it is read.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::net::{TcpStream, UnixStream};

use super::Front;
use super::http::{Arrival, Peer, refused};
use crate::peers::peer::{self, Refusal, TcpClient};
use crate::peers::process::PeerProcess;
use crate::settings::network::is_near;

pub(super) fn unix(front: &Front, stream: &UnixStream) -> Result<Peer, Refusal> {
    let peer = stream.peer_cred().map_err(|_| Refusal::Gone)?;
    let proved = Some(peer::admit(peer.uid())?);
    let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0);
    let is_asked_for = front.hub.world().gate.asks_for_peers();
    let process = pid.map(|pid| PeerProcess::of(stream, pid, is_asked_for));
    Ok(Peer { proved, address: None, arrival: Arrival::Unix, process, tcp: None })
}

/// At a loopback address.
pub(super) fn near(front: &Front, stream: &TcpStream, remote: SocketAddr) -> Result<Peer, Refusal> {
    let local = stream.local_addr().map_err(|_| Refusal::Gone)?;
    let world = front.hub.world();
    if world.config.may_be_far(remote.ip()) {
        return far(front, stream, remote, false);
    }
    let (proved, tcp) = match TcpClient::admit(remote, local, || stream.peer_addr().is_ok()) {
        Ok((principal, client)) => {
            front.groups.check(client.group(), &world.config, Instant::now())?;
            (Some(principal), Some(client))
        }
        // Whoever is not known by the kernel's word may be by a token.
        Err(Refusal::OtherUser(_) | Refusal::Unknown(_)) if world.config.has_proofs() => {
            (None, None)
        }
        Err(refusal) => return Err(refusal),
    };
    // Without this an event waits 40 ms for the client's delayed acknowledgement.
    stream.set_nodelay(true).map_err(|_| Refusal::Gone)?;
    Ok(Peer { proved, address: Some(remote), arrival: Arrival::Near, process: None, tcp })
}

/// From another machine, or by the hand of a proxy: the kernel's word would be about somebody else. Whoever
/// is not let in is told nothing, and costs no handshake; the journal tells who that was, and why.
pub(super) fn far(
    front: &Front,
    stream: &TcpStream,
    remote: SocketAddr,
    is_tls: bool,
) -> Result<Peer, Refusal> {
    let world = front.hub.world();
    let (config, address) = (&world.config, remote.ip().to_canonical());
    let networks = &config.access.networks;
    // The config may be another than the one that let it be listened there.
    let local = stream.local_addr().map_err(|_| Refusal::Gone)?;
    if !is_tls && !is_near(local.ip()) {
        if !config.http.behind_proxy {
            return Err(Refusal::Plain);
        }
        if !networks.trusted_proxies.is_empty() && !networks.trust(address) {
            return Err(Refusal::PastProxy(address));
        }
    }
    // Of what a proxy sends, each request is looked at.
    if !networks.trust(address) && !networks.admit(address) {
        return Err(Refusal::Elsewhere(address));
    }
    if !config.has_proofs() {
        return Err(Refusal::NoProofs);
    }
    stream.set_nodelay(true).map_err(|_| Refusal::Gone)?;
    let arrival = Arrival::Far { is_secure: is_tls || config.http.behind_proxy };
    Ok(Peer { proved: None, address: Some(remote), arrival, process: None, tcp: None })
}

/// Tells who is not let in.
pub(super) fn told(
    front: &Front,
    who: Result<Peer, Refusal>,
    address: Option<SocketAddr>,
) -> Option<Peer> {
    who.map_err(|refusal| front.hub.recorder.record(refused(&refusal, address))).ok()
}
