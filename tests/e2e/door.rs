//! What comes to the daemon's sockets and is not to get further, or not for long.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit, setrlimit};
use serde_json::{Value, json};

use crate::support::{Daemon, Http, Lines, PATIENCE, Sandbox, skipped, until};

const COUNTER: [(&str, &[&str]); 1] = [("counter", &[callmux_path(), "example-server", "counter"])];
/// What the daemon keeps at the most of each kind.
const LINKS_MAX: usize = 4096;

const fn callmux_path() -> &'static str {
    env!("CARGO_BIN_EXE_callmux")
}

/// A call that counts, with a request behind it that keeps the connection busy.
fn attack(address: &str) -> String {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"counter__increment","arguments":{}}}"#;
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Mcp-Session-Id: {}\r\nContent-Length: {}\r\n\r\n{body}GET /health HTTP/1.1\r\nHost: {address}\r\n\r\n",
        "5".repeat(32),
        body.len(),
    )
}

/// What is seen without asking for details.
fn is_loud(fact: &Value) -> bool {
    fact["level"] == "warning"
}

fn counted(daemon: &Daemon) -> Value {
    let mut client = Http::tcp(daemon).legacy(&json!({}));
    client.call("counter__value", &json!({})).json()["result"]["structuredContent"]["value"].take()
}

#[test]
fn nothing_is_done_for_a_client_that_is_gone_before_it_is_accepted() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    // It accepts only when all of them are gone.
    daemon.signal(Signal::STOP);
    for n in 0..50 {
        let mut client = TcpStream::connect(&daemon.address).unwrap();
        client.write_all(attack(&daemon.address).as_bytes()).unwrap();
        if n % 2 == 0 {
            // Half gone, and then gone.
            client.shutdown(Shutdown::Write).unwrap();
        }
    }
    let mut half = TcpStream::connect(&daemon.address).unwrap();
    half.write_all(attack(&daemon.address).as_bytes()).unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    daemon.signal(Signal::CONT);
    half.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = Vec::new();
    // It is closed or reset; nothing is said.
    drop(half.read_to_end(&mut heard));
    assert_eq!(String::from_utf8_lossy(&heard), "");
    assert_eq!(counted(&daemon), 0);
    daemon.wait_for("peer_refused", |fact| fact["cause"] == "gone");
    // They came before the one that counted.
    daemon.expect_count("peer_refused", 3, is_loud);
}

/// A connection that belongs to another user; `None` where only root could have one made.
pub fn foreign(address: &str) -> Option<TcpStream> {
    let socket: OwnedFd =
        rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    std::os::unix::fs::fchown(&socket, Some(4711), None).ok()?;
    rustix::net::connect(&socket, &address.parse::<SocketAddr>().unwrap()).unwrap();
    Some(TcpStream::from(socket))
}

#[test]
fn nothing_is_done_for_another_user_over_tcp() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    for _ in 0..100 {
        let Some(mut client) = foreign(&daemon.address) else {
            return skipped("only root can give a socket to another user");
        };
        drop(client.write_all(attack(&daemon.address).as_bytes()));
    }
    assert_eq!(counted(&daemon), 0);
    let mut staying = foreign(&daemon.address).unwrap();
    drop(staying.write_all(attack(&daemon.address).as_bytes()));
    staying.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = Vec::new();
    drop(staying.read_to_end(&mut heard));
    assert_eq!(String::from_utf8_lossy(&heard), "");
    assert_eq!(counted(&daemon), 0);
    daemon.wait_for_count("peer_refused", 1, is_loud);
    let told = daemon.count("peer_refused", is_loud);
    assert!((1..=6).contains(&told), "three of each cause at the most: {told}");
}

