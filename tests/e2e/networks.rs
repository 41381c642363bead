//! What other machines can reach: TLS, tokens, networks, proxies.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

use serde_json::{Value, json};

use crate::access::Holder;
use crate::support::http::Reply;
use crate::support::tls::Authority;
use crate::support::{Daemon, Http, Lines, PATIENCE, Sandbox, callmux, config, until};

const MAIN: &str = "config/callmux/config.toml";
const NAME: &str = "mux.example";
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

/// A sandbox with a server, a token and this of a config.
struct Place {
    sandbox: Sandbox,
    authority: Authority,
    token: String,
}

impl Place {
    fn new(more: &str) -> Self {
        let (sandbox, authority) = (Sandbox::new(), Authority::new("here"));
        let place = Self { sandbox, authority, token: String::new() };
        place.certify(&place.authority);
        place.configure("");
        let token = place.run(&["token", "new", "ci"]).0;
        place.configure(more);
        Self { token: token.trim().to_owned(), ..place }
    }

    /// Puts another certificate in the place of the first.
    fn certify(&self, authority: &Authority) {
        let (chain, key) = authority.pem(&[NAME, "localhost"]);
        self.sandbox.write("config/callmux/tls/key.pem", &key);
        self.sandbox.write("config/callmux/tls/cert.pem", &chain);
        let key = self.sandbox.path("config/callmux/tls/key.pem");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(key, private).unwrap();
    }

    fn configure(&self, more: &str) {
        let servers = config(&[("counter", &[callmux(), "example-server", "counter"])]);
        self.sandbox.write(MAIN, &format!("{servers}{more}"));
    }

    fn run(&self, words: &[&str]) -> (String, String, Option<i32>) {
        let output = self.sandbox.command().args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(&output.stdout), text(&output.stderr), output.status.code())
    }

    fn start(&self) -> Daemon {
        let daemon = Daemon::start(&self.sandbox);
        daemon.wait_for("server_ready", |_| true);
        daemon
    }

    /// A connection over TLS, to which that is proved.
    fn connect(&self, daemon: &Daemon) -> Http {
        let stream = self.authority.connect(&at(daemon, "https://"), NAME).unwrap();
        Http::over(stream, NAME, daemon)
    }
}

const TLS: &str = "[http]\nlisten = [\"https://127.0.0.1:0\"]\ntls_cert = \"tls/cert.pem\"\n\
                   tls_key = \"tls/key.pem\"\nallowed_hosts = [\"mux.example\"]\n";

/// Where it listens with this scheme and address.
fn at(daemon: &Daemon, beginning: &str) -> String {
    let fits = |fact: &Value| fact["address"].as_str().unwrap().starts_with(beginning);
    let address = daemon.wait_for("listening", fits)["address"].as_str().unwrap().to_owned();
    let port = address.rsplit_once(':').unwrap().1;
    format!("127.0.0.1:{port}")
}

/// What is answered to a modern request with these headers.
fn ask(http: &mut Http, headers: &[(&str, &str)]) -> Reply {
    http.post(LIST, headers)
}

#[test]
fn over_tls_whoever_has_a_token_is_served_and_nobody_else() {
    let place = Place::new(TLS);
    let daemon = place.start();
    let mut holder = Holder::new(place.connect(&daemon), &place.token);
    assert!(holder.call("counter__value", &json!({}))["result"].is_object());
    daemon.wait_for("call_finished", |fact| fact["principal"] == "token:ci");
    // The kernel knows us, and at this address that is not asked.
    let reply = ask(&mut place.connect(&daemon), &[]);
    assert_eq!(reply.status, 401, "{reply:?}");
    let reply = ask(&mut place.connect(&daemon), &[("Authorization", "Bearer cmx_wrong")]);
    assert_eq!(reply.status, 401, "{reply:?}");
    let proof = format!("Bearer {}", place.token);
    for (header, value, status) in [
        ("Host", "evil.example", 403),
        ("Origin", "http://mux.example", 403),
        ("Origin", "https://mux.example", 400),
    ] {
        let headers = [("Authorization", proof.as_str()), (header, value)];
        let reply = ask(&mut place.connect(&daemon), &headers);
        // Past the door it lacks a session.
        assert_eq!(reply.status, status, "{header}: {value}: {reply:?}");
        assert!(header != "Host" || reply.body.contains("http.allowed_hosts"), "{}", reply.body);
    }
    for (id, echoed) in [("a-1", Some("a-1")), ("a b", None), (&"x".repeat(129), None)] {
        let reply = ask(&mut place.connect(&daemon), &[("X-Request-Id", id)]);
        assert_eq!(reply.header("x-request-id"), echoed, "{id}");
    }
    // Who does not speak TLS is answered nothing of ours.
    let mut plain = TcpStream::connect(at(&daemon, "https://")).unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut heard = Vec::new();
    drop(plain.read_to_end(&mut heard));
    assert!(!String::from_utf8_lossy(&heard).contains("HTTP"), "{heard:?}");
    daemon.wait_for("peer_refused", |fact| fact["cause"] == "tls");
    // Beside it, all is as ever.
    Http::tcp(&daemon).legacy(&json!({}));
    Lines::bridge(&place.sandbox);
}

