//! Who is at the other end of a local connection, by the kernel's word.

use std::net::{IpAddr, SocketAddr};

use super::principal::Principal;

/// Why a connection is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("user {0} may not use this daemon; each user has one of their own")]
    OtherUser(u32),
    #[error("the user of this connection cannot be determined")]
    Unknown,
}

/// Only the daemon's own user, and root, may call.
pub fn admit(uid: u32) -> Result<Principal, Refusal> {
    let own = rustix::process::getuid().as_raw();
    if uid == own || uid == 0 { Ok(Principal::User(uid)) } else { Err(Refusal::OtherUser(uid)) }
}

/// The user who owns the client end of a loopback TCP connection.
///
/// TCP carries no credentials, but both ends of a loopback connection are on this machine, so the
/// kernel's own table (proc_pid_net(5), `tcp` and `tcp6`) has the client's socket with its owner.
///
/// `local` and `remote` as the accepting side sees them.
pub fn owner_of_tcp_client(local: SocketAddr, remote: SocketAddr) -> Result<u32, Refusal> {
    let mapped = |address: SocketAddr| match address.ip() {
        IpAddr::V6(ip) => ip.to_ipv4_mapped().is_some(),
        IpAddr::V4(_) => false,
    };
    // A client that connects to an IPv4 address does so from either kind of socket.
    let files: &[&str] = match remote {
        SocketAddr::V4(_) => &["/proc/net/tcp", "/proc/net/tcp6"],
        SocketAddr::V6(_) if mapped(remote) => &["/proc/net/tcp", "/proc/net/tcp6"],
        SocketAddr::V6(_) => &["/proc/net/tcp6"],
    };
    for file in files {
        let table = std::fs::read_to_string(file).map_err(|_| Refusal::Unknown)?;
        if let Some(uid) = find_owner(&table, remote, local) {
            return Ok(uid);
        }
    }
    Err(Refusal::Unknown)
}

/// Looks up the socket whose own address is `own` and whose peer is `peer`.
fn find_owner(table: &str, own: SocketAddr, peer: SocketAddr) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (own_text, peer_text) = (fields.nth(1)?, fields.next()?);
        let matches = same(own_text, own) && same(peer_text, peer);
        // After both addresses: state, queues, timer, retransmits, then the owner.
        if matches { fields.nth(4)?.parse().ok() } else { None }
    })
}

/// Whether `text`, such as `0100007F:12FC`, is `address`. The kernel prints each 32-bit word of
/// the address in the machine's byte order.
fn same(text: &str, address: SocketAddr) -> bool {
    let Some((ip, port)) = text.split_once(':') else { return false };
    if u16::from_str_radix(port, 16) != Ok(address.port()) {
        return false;
    }
    let words: Option<Vec<u32>> = (0..ip.len() / 8)
        .map(|n| {
            u32::from_str_radix(&ip[n * 8..n * 8 + 8], 16)
                .ok()
                .map(|word| u32::from_be(word.to_be()))
        })
        .collect();
    let bytes: Vec<u8> =
        words.unwrap_or_default().iter().flat_map(|word| word.to_ne_bytes()).collect();
    let printed: IpAddr = match bytes.as_slice() {
        [a, b, c, d] => [*a, *b, *c, *d].into(),
        sixteen => match <[u8; 16]>::try_from(sixteen) {
            Ok(bytes) => bytes.into(),
            Err(_) => return false,
        },
    };
    printed.to_canonical() == address.ip().to_canonical()
}

#[cfg(test)]
mod tests {
    use super::{admit, find_owner, owner_of_tcp_client};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_kernel_knows_who_connected() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, remote) = listener.accept().unwrap();
            let uid = owner_of_tcp_client(server.local_addr().unwrap(), remote);
            assert_eq!(uid, Ok(rustix::process::getuid().as_raw()), "{address}");
        }
    }

    #[test]
    fn the_table_is_read_by_both_addresses() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n\
            0: 0100007F:12FC 0100007F:D431 01 00000000:00000000 00:00000000 00000000     7        0 1\n\
            1: 0100007F:D431 0100007F:12FC 01 00000000:00000000 00:00000000 00000000  1000        0 2\n";
        let at = |port: u16| format!("127.0.0.1:{port}").parse().unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(find_owner(table, at(0xd431), at(0x12fc)), Some(1000));
        }
        assert_eq!(find_owner(table, at(0xd431), at(1)), None);
    }

    #[test]
    fn other_users_are_refused() {
        let own = rustix::process::getuid().as_raw();
        assert!(admit(own).is_ok() && admit(0).is_ok());
        assert!(admit(own + 1).unwrap_err().to_string().contains("may not use"));
    }
}
