//! Remote servers behind a proxy: what the proxy is asked, and who is reached without it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::json;

use crate::remote::{config, echo, text};
use crate::support::far::{Far, modern, vacant};
use crate::support::tls::{Authority, Tls};
use crate::support::{Daemon, Lines, Sandbox, canary};

/// `me` and the password, as Basic has it (RFC 7617).
const PROOF: &str = "Basic bWU6Y2FuYXJ5Nw==";

/// A proxy that makes tunnels, all to one place; it ends when dropped.
struct Tunnels {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    is_over: Arc<Mutex<bool>>,
    accepting: Option<JoinHandle<()>>,
}

impl Tunnels {
    /// `answer`: the status with which a wish is granted or not.
    fn start(to: SocketAddr, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, is_over) =
            (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<bool>>::default());
        let (heard, over) = (asked.clone(), is_over.clone());
        let accepting = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if *over.lock().unwrap() {
                    return;
                }
                let heard = heard.clone();
                std::thread::spawn(move || tunnel(&stream, to, answer, &heard));
            }
        });
        Self { address, asked, is_over, accepting: Some(accepting) }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Tunnels {
    fn drop(&mut self) {
        *self.is_over.lock().unwrap() = true;
        drop(TcpStream::connect(self.address));
        drop(self.accepting.take().unwrap().join());
    }
}

fn tunnel(client: &TcpStream, to: SocketAddr, answer: &str, asked: &Mutex<Vec<String>>) {
    let mut input = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if input.read_line(&mut head).unwrap_or_default() == 0 {
            return;
        }
    }
    asked.lock().unwrap().push(head);
    let mut client = client.try_clone().unwrap();
    if write!(client, "HTTP/1.1 {answer}\r\n\r\n").is_err() || !answer.starts_with("200") {
        return;
    }
    let mut server = TcpStream::connect(to).unwrap();
    let mut back = server.try_clone().unwrap();
    let mut out = client.try_clone().unwrap();
    let backwards = std::thread::spawn(move || {
        drop(std::io::copy(&mut back, &mut out));
        drop(out.shutdown(Shutdown::Both));
    });
    drop(std::io::copy(&mut input, &mut server));
    drop(server.shutdown(Shutdown::Both));
    drop(backwards.join());
}

fn started(sandbox: &Sandbox, text: &str, variables: &[(&str, &str)]) -> Daemon {
    sandbox.write("config/callmux/config.toml", text);
    Daemon::start_with(sandbox, variables)
}

#[test]
fn a_proxy_is_told_in_each_request_what_to_ask_for() {
    let sandbox = Sandbox::new();
    let proxy = Far::start(modern(echo));
    let at = format!("http://me:{}@{}", canary!(), proxy.address);
    let daemon =
        started(&sandbox, &config("http://far.example:81/mcp?k=1"), &[("HTTP_PROXY", &at)]);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut bridge = Lines::bridge(&sandbox);
    for _ in 0..5 {
        assert!(text(&bridge.call("far__echo", &json!({}))).contains("tools/call"));
    }
    let call = proxy.wait_for("tools/call");
    assert_eq!(call.path, "http://far.example:81/mcp?k=1");
    assert_eq!(call.header("host"), Some("far.example:81"));
    assert_eq!(call.header("proxy-authorization"), Some(PROOF));
}

#[test]
fn over_tls_a_proxy_sees_only_where_the_way_leads() {
    let (sandbox, authority) = (Sandbox::new(), Authority::new("here"));
    let far = Far::start(modern(echo));
    let tls = Tls::start(&authority, "far.example", far.address);
    let proxy = Tunnels::start(tls.address, "200 Connection established");
    sandbox.write("authority.pem", &authority.pem);
    let authority = sandbox.path("authority.pem");
    let at = format!("http://me:{}@{}", canary!(), proxy.address);
    let variables = [("https_proxy", at.as_str()), ("SSL_CERT_FILE", authority.to_str().unwrap())];
    let daemon = started(&sandbox, &config("https://far.example/mcp"), &variables);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut bridge = Lines::bridge(&sandbox);
    assert!(text(&bridge.call("far__echo", &json!({}))).contains("tools/call"));
    let call = far.wait_for("tools/call");
    assert_eq!((call.path.as_str(), call.header("host")), ("/mcp", Some("far.example")));
    assert_eq!(call.header("proxy-authorization"), None);
    for head in proxy.asked() {
        assert!(head.starts_with("CONNECT far.example:443 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("Proxy-Authorization: {PROOF}\r\n")), "{head}");
    }
}

#[test]
fn a_proxy_that_does_not_is_named() {
    let nobody = vacant();
    for (answer, words) in [
        ("407 Proxy Authentication Required", "proxy authorization required"),
        ("403 Forbidden", "unsuccessful"),
        ("", "refused"),
    ] {
        let sandbox = Sandbox::new();
        let proxy = Tunnels::start(nobody, answer);
        let at = if answer.is_empty() { nobody } else { proxy.address };
        let with_proxy = format!("proxy = \"http://{at}\"\n{}", config("https://far.example/mcp"));
        let daemon = started(&sandbox, &with_proxy, &[]);
        let failed = daemon.wait_for("server_failed", |fact| fact["server"] == "far");
        let reason = failed["reason"].as_str().unwrap().to_lowercase();
        assert!(reason.contains(&format!("through the proxy http://{at}: ")), "{reason}");
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn who_is_here_or_excepted_is_reached_without_a_proxy() {
    let sandbox = Sandbox::new();
    let (near, far) = (Far::start(modern(echo)), Far::start(modern(echo)));
    let at = format!("http://{}", far.address);
    let text = format!(
        "[servers.near]\nurl = {:?}\n[servers.far]\nurl = \"http://far.example/mcp\"\n\
         [servers.own]\nurl = \"http://own.example/mcp\"\nproxy = {at:?}\n\
         [servers.bare]\nurl = \"http://far.invalid/mcp\"\nproxy = \"none\"\n\
         [servers.inside]\nurl = \"http://a.inside.invalid/mcp\"\n",
        near.url()
    );
    let unused = format!("http://{}", vacant());
    let text = format!("proxy = {at:?}\nno_proxy = [\"inside.invalid\"]\n{text}");
    let daemon = started(&sandbox, &text, &[("ALL_PROXY", &unused)]);
    for name in ["near", "far", "own"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    for name in ["bare", "inside"] {
        // Such a name is nobody's (RFC 6761, section 6.4).
        let failed = daemon.wait_for("server_failed", |fact| fact["server"] == name);
        assert!(!failed["reason"].as_str().unwrap().contains("proxy"), "{failed}");
    }
    assert!(near.seen().iter().all(|seen| seen.path == "/mcp"));
    assert!(far.seen().iter().all(|seen| !seen.path.contains(".invalid")));
}
