//! Remote servers over TLS: whom we trust, and what is said where we do not.

use serde_json::json;

use crate::remote::{config, echo, text};
use crate::support::far::{Far, legacy, modern};
use crate::support::oauth::{Guarded, log_in};
use crate::support::tls::{Authority, Tls};
use crate::support::{Daemon, Lines, Sandbox, callmux, canary};

/// How the token of these tests is shown.
const BEARER: &str = concat!("Bearer ", canary!());

/// A daemon on a machine that trusts this authority.
fn trusting(sandbox: &Sandbox, authority: &Authority, url: &str) -> Daemon {
    sandbox.write("authority.pem", &authority.pem);
    sandbox.write("config/callmux/token", canary!());
    let auth = "auth = { type = \"bearer\", token = \"${file:token}\" }\n";
    sandbox.write("config/callmux/config.toml", &format!("{}{auth}", config(url)));
    let authority = sandbox.path("authority.pem");
    Daemon::start_with(sandbox, &[("SSL_CERT_FILE", authority.to_str().unwrap())])
}

#[test]
fn a_server_is_called_over_tls() {
    let authority = Authority::new("here");
    for (far, era) in [(Far::start(modern(echo)), "modern"), (Far::start(legacy(echo)), "legacy")] {
        let sandbox = Sandbox::new();
        let tls = Tls::start(&authority, "localhost", far.address);
        let mut daemon = trusting(&sandbox, &authority, &tls.url("localhost"));
        assert_eq!(daemon.wait_for("server_ready", |_| true)["era"], era);
        let mut bridge = Lines::bridge(&sandbox);
        for _ in 0..20 {
            assert!(text(&bridge.call("far__echo", &json!({}))).contains("tools/call"));
        }
        let host = format!("localhost:{}", tls.address.port());
        let call = far.wait_for("tools/call");
        assert_eq!(call.header("host"), Some(host.as_str()));
        assert_eq!(call.header("authorization"), Some(BEARER));
        // A handshake for each call would be seen here.
        assert!(far.connections() < 10, "{}", far.connections());
        assert_eq!(daemon.stop(), Some(0));
    }
}

/// Nobody whom the machine does not trust, or who is somebody else, gets to read a request.
#[test]
fn whom_nobody_vouches_for_is_told_nothing() {
    let (trusted, other) = (Authority::new("here"), Authority::new("there"));
    for (authority, name, words) in [
        (&other, "localhost", "nobody whom this machine trusts vouches for its certificate"),
        (&trusted, "elsewhere.example", "its certificate is for another name"),
    ] {
        let sandbox = Sandbox::new();
        let far = Far::start(modern(echo));
        let tls = Tls::start(authority, name, far.address);
        let daemon = trusting(&sandbox, &trusted, &tls.url("localhost"));
        let failed = daemon.wait_for("server_failed", |_| true);
        assert!(failed["reason"].as_str().unwrap().contains(words), "{failed}");
        assert_eq!(far.connections(), 0);
    }
}

#[test]
fn a_server_without_tls_is_found_out() {
    let (near, far) = (Sandbox::new(), Sandbox::new());
    let behind = Daemon::with(&far, &[("counter", &[callmux(), "example-server", "counter"])]);
    let url = format!("https://{}/mcp", behind.address);
    let daemon = trusting(&near, &Authority::new("here"), &url);
    let failed = daemon.wait_for("server_failed", |_| true);
    let words = "what answers there does not speak TLS";
    assert!(failed["reason"].as_str().unwrap().contains(words), "{failed}");
}

/// As in a small container, where the package with the authorities is missing.
#[test]
fn without_certificates_of_authorities_what_needs_none_works() {
    let sandbox = Sandbox::new();
    let (guarded, proxy) = (Guarded::start(), Far::start(modern(echo)));
    let table = "[servers.proxied]\nurl = \"http://far.example/mcp\"\n\
                 [servers.tls]\nurl = \"https://127.0.0.1:1/mcp\"\n";
    sandbox.write("config/callmux/config.toml", &(guarded.config() + table));
    let nothing = sandbox.path("no-authorities").display().to_string();
    let at = format!("http://{}", proxy.address);
    let none = [("SSL_CERT_FILE", &*nothing), ("SSL_CERT_DIR", &nothing), ("http_proxy", &at)];
    let near = ("no_proxy", "127.0.0.1");
    let daemon = Daemon::start_with(&sandbox, &[&none[..], &[near]].concat());
    daemon.wait_for("server_ready", |fact| fact["server"] == "proxied");
    let failed = daemon.wait_for("server_unusable", |fact| fact["server"] == "tls");
    let words = "no certificates to check its own by";
    assert!(failed["reason"].as_str().unwrap().contains(words), "{failed}");
    daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
}