#[test]
fn over_tls_the_cookie_of_the_dashboard_is_for_tls_alone() {
    let place = Place::new(TLS);
    let daemon = place.start();
    let asked = Http::unix(&daemon).bare("POST", "/api/v1/dashboard/code", &[]);
    let code = asked.json()["code"].as_str().unwrap().to_owned();
    let own = ("Origin", "https://mux.example");
    let same = ("Sec-Fetch-Site", "same-origin");
    let body = json!({ "code": code }).to_string();
    // An origin without TLS is another one, and uses no code up.
    for foreign in ["http://mux.example", "https://mux.example:1"] {
        let headers = [("Origin", foreign), same];
        let reply = place.connect(&daemon).post_to("/ui/session", &body, &headers);
        assert_eq!(reply.status, 403, "{foreign}: {reply:?}");
    }
    let entered = place.connect(&daemon).post_to("/ui/session", &body, &[own, same]);
    assert_eq!(entered.status, 204, "{entered:?}");
    let set = entered.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let headers = [("Cookie", cookie), own, same];
    assert_eq!(place.connect(&daemon).bare("GET", "/api/v1/status", &headers).status, 200);
    let left = place.connect(&daemon).bare("DELETE", "/ui/session", &headers);
    let gone = left.header("set-cookie").unwrap();
    assert!(gone.ends_with("=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure"), "{gone}");
}

#[test]
fn a_bridge_comes_over_tls_with_a_token_to_whom_its_machine_trusts() {
    let place = Place::new(TLS);
    let daemon = place.start();
    place.sandbox.write("token", &place.token);
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(place.sandbox.path("token"), private).unwrap();
    place.sandbox.write("authority.pem", &place.authority.pem);
    place.sandbox.write("other.pem", &Authority::new("there").pem);
    let port = at(&daemon, "https://").rsplit_once(':').unwrap().1.to_owned();
    let bridge = |trusted: &str| {
        let mut command = place.sandbox.command();
        command.env("SSL_CERT_FILE", place.sandbox.path(trusted).to_str().unwrap());
        let url = format!("https://localhost:{port}");
        let token = place.sandbox.path("token").display().to_string();
        command.args(["bridge", "--url", &url, "--token-file", &token, "--wait", "1s"]);
        let mut bridge = Lines::start(command);
        bridge.greet(&json!({}));
        bridge
    };
    let answer = bridge("authority.pem").call("counter__value", &json!({}));
    assert!(answer["result"].is_object(), "{answer}");
    daemon.wait_for("call_finished", |fact| fact["principal"] == "token:ci");
    let answer = bridge("other.pem").call("counter__value", &json!({})).to_string();
    assert!(answer.contains("nobody whom this machine trusts vouches"), "{answer}");
}

#[test]
fn a_new_certificate_is_shown_at_once_and_a_broken_one_never() {
    let place = Place::new(TLS);
    let daemon = place.start();
    let mut before = place.connect(&daemon);
    let next = Authority::new("next");
    let reloaded = |count| daemon.wait_for_count("config_reloaded", count, |_| true);
    // The one is there before the other: they do not fit.
    let (chain, key) = next.pem(&[NAME]);
    place.sandbox.write("config/callmux/tls/cert.pem", &chain);
    let refused = daemon.wait_for("listener_refused", |_| true);
    let told = refused["message"].as_str().unwrap();
    assert!(told.starts_with("not serving the certificate for TLS: "), "{told}");
    assert!(
        told.contains("http.tls_cert: the key in") && told.contains("is not that of"),
        "{told}"
    );
    drop(place.connect(&daemon));
    let (out, err, code) = place.run(&["config", "check"]);
    assert!(code == Some(0) && format!("{out}{err}").contains("is not that of"), "{out}{err}");
    place.sandbox.write("config/callmux/tls/key.pem", &key);
    reloaded(2);
    until("the new certificate", || next.connect(&at(&daemon, "https://"), NAME).ok().map(drop));
    assert!(place.authority.connect(&at(&daemon, "https://"), NAME).is_err());
    // Who is connected stays so.
    assert_eq!(ask(&mut before, &[]).status, 401);
    place.sandbox.write("config/callmux/tls/cert.pem", "nonsense");
    daemon.wait_for("listener_refused", |fact| {
        fact["message"].as_str().unwrap().contains("holds no certificate")
    });
    drop(next.connect(&at(&daemon, "https://"), NAME).unwrap());
    drop(daemon);
    // One that starts now has nothing to show there. A person in front of it is told so.
    let (_, err, code) = place.run(&["serve"]);
    assert!(code == Some(69) && err.contains("holds no certificate"), "{err}");
}