#[test]
fn a_bridge_says_nothing_to_a_port_of_another_user() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    if std::os::unix::fs::fchown(&listener, Some(4711), None).is_err() {
        return skipped("only root can give a socket to another user");
    }
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    let url = format!("http://{}", listener.local_addr().unwrap());
    command.args(["bridge", "--url", &url, "--wait", "1s"]);
    let mut bridge = Lines::start(command);
    bridge.greet(&json!({}));
    let answer = bridge.call("some__tool", &json!({})).to_string();
    assert!(answer.contains("belongs to user 4711 and not to you"), "{answer}");
    // It has dialled, and hung up without a word.
    let mut heard = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut heard).unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), "");
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    let endpoints = ["/mcp", "/messages?sessionId=x", "/api/v1/reload", "/health", "/nowhere"];
    for path in endpoints {
        for mut http in [Http::tcp(&daemon), Http::unix(&daemon)] {
            let headers = [
                format!("Host: {}", daemon.address),
                "Content-Type: application/json".to_owned(),
                "Content-Length: 50000000".to_owned(),
                "Expect: 100-continue".to_owned(),
            ];
            http.send_raw(&format!("POST {path} HTTP/1.1"), &headers, b"");
            let reply = http.read();
            assert_eq!(reply.status, 413, "{path}: {reply:?}");
            assert!(reply.body.contains("http.max_body"), "{path}: {}", reply.body);
        }
    }
}

#[test]
fn who_sends_far_too_much_reads_why_it_was_refused() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    let mib = vec![b'x'; 1 << 20];
    let chunk = [b"100000\r\n".as_slice(), &mib, b"\r\n"].concat();
    let ways =
        [("Content-Length: 52428800", &mib, 413), ("Transfer-Encoding: chunked", &chunk, 413)];
    for (length, piece, status) in ways {
        for unix in [false, true] {
            let mut http = if unix { Http::unix(&daemon) } else { Http::tcp(&daemon) };
            let headers = [
                format!("Host: {}", daemon.address),
                "Content-Type: application/json".to_owned(),
                length.to_owned(),
            ];
            http.send_raw("POST /mcp HTTP/1.1", &headers, b"");
            // All of it is sent, as simple clients do, before anything is read.
            for _ in 0..50 {
                http.send_rest(piece);
            }
            assert_eq!(http.read().status, status, "{length}, unix: {unix}");
        }
    }
    // What is refused for another reason, by us or by the HTTP library, is no different.
    let mut http = Http::tcp(&daemon);
    let headers = ["Host: evil.com".to_owned(), "Content-Length: 3000000".to_owned()];
    http.send_raw("POST /mcp HTTP/1.1", &headers, &mib);
    http.send_rest(&mib);
    assert_eq!(http.read().status, 403);
    let mut http = Http::tcp(&daemon);
    http.send_raw("GET /health HTTP/1.1", &[format!("X: {}", "x".repeat(4_000_000))], b"");
    assert_eq!(http.read().status, 431);
}

#[test]
fn head_does_nothing() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    let client = Http::tcp(&daemon).legacy(&json!({}));
    let mut listening = Http::tcp(&daemon);
    listening.session.clone_from(&client.session);
    listening.start_bare("GET", "/mcp", &[]);
    assert_eq!(listening.read_head().status, 200);
    assert!(listening.read_chunk().unwrap().starts_with("id: "));
    let upgrade = protocol(&daemon);
    let upgrades: [(&str, &str); 2] = [("Connection", "upgrade"), ("Upgrade", &upgrade)];
    let status = |path: &str, more: &[(&str, &str)]| {
        let mut http = Http::tcp(&daemon);
        http.session.clone_from(&client.session);
        http.start_bare("HEAD", path, more);
        let head = http.read_head();
        (head.status, head.header("allow").unwrap_or_default().to_owned())
    };
    assert_eq!(status("/mcp", &[]), (405, "GET, POST, DELETE".to_owned()));
    assert_eq!(status("/sse", &[]), (405, "GET".to_owned()));
    assert_eq!(status("/link", &upgrades), (405, "GET".to_owned()));
    assert_eq!(status("/health", &[]).0, 200, "a look at what changes nothing");
    assert_eq!(status("/ready", &[]).0, 200);
    // The stream goes on: the next one to open it ends it, as its last event.
    let mut next = Http::tcp(&daemon);
    next.session.clone_from(&client.session);
    next.start_bare("GET", "/mcp", &[]);
    assert_eq!(next.read_head().status, 200);
    assert_eq!(listening.read_chunk(), None);
    daemon.expect_count("session_opened", 1, |_| true);
}

