use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use rustix::io::Errno;

use super::{TcpSocket, Unowned, can_be_asked, owner_of_server, read};

/// A connection: the client's end, the server's, and the listener.
fn connect(bound: &str, dialled: &str) -> Option<(TcpStream, TcpStream, TcpListener)> {
    let listener = TcpListener::bind(bound).ok()?;
    let port = listener.local_addr().unwrap().port();
    let client = TcpStream::connect((dialled, port)).unwrap();
    let (server, _) = listener.accept().unwrap();
    Some((client, server, listener))
}

/// The client's end as the server sees its addresses.
fn client_of(server: &TcpStream) -> Result<TcpSocket, Unowned> {
    TcpSocket::established(server.peer_addr().unwrap(), server.local_addr().unwrap())
}

fn own_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// As root a test can give a socket to another user; otherwise it says that it cannot.
pub(crate) fn give_away(socket: impl std::os::fd::AsFd, uid: u32) -> bool {
    let given = std::os::unix::fs::fchown(socket, Some(uid), None).is_ok();
    if !given {
        skipped("only root can give a socket to another user");
    }
    given
}

/// Said past the harness, which keeps what a test prints that passes.
fn skipped(why: &str) {
    std::io::stderr().write_all(format!("SKIPPED: {why}\n").as_bytes()).unwrap();
}

#[test]
fn the_kernel_knows_who_connected_over_either_family() {
    let ways = [
        ("127.0.0.1:0", "127.0.0.1"),
        ("[::1]:0", "::1"),
        // An IPv4 client of a socket of the other family, and the reverse.
        ("[::ffff:127.0.0.1]:0", "127.0.0.1"),
        ("127.0.0.1:0", "::ffff:127.0.0.1"),
        ("[::ffff:127.0.0.1]:0", "::ffff:127.0.0.1"),
    ];
    for (bound, dialled) in ways {
        let Some((client, server, _listener)) = connect(bound, dialled) else {
            skipped(&format!("{bound} cannot be bound here"));
            continue;
        };
        let found = client_of(&server).unwrap();
        assert_eq!(found.uid(), own_uid(), "{bound} {dialled}");
        let (own, peer) = (server.peer_addr().unwrap(), server.local_addr().unwrap());
        assert!(found.is_still(own, peer).is_ok(), "{bound} {dialled}");
        if give_away(&client, 4711) {
            assert_eq!(client_of(&server).unwrap().uid(), 4711, "{bound} {dialled}");
            assert!(found.is_still(own, peer).is_err(), "it has changed hands");
        }
    }
}

#[test]
fn whoever_is_gone_has_no_owner() {
    let (client, server, _listener) = connect("127.0.0.1:0", "127.0.0.1").unwrap();
    let found = client_of(&server).unwrap();
    let (own, peer) = (server.peer_addr().unwrap(), server.local_addr().unwrap());
    client.shutdown(Shutdown::Write).unwrap();
    assert!(matches!(client_of(&server), Err(Unowned::Gone)), "half closed");
    assert!(matches!(found.is_still(own, peer), Err(Unowned::Gone)));
    drop(client);
    assert!(matches!(client_of(&server), Err(Unowned::Gone)), "closed");
    drop(server);
    assert!(matches!(TcpSocket::established(own, peer), Err(Unowned::Gone)), "TIME_WAIT");
    let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
    assert!(matches!(TcpSocket::established(nobody, peer), Err(Unowned::Gone)), "never there");
    // A listener is found where no connection is, and is none.
    assert!(matches!(TcpSocket::established(peer, nobody), Err(Unowned::Gone)), "a listener");
}

#[test]
fn another_connection_between_the_same_addresses_is_another_socket() {
    let (client, server, listener) = connect("127.0.0.1:0", "127.0.0.1").unwrap();
    let found = client_of(&server).unwrap();
    let (own, peer) = (server.peer_addr().unwrap(), server.local_addr().unwrap());
    // Both ends vanish without a trace, so that the addresses are free at once.
    for end in [client, server] {
        rustix::net::sockopt::set_socket_linger(&end, Some(std::time::Duration::ZERO)).unwrap();
    }
    let again = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    rustix::net::sockopt::set_socket_reuseaddr(&again, true).unwrap();
    // A program that has just been forked holds both ends until execve(2).
    let once_free = |step: &dyn Fn() -> rustix::io::Result<()>| loop {
        match step() {
            Err(Errno::ADDRINUSE | Errno::ADDRNOTAVAIL) => std::thread::yield_now(),
            done => break done.unwrap(),
        }
    };
    once_free(&|| rustix::net::bind(&again, &own));
    once_free(&|| rustix::net::connect(&again, &peer));
    let (_server, _) = listener.accept().unwrap();
    assert!(TcpSocket::established(own, peer).is_ok());
    assert!(matches!(found.is_still(own, peer), Err(Unowned::Gone)));
}

#[test]
fn the_owner_of_a_port_is_known_before_and_after_it_accepts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    assert!(can_be_asked(server).is_ok());
    let stream = TcpStream::connect(server).unwrap();
    let client = stream.local_addr().unwrap();
    assert_eq!(owner_of_server(server, client).unwrap(), own_uid(), "nobody has accepted it");
    let given = give_away(&listener, 4711);
    if given {
        assert_eq!(owner_of_server(server, client).unwrap(), 4711, "the listener's");
    }
    let (accepted, _) = listener.accept().unwrap();
    assert_eq!(owner_of_server(server, client).unwrap(), own_uid(), "whoever accepted it has it");
    if given {
        give_away(&accepted, 4712);
        assert_eq!(owner_of_server(server, client).unwrap(), 4712);
    }
    drop((accepted, listener));
    assert!(matches!(owner_of_server(server, client), Err(Unowned::Gone)));
}

#[test]
fn what_is_no_answer_is_refused() {
    assert!(read(&[]).is_err());
    assert!(read(&[0; 15]).is_err());
    for length in [0_u32, 4, 16, 87, 1000] {
        let mut message = vec![0_u8; 88];
        message[..4].copy_from_slice(&length.to_ne_bytes());
        message[4] = 20;
        assert!(read(&message).is_err(), "{length}");
    }
}