/// Somebody who only opens connections keeps nobody out.
#[test]
fn who_says_nothing_takes_nobodys_turn() {
    let place = Place::new(TLS);
    let daemon = place.start();
    let address = at(&daemon, "https://");
    let silent: Vec<_> = (0..150).map(|_| TcpStream::connect(&address).unwrap()).collect();
    Holder::new(place.connect(&daemon), &place.token);
    // Nor does a machine that leaves every handshake at its beginning keep another one out.
    let stall = |_| place.authority.stall([127, 0, 0, 2], &address, NAME);
    let stalled: Vec<_> = (0..100).map(stall).collect();
    Holder::new(place.connect(&daemon), &place.token);
    drop((silent, stalled));
}

#[test]
fn whoever_is_in_no_network_that_is_allowed_is_hung_up_on() {
    let place = Place::new(&format!("{TLS}[access.networks]\nallow = [\"192.0.2.0/24\"]\n"));
    let daemon = place.start();
    assert!(place.authority.connect(&at(&daemon, "https://"), NAME).is_err());
    let told = daemon.wait_for("peer_refused", |fact| fact["cause"] == "network");
    assert!(told["reason"].as_str().unwrap().starts_with("127.0.0.1 is in no network"), "{told}");
    // Of loopback that says nothing.
    Http::tcp(&daemon).legacy(&json!({}));
    place.configure(&format!("{TLS}[access.networks]\nallow = [\"127.0.0.0/8\"]\n"));
    daemon.wait_for("config_reloaded", |_| true);
    let mut held = Holder::new(place.connect(&daemon), &place.token);
    // A connection outlives no change of that.
    place.configure(&format!("{TLS}[access.networks]\nallow = [\"192.0.2.0/24\"]\n"));
    daemon.wait_for_count("config_reloaded", 2, |_| true);
    let reply = held.ask("tools/list", &json!({}));
    assert!(reply.status == 403 && reply.body.contains("access.networks.allow"), "{reply:?}");
}

/// Whoever takes its last token away has nobody served, at once.
#[test]
fn without_tokens_nobody_is_let_in() {
    let place = Place::new(TLS);
    let daemon = place.start();
    let mut held = Holder::new(place.connect(&daemon), &place.token);
    assert_eq!(place.run(&["token", "revoke", "ci"]).2, Some(0));
    daemon.wait_for("config_reloaded", |_| true);
    assert_eq!(held.ask("tools/list", &json!({})).status, 401);
    assert!(place.authority.connect(&at(&daemon, "https://"), NAME).is_err());
    daemon.wait_for("peer_refused", |fact| fact["cause"] == "no_proofs");
    drop(daemon);
    let (_, err, code) = place.run(&["serve"]);
    assert!(code == Some(69) && err.contains("`callmux token new NAME`"), "{err}");
}

const PROXIED: &str = "[http]\nbehind_proxy = true\nlisten = [\"0.0.0.0:0\"]\n\
                       [access.networks]\nallow = [\"203.0.113.0/24\"]\n\
                       trusted_proxies = [\"127.0.0.0/8\", \"10.0.0.0/8\"]\n";