#[test]
fn what_an_endpoint_takes_is_told_as_it_is() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    for (method, path, expected) in [
        ("PUT", "/mcp", "GET, POST, DELETE"),
        ("OPTIONS", "/mcp/", "GET, POST, DELETE"),
        ("POST", "/sse", "GET"),
        ("PUT", "/link", "GET"),
        ("GET", "/messages", "POST"),
        ("DELETE", "/health", "GET,HEAD"),
    ] {
        let mut http = Http::tcp(&daemon);
        http.start_bare(method, path, &[]);
        let head = http.read_head();
        let allowed = head.header("allow");
        assert_eq!((head.status, allowed), (405, Some(expected)), "{method} {path}");
    }
}

#[test]
fn an_endpoint_with_a_slash_at_its_end_is_the_same() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let reply = client.post_to("/mcp/", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, &[]);
    assert_eq!((reply.status, &reply.json()["result"]), (200, &json!({})));
    assert_eq!(client.bare("DELETE", "/mcp/", &[]).status, 204);
    assert_eq!(Http::tcp(&daemon).bare("GET", "/health/", &[]).status, 200);
    for path in ["/mcp//", "/", "//", "/mcpx/"] {
        assert_eq!(Http::tcp(&daemon).bare("GET", path, &[]).status, 404, "{path}");
    }
}

#[test]
fn a_request_names_one_host_and_it_is_ours() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    let own = format!("Host: {}", daemon.address);
    let check = |target: &str, headers: &[&str], status: u16| {
        let mut http = Http::tcp(&daemon);
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        http.send_raw(&format!("GET {target} HTTP/1.1"), &headers, b"");
        assert_eq!(http.read().status, status, "{target} {headers:?}");
    };
    let absolute = |host: &str| format!("http://{host}/health");
    check("/health", &[&own], 200);
    check(&absolute(&daemon.address), &[&own], 200);
    check(&absolute("localhost"), &[&own], 200);
    for evil in ["evil.com", "localhost.evil.com", "localhost@evil.com", "evil.com:80"] {
        check(&absolute(evil), &[&own], 403);
        check(&absolute(&daemon.address), &[&format!("Host: {evil}")], 403);
    }
    check(&absolute(&daemon.address), &[], 403);
    check("/health", &[&own, &own], 403);
    check("/health", &[&own, "Host: evil.com"], 403);
    let origin = format!("Origin: http://{}", daemon.address);
    check("/health", &[&own, &origin], 200);
    check("/health", &[&own, &origin, "Origin: http://evil.com"], 403);
    check(&absolute("localhost"), &[&own, "Origin: http://localhost"], 200);
    let mut unix = Http::unix(&daemon);
    unix.send_raw("GET /health HTTP/1.1", &["Host: a".to_owned(), "Host: b".to_owned()], b"");
    assert_eq!(unix.read().status, 403);
}

