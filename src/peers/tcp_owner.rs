//! Who owns a TCP socket of this machine, by the kernel's word (sock_diag(7)).
//!
//! TCP carries no credentials, but both ends of a loopback connection are sockets of this machine, and
//! the kernel says of each who owns it. It is asked about one socket by both of its addresses
//! (`inet_diag_req_v2` without `NLM_F_DUMP`), which costs a look into a hash table: some microseconds,
//! however many sockets there are. `/proc/net/tcp` costs a walk through all of that table.
//!
//! An answer means something only for a socket that is established and has an inode. One whose
//! program has closed it lives on in the kernel without either, and shows user 0. One that nobody has
//! accepted yet has no inode, and shows user 0, too.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// `SOCK_DIAG_BY_FAMILY` of linux/sock_diag.h.
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR` and `NLM_F_REQUEST` of linux/netlink.h.
const ERROR: u16 = 2;
const REQUEST: u16 = 1;
/// `INET_DIAG_CGROUP_ID` of linux/inet_diag.h.
const CGROUP_ID: u16 = 21;
/// The sizes of `nlmsghdr`, of what is asked behind it, and of what is answered there.
const HEADER: usize = 16;
const QUESTION: usize = HEADER + 56;
const ANSWER: usize = HEADER + 72;
/// Any socket, whichever its cookie (`INET_DIAG_NOCOOKIE`).
const ANY: u64 = u64::MAX;
/// Answers to earlier questions that are skipped at the most.
const STALE_MAX: usize = 8;

/// The states of tcp_states.h that matter here.
const ESTABLISHED: u8 = 1;
const LISTEN: u8 = 10;

/// What the kernel says about one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpSocket {
    state: u8,
    inode: u32,
    /// Its owner, in our user namespace. Means nothing without an inode.
    uid: u32,
    /// A number that no other socket has had since the machine was started.
    cookie: u64,
    /// The control group whose process made it, where the kernel tells (since Linux 5.7).
    pub cgroup: Option<u64>,
}

/// Why an owner is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unowned {
    /// It is not there, or its program has closed it or its sending half.
    #[error("the other end is gone")]
    Gone,
    #[error("the kernel does not say whose the other end is (NETLINK_SOCK_DIAG: {0})")]
    Unanswered(#[from] io::Error),
}

impl TcpSocket {
    /// The established socket whose own address is `own` and whose peer is `peer`.
    ///
    /// For the client's end of a connection that we accepted, `own` is the address of the client.
    pub fn established(own: SocketAddr, peer: SocketAddr) -> Result<Self, Unowned> {
        let found = ask(own, Some(peer), ANY)?.ok_or(Unowned::Gone)?;
        if found.is_held() { Ok(found) } else { Err(Unowned::Gone) }
    }

    /// Whether this very socket is still established and somebody's.
    pub fn is_still(self, own: SocketAddr, peer: SocketAddr) -> Result<(), Unowned> {
        let found = ask(own, Some(peer), self.cookie)?.ok_or(Unowned::Gone)?;
        if found.is_held() && found.uid == self.uid { Ok(()) } else { Err(Unowned::Gone) }
    }

    pub fn uid(self) -> u32 {
        self.uid
    }

    fn is_held(self) -> bool {
        self.state == ESTABLISHED && self.inode != 0
    }

    fn is_unaccepted(self) -> bool {
        self.state == ESTABLISHED && self.inode == 0
    }
}

/// The owner of the server's end of a connection that we opened, before anything is sent on it:
/// whoever accepted it, or will.
///
/// `server` and `client`: the addresses of the two ends. A connection that nobody has accepted yet
/// belongs to whoever listens. The listener is asked about between two questions about the
/// connection: if that still waits to be accepted after it, its listener was there all the time, for
/// a listener that goes takes its waiting connections with it; and no two users can listen at one
/// address.
pub fn owner_of_server(server: SocketAddr, client: SocketAddr) -> Result<u32, Unowned> {
    let connection = || ask(server, Some(client), ANY)?.ok_or(Unowned::Gone);
    let first = connection()?;
    if first.is_held() {
        return Ok(first.uid);
    }
    let listening =
        ask(server, None, ANY)?.filter(|found| found.state == LISTEN && found.inode != 0);
    let last = connection()?;
    match listening {
        _ if last.is_held() => Ok(last.uid),
        Some(listener) if first.is_unaccepted() && last == first => Ok(listener.uid),
        _ => Err(Unowned::Gone),
    }
}

/// Whether the kernel answers such questions at all: about the socket that listens at `address`.
pub fn can_be_asked(address: SocketAddr) -> Result<(), Unowned> {
    match ask(address, None, ANY)? {
        Some(found) if found.state == LISTEN => Ok(()),
        _ => Err(io::Error::from(io::ErrorKind::Unsupported).into()),
    }
}

/// Our end of the kernel's answers, and the number of the last question.
static KERNEL: Mutex<Option<(OwnedFd, u32)>> = Mutex::new(None);

/// Asks about one socket; `None` if there is none. Without `peer`: the one that listens.
fn ask(own: SocketAddr, peer: Option<SocketAddr>, cookie: u64) -> io::Result<Option<TcpSocket>> {
    let mut kernel = KERNEL.lock().unwrap_or_else(PoisonError::into_inner);
    let (socket, last) = match kernel.take() {
        Some(open) => open,
        None => (open()?, 0),
    };
    let number = last.wrapping_add(1);
    let answer = exchange(&socket, &question(number, own, peer, cookie), number);
    // After a failure nobody knows what still comes: the next question has a socket of its own.
    if answer.is_ok() {
        *kernel = Some((socket, number));
    }
    answer
}

/// A socket on which only the kernel is heard: it is connected to port 0 (netlink(7)).
fn open() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let protocol = Some(netlink::SOCK_DIAG);
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol)?;
    rustix::net::connect(&socket, &SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}

/// The kernel answers while it is asked: the answer is there when the question is sent, so nothing
/// waits.
fn exchange(socket: &OwnedFd, question: &[u8], number: u32) -> io::Result<Option<TcpSocket>> {
    rustix::net::send(socket, question, SendFlags::empty())?;
    let mut buffer = [0_u8; 1024];
    for _ in 0..STALE_MAX {
        let (_, length) = rustix::net::recv(socket, buffer.as_mut_slice(), RecvFlags::empty())?;
        let message = buffer.get(..length).unwrap_or(&buffer);
        if u32_at(message, 8) == Some(number) {
            return read(message);
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

fn question(number: u32, own: SocketAddr, peer: Option<SocketAddr>, cookie: u64) -> Vec<u8> {
    // A socket of the other family that is mapped to IPv4 is found by its IPv4 addresses, too.
    let (own_ip, peer_ip) = (own.ip().to_canonical(), peer.map(|peer| peer.ip().to_canonical()));
    let family = if own_ip.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let mut out = Vec::with_capacity(QUESTION);
    out.extend(u32::try_from(QUESTION).unwrap_or_default().to_ne_bytes());
    out.extend(BY_FAMILY.to_ne_bytes());
    out.extend(REQUEST.to_ne_bytes());
    out.extend(number.to_ne_bytes());
    // The kernel fills in who asks.
    out.extend(0_u32.to_ne_bytes());
    out.push(u8::try_from(family.as_raw()).unwrap_or_default());
    out.push(u8::try_from(libc::IPPROTO_TCP).unwrap_or_default());
    out.extend([0, 0]);
    // Every state; it does not limit exact questions, and is said for kernels to come.
    out.extend(u32::MAX.to_ne_bytes());
    out.extend(own.port().to_be_bytes());
    out.extend(peer.map_or(0, |peer| peer.port()).to_be_bytes());
    out.extend(sixteen(Some(own_ip)));
    out.extend(sixteen(peer_ip));
    out.extend(interface(own).to_ne_bytes());
    let [low, high] = [cookie & u64::from(u32::MAX), cookie >> 32];
    out.extend(
        [low, high].iter().flat_map(|half| u32::try_from(*half).unwrap_or_default().to_ne_bytes()),
    );
    out
}

/// The interface of a link-local address; 0 for any other.
fn interface(address: SocketAddr) -> u32 {
    match address {
        SocketAddr::V6(address) => address.scope_id(),
        SocketAddr::V4(_) => 0,
    }
}

/// An address in its 16 bytes, of which IPv4 takes the first four.
fn sixteen(ip: Option<IpAddr>) -> [u8; 16] {
    match ip {
        Some(IpAddr::V6(ip)) => ip.octets(),
        Some(IpAddr::V4(ip)) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&ip.octets());
            bytes
        }
        None => [0; 16],
    }
}

/// Reads `inet_diag_msg`, or the error that there is none.
fn read(message: &[u8]) -> io::Result<Option<TcpSocket>> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let length = u32_at(message, 0).and_then(|length| usize::try_from(length).ok());
    let message = message.get(..length.ok_or_else(malformed)?).ok_or_else(malformed)?;
    let kind = u16_at(message, 4).ok_or_else(malformed)?;
    if kind == ERROR {
        let code = u32_at(message, HEADER).map(u32::cast_signed).ok_or_else(malformed)?;
        return match Errno::from_raw_os_error(code.saturating_neg()) {
            // There may be another with these addresses, but not with this cookie.
            Errno::NOENT | Errno::STALE => Ok(None),
            error => Err(error.into()),
        };
    }
    if kind != BY_FAMILY || message.len() < ANSWER {
        return Err(malformed());
    }
    let at = |offset| u32_at(message, HEADER + offset).ok_or_else(malformed);
    let state = message[HEADER + 1];
    let cookie = u64::from(at(44)?) | u64::from(at(48)?) << 32;
    let cgroup = attribute(&message[ANSWER..], CGROUP_ID)
        .and_then(|value| Some(u64::from_ne_bytes(value.try_into().ok()?)));
    Ok(Some(TcpSocket { state, inode: at(68)?, uid: at(64)?, cookie, cgroup }))
}

/// The value of the first attribute of this kind (`rtattr` of rtnetlink(7)).
fn attribute(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (length, kind) = (usize::from(u16_at(rest, 0)?), u16_at(rest, 2)?);
        let value = rest.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(offset..offset + 2)?.try_into().ok()?))
}

#[cfg(test)]
pub mod tests;