/// The kernel's word would be about the proxy: to whoever comes through it, and beside it.
#[test]
fn behind_a_proxy_a_token_alone_says_who_and_the_proxy_where() {
    let place = Place::new(PROXIED);
    let daemon = place.start();
    let proof = format!("Bearer {}", place.token);
    let near = &at(&daemon, "http://127.0.0.1");
    for address in [near, &at(&daemon, "http://0.0.0.0")] {
        for (said, status) in [
            (&["203.0.113.9"][..], 400),
            (&["198.51.100.1", "203.0.113.9, 10.0.0.1"], 400),
            (&["%%, 203.0.113.9"], 400),
            (&[], 403),
            (&["198.51.100.1"], 403),
            (&["203.0.113.9, 198.51.100.1"], 403),
            (&["203.0.113.9", "198.51.100.1"], 403),
            (&["203.0.113.9, unknown"], 403),
        ] {
            let mut headers = vec![format!("Host: localhost"), format!("Authorization: {proof}")];
            headers.extend(said.iter().map(|said| format!("X-Forwarded-For: {said}")));
            headers.push(format!("Content-Length: {}", LIST.len()));
            headers.push("Content-Type: application/json".to_owned());
            let mut http = Http::at(address, "localhost", &daemon);
            http.send_raw("POST /mcp HTTP/1.1", &headers, LIST.as_bytes());
            let reply = http.read();
            assert_eq!(reply.status, status, "{address} {said:?}: {reply:?}");
        }
        let mut nobody = Http::at(address, "localhost", &daemon);
        let reply = ask(&mut nobody, &[("X-Forwarded-For", "203.0.113.9")]);
        assert_eq!(reply.status, 401, "{address}: {reply:?}");
    }
    // The unix socket is nobody's but ours.
    Lines::bridge(&place.sandbox);
}

/// A proxy that callmux was not told of would make its own user of everybody.
#[test]
fn what_an_unknown_proxy_sends_on_is_refused() {
    let place = Place::new("");
    let daemon = place.start();
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host"] {
        let mut http = Http::tcp(&daemon);
        let reply = ask(&mut http, &[(header, "203.0.113.9")]);
        assert_eq!(reply.status, 403, "{reply:?}");
        assert!(reply.body.contains("http.behind_proxy"), "{}", reply.body);
        assert_eq!(reply.header("connection"), Some("close"), "{reply:?}");
    }
    daemon.wait_for("peer_refused", |fact| fact["cause"] == "sent_on");
}

/// A connection that the proxy had before is none of its user's any more.
#[test]
fn who_was_let_in_before_the_proxy_was_told_of_connects_again() {
    let place = Place::new("");
    let daemon = place.start();
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    for more in [
        "[http]\nbehind_proxy = true\n",
        "",
        "[access.networks]\ntrusted_proxies = [\"127.0.0.1\"]\n",
    ] {
        let before = daemon.count("config_reloaded", |_| true);
        place.configure(more);
        daemon.wait_for_count("config_reloaded", before + 1, |_| true);
        if more.is_empty() {
            http = Http::tcp(&daemon).legacy(&json!({}));
            continue;
        }
        let reply = ask(&mut http, &[]);
        assert!(reply.status == 403 && reply.body.contains("connect again"), "{reply:?}");
        assert_eq!(ask(&mut Http::tcp(&daemon), &[]).status, 401);
    }
}

/// A socket of systemd that others can reach is as good as an address of ours.
#[test]
fn a_socket_of_systemd_is_served_if_nothing_is_missing() {
    let place = Place::new("");
    let start = || {
        let path = place.sandbox.socket();
        drop(std::fs::remove_file(&path));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let unix = OwnedFd::from(UnixListener::bind(&path).unwrap());
        let tcp = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        // They are to be the third and the fourth descriptor (sd_listen_fds(3)).
        let script = "LISTEN_FDS=2 exec \"$0\" serve --log-format json \
                      3<&0 4<&1 </dev/null >/dev/null 2>\"$1\"";
        let log = place.sandbox.path("log");
        let mut shell = place.sandbox.program("sh");
        shell.args(["-c", script, callmux(), log.to_str().unwrap()]);
        let child = shell.stdin(unix).spawn_onto(OwnedFd::from(tcp));
        let told = move |fact: &str| {
            until(fact, || {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                let facts = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
                facts.into_iter().find(|told| {
                    let address = told["address"].as_str().unwrap_or_default();
                    told["fact"] == fact && address.contains("0.0.0.0")
                })
            })
        };
        (child, port, told)
    };
    let (mut child, _, told) = start();
    let refused = told("listener_refused");
    let reason = refused["message"].as_str().unwrap();
    assert!(reason.contains("http.tls_cert") && reason.contains("http.behind_proxy"), "{refused}");
    Lines::bridge(&place.sandbox);
    child.kill().unwrap();
    child.wait().unwrap();

    place.configure("[http]\ntls_cert = \"tls/cert.pem\"\ntls_key = \"tls/key.pem\"\n");
    let (mut child, port, told) = start();
    let address = told("listening")["address"].as_str().unwrap().to_owned();
    assert_eq!(address, format!("https://0.0.0.0:{port}"));
    drop(place.authority.connect(&format!("127.0.0.1:{port}"), NAME).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
}