#[test]
fn idle_connections_give_way_and_servers_can_still_be_started() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    let pid = Pid::from_raw(i32::try_from(daemon.pid()).unwrap());
    let few = Some(160);
    prlimit(pid, Resource::Nofile, Rlimit { current: few, maximum: few }).unwrap();
    // One of them listens, so it is not idle.
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let mut listening = Http::tcp(&daemon);
    listening.session.clone_from(&client.session);
    listening.start_bare("GET", "/mcp", &[]);
    assert_eq!(listening.read_head().status, 200);
    let mut first = UnixStream::connect(&daemon.socket).unwrap();
    let idle: Vec<UnixStream> =
        (0..400).map(|_| UnixStream::connect(&daemon.socket).unwrap()).collect();
    first.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(first.read(&mut [0]).unwrap(), 0, "the oldest is closed");
    daemon.wait_for("cap_reached", |fact| fact["cap"] == "connection");
    // Whoever comes is served, a server that ends is started again, and who listens still does.
    let before = daemon.server_pid("counter");
    let server = Pid::from_raw(i32::try_from(before).unwrap()).unwrap();
    rustix::process::kill_process(server, Signal::KILL).unwrap();
    until("the server's successor", || (daemon.server_pid("counter") != before).then_some(()));
    until("its tools", || {
        let mut http = Http::unix(&daemon).legacy(&json!({}));
        let answer = http.call("counter__increment", &json!({})).json();
        answer["result"]["structuredContent"]["value"].is_number().then_some(())
    });
    client = Http::tcp(&daemon);
    client.session.clone_from(&listening.session);
    assert_eq!(client.request("ping", &json!({})).status, 200);
    client.start_bare("GET", "/mcp", &[]);
    assert_eq!(client.read_head().status, 200);
    let mut ended = String::new();
    while let Some(chunk) = listening.read_chunk() {
        ended += &chunk;
    }
    assert!(ended.starts_with("id: "), "only now it ends: {ended}");
    assert!(daemon.descriptors() < 160);
    daemon.expect_count("cap_reached", 3, is_loud);
    drop(idle);
}

/// What the daemon and its bridges speak.
fn protocol(daemon: &Daemon) -> String {
    let reply = Http::unix(daemon).bare("GET", "/link", &[]);
    assert_eq!(reply.status, 426);
    reply.header("upgrade").unwrap().to_owned()
}

/// A link as a bridge opens it; the first bytes of the answer.
fn link(daemon: &Daemon, protocol: &str, number: usize) -> (UnixStream, String) {
    let mut stream = UnixStream::connect(&daemon.socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let hello = json!({ "link": format!("{number:032x}"), "epoch": 1, "seen": 0, "cwd": "/", "version": "0" });
    let hello = hello.to_string();
    let length = u32::try_from(17 + hello.len()).unwrap();
    let mut bytes = format!(
        "GET /link HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: {protocol}\r\n\r\n"
    )
    .into_bytes();
    bytes.extend(length.to_le_bytes());
    bytes.push(1);
    bytes.extend([0; 16]);
    bytes.extend(hello.as_bytes());
    stream.write_all(&bytes).unwrap();
    // The welcome, or the whole refusal.
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !String::from_utf8_lossy(&answer).contains("\"resumed\"")
        && !String::from_utf8_lossy(&answer).contains("links are in use")
    {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
    (stream, String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn killed_bridges_give_way_to_new_ones_and_bridges_that_live_do_not() {
    let all = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: all.maximum, ..all }).unwrap();
    if all.maximum.is_some_and(|maximum| maximum < 3 * LINKS_MAX as u64) {
        return skipped("too few descriptors for as many links as there may be");
    }
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &COUNTER);
    let protocol = protocol(&daemon);
    let mut links: Vec<UnixStream> = Vec::new();
    for number in 1..=LINKS_MAX {
        let (stream, answer) = link(&daemon, &protocol, number);
        assert!(answer.starts_with("HTTP/1.1 101"), "{number}: {answer}");
        links.push(stream);
    }
    let (_, answer) = link(&daemon, &protocol, LINKS_MAX + 1);
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("all 4096 links are in use"), "{answer}");
    daemon.wait_for("cap_reached", |fact| fact["message"].to_string().contains("was refused"));
    // Two are killed, the second one first.
    for place in [1, 0] {
        drop(links.remove(place));
        let lost = 2 - place;
        until("the loss", || (daemon.count("link_lost", |_| true) == lost).then_some(()));
    }
    let mut bridge = Lines::bridge(&sandbox);
    let answer = bridge.call("counter__increment", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 1, "{answer}");
    daemon.wait_for("cap_reached", |fact| fact["message"].to_string().contains("gave way"));
    // The one that was lost first is forgotten, the other one is not.
    let resumed = |number| link(&daemon, &protocol, number).1.contains("\"resumed\":true");
    assert!(resumed(1));
    assert!(!resumed(2));
}
