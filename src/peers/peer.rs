//! Who is at the other end of a local connection, by the kernel's word.

use std::net::{IpAddr, SocketAddr};

use super::forwarded::Untold;
use super::tcp_owner::{TcpSocket, Unowned};
use crate::base::Principal;
use crate::base::peer_facts::SharedPeer;

/// Why a connection is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("user {0} may not use this daemon; each user has one of their own")]
    OtherUser(u32),
    #[error("it was gone before it was let in, or could not be heard to its end")]
    Gone,
    #[error("it runs in the sandbox of the server {0}, which may not call other servers")]
    Sandboxed(String),
    #[error("who it is is not known: {0}; over the unix socket it is")]
    Unknown(String),
    #[error("{0} is in no network of `access.networks.allow`")]
    Elsewhere(IpAddr),
    #[error("where its client is cannot be known, and `access.networks.allow` is about that: {0}")]
    Untold(#[from] Untold),
    #[error(
        "{0} is no proxy of `access.networks.trusted_proxies`, and without TLS nobody else may come"
    )]
    PastProxy(IpAddr),
    #[error(
        "without TLS nobody may come from other machines but through a proxy (`http.behind_proxy`)"
    )]
    Plain,
    #[error(
        "nobody is known there but by a token, and there is none; `callmux token new NAME` makes one"
    )]
    NoProofs,
    #[error(
        "a proxy sent it on, and whoever comes through that would be taken for the proxy's own user; set `http.behind_proxy = true`, and give each client a token"
    )]
    SentOn,
    #[error("it was let in before the config told of a proxy; connect again, with a token")]
    Outdated,
    #[error("no connection over TLS came about: {0}")]
    Tls(String),
}

impl Refusal {
    /// Its kind in one word, as facts name it.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::OtherUser(_) => "other_user",
            Self::Gone => "gone",
            Self::Sandboxed(_) => "sandboxed",
            Self::Unknown(_) => "unknown",
            Self::Elsewhere(_) | Self::Untold(_) => "network",
            Self::PastProxy(_) | Self::Plain => "plain",
            Self::NoProofs => "no_proofs",
            Self::SentOn | Self::Outdated => "sent_on",
            Self::Tls(_) => "tls",
        }
    }
}

impl From<Unowned> for Refusal {
    fn from(unowned: Unowned) -> Self {
        match unowned {
            Unowned::Gone => Self::Gone,
            Unowned::Unanswered(error) => Self::Unknown(error.to_string()),
        }
    }
}

/// Over a unix socket only the daemon's own user may call, and root, who could reach everything of
/// theirs without us.
pub fn admit(uid: u32) -> Result<Principal, Refusal> {
    if uid == own() || uid == 0 { Ok(Principal::user(uid)) } else { Err(Refusal::OtherUser(uid)) }
}

/// The process at the other end of a connection, where the kernel tells.
#[derive(Debug, Clone)]
pub struct AtOtherEnd(pub Option<SharedPeer>);

/// The client of a loopback TCP connection, as the kernel knew it when it was let in.
#[derive(Debug, Clone, Copy)]
pub struct TcpClient {
    client: SocketAddr,
    ours: SocketAddr,
    socket: TcpSocket,
}

impl TcpClient {
    /// Lets in the client of a connection that was just accepted, if it is the daemon's own user.
    /// Over TCP root is a stranger like any other: sockets whose owner is gone show its number.
    ///
    /// The socket that is found is the client of this connection and no later one that got its
    /// addresses: as long as our end holds them, no other connection with them can be established.
    /// So our end is looked at afterwards; `is_connected` says whether it still has a peer.
    pub fn admit(
        client: SocketAddr,
        ours: SocketAddr,
        is_connected: impl FnOnce() -> bool,
    ) -> Result<(Principal, Self), Refusal> {
        let socket = TcpSocket::established(client, ours)?;
        if !is_connected() {
            return Err(Refusal::Gone);
        }
        let uid = socket.uid();
        if uid != own() {
            return Err(Refusal::OtherUser(uid));
        }
        Ok((Principal::user(uid), Self { client, ours, socket }))
    }

    /// The control group that it was made in, where the kernel tells.
    pub fn group(&self) -> Option<u64> {
        self.socket.cgroup
    }

    /// Whether the client is still there. Asked for the very socket that was let in, so that nobody
    /// else can be taken for it.
    pub fn check_again(&self) -> Result<(), Refusal> {
        Ok(self.socket.is_still(self.client, self.ours)?)
    }
}

fn own() -> u32 {
    rustix::process::getuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::{Refusal, TcpClient, admit, own};
    use crate::peers::tcp_owner::tests::give_away;
    use std::net::{Shutdown, TcpListener, TcpStream};

    fn let_in(listener: &TcpListener) -> Result<TcpClient, Refusal> {
        let (server, remote) = listener.accept().unwrap();
        let ours = server.local_addr().unwrap();
        let admitted = TcpClient::admit(remote, ours, || server.peer_addr().is_ok());
        // Its connection stays open while the test looks at it.
        std::mem::forget(server);
        admitted.map(|(_, client)| client)
    }

    #[test]
    fn a_client_that_is_gone_before_it_is_accepted_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connect = || TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        drop(connect());
        assert!(matches!(let_in(&listener), Err(Refusal::Gone)), "closed");
        let half = connect();
        half.shutdown(Shutdown::Write).unwrap();
        assert!(matches!(let_in(&listener), Err(Refusal::Gone)), "half closed");
        let abrupt = connect();
        rustix::net::sockopt::set_socket_linger(&abrupt, Some(std::time::Duration::ZERO)).unwrap();
        drop(abrupt);
        assert!(matches!(let_in(&listener), Err(Refusal::Gone)), "reset");
    }

    #[test]
    fn a_client_that_leaves_after_it_was_let_in_is_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let admitted = let_in(&listener).unwrap();
        assert!(admitted.check_again().is_ok());
        drop(client);
        assert!(matches!(admitted.check_again(), Err(Refusal::Gone)));
    }

    #[test]
    fn other_users_are_refused() {
        assert!(admit(own()).is_ok() && admit(0).is_ok());
        assert!(admit(own() + 1).unwrap_err().to_string().contains("may not use"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        if give_away(&client, own() + 1) {
            let refused = let_in(&listener);
            assert!(matches!(refused, Err(Refusal::OtherUser(uid)) if uid == own() + 1));
        }
    }
}
