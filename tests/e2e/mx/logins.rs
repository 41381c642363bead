//! Rows about OAuth.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{MAIN, run, started, text};
use crate::support::oauth::{CODE, Guarded, LoggingIn, log_in, visit};
use crate::support::{Daemon, Lines, Sandbox, canary, until};

const CREDENTIALS: &str = ".local/state/callmux/credentials/far.json";

/// A daemon whose server `far` needs a login; `more`: keys of its `auth`.
fn waiting(sandbox: &Sandbox, guarded: &Guarded, more: &str) -> Daemon {
    let table = format!(
        "[servers.far]\nurl = {:?}\nauth = {{ type = \"oauth\"{more} }}\n",
        guarded.far.url()
    );
    let daemon = started(sandbox, &table, &[]);
    daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
    daemon
}

fn consent(login: LoggingIn) {
    let page = visit(&login.back());
    assert!(page.contains("logged in"), "{page}");
    let (fine, said) = login.end();
    assert!(fine, "{said}");
}

/// A parameter of what was POSTed as a form.
fn parameter(form: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn sha256(text: &str) -> Vec<u8> {
    let mut sum = Command::new("sha256sum");
    let mut sum = sum.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    sum.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let hex = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap();
    (0..64).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn mx30_the_verifier_is_what_the_challenge_promised() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let _daemon = waiting(&sandbox, &guarded, "");
    let login = LoggingIn::begin(&sandbox);
    assert_eq!(login.parameter("code_challenge_method"), "S256");
    assert_eq!(login.parameter("response_type"), "code");
    assert_eq!(login.parameter("resource"), guarded.far.url());
    let (challenge, redirect) =
        (login.parameter("code_challenge"), login.parameter("redirect_uri"));
    consent(login);
    let form = guarded.asked("/token").remove(0).text;
    let verifier = parameter(&form, "code_verifier").unwrap();
    assert!((43..=128).contains(&verifier.len()), "RFC 7636, section 4.1: {verifier}");
    assert_eq!(URL_SAFE_NO_PAD.encode(sha256(&verifier)), challenge);
    assert_eq!(parameter(&form, "grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(parameter(&form, "code").as_deref(), Some(CODE));
    assert_eq!(parameter(&form, "redirect_uri"), Some(redirect));
    assert_eq!(parameter(&form, "resource"), Some(guarded.far.url()));
}

#[test]
fn mx31_the_registration_says_who_we_are() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let _daemon = waiting(&sandbox, &guarded, "");
    log_in(&sandbox);
    let asked = guarded.asked("/register");
    assert_eq!(asked.len(), 1);
    let body = &asked[0].body;
    assert_eq!(body["client_name"], "callmux", "{body}");
    assert_eq!(body["grant_types"], json!(["authorization_code", "refresh_token"]), "{body}");
    assert_eq!(body["response_types"], json!(["code"]), "{body}");
    assert_eq!(body["token_endpoint_auth_method"], "none", "{body}");
    let redirects: Vec<&str> =
        body["redirect_uris"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap()).collect();
    assert!(redirects.len() == 1 && redirects[0].starts_with("http://127.0.0.1:"), "{body}");
    assert!(redirects[0].ends_with("/callback"), "{body}");
}

#[test]
fn mx32_a_client_that_is_known_registers_nothing() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    sandbox.write("config/callmux/secret", concat!(canary!("-client"), "\n"));
    let more = ", client_id = \"mine\", client_secret = \"${file:secret}\"";
    let _daemon = waiting(&sandbox, &guarded, more);
    let login = LoggingIn::begin(&sandbox);
    assert_eq!(login.parameter("client_id"), "mine");
    consent(login);
    assert!(guarded.asked("/register").is_empty());
    let asked = guarded.asked("/token").remove(0);
    let basic = format!("Basic {}", STANDARD.encode(concat!("mine:", canary!("-client"))));
    let is_in_form = parameter(&asked.text, "client_secret").as_deref() == Some(canary!("-client"));
    assert!(is_in_form || asked.header("authorization") == Some(&basic), "{asked:?}");
}

#[test]
fn mx33_the_scopes_of_the_config_are_asked_for_and_no_others() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    guarded.book().metadata.insert("scopes_supported".into(), json!(["a", "b", "offline_access"]));
    let _daemon = waiting(&sandbox, &guarded, ", scopes = [\"a\"]");
    // The last is what a refresh token is had for.
    assert_eq!(LoggingIn::begin(&sandbox).parameter("scope"), "a offline_access");
}

#[test]
fn mx35_an_issuer_that_is_not_who_was_asked_is_refused() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    guarded.book().metadata.insert("issuer".into(), json!("https://evil.example"));
    let daemon = waiting(&sandbox, &guarded, "");
    let (code, stdout, stderr) = run(&sandbox, &["login", "far", "--no-browser"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(!stdout.contains("http"), "nothing to open: {stdout}");
    assert!(guarded.asked("/register").is_empty() && guarded.asked("/token").is_empty());
    assert_eq!(daemon.count("server_ready", |_| true), 0);
}

/// A free port of those that are given to nobody who does not ask for them by number
/// (`net.ipv4.ip_local_port_range`).
fn free_port() -> u16 {
    let first = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    (first..first + 1000).find(|port| is_free(*port)).unwrap()
}

/// Nobody listens at the port. Asked without listening there: a program that is forked meanwhile would
/// hold it until execve(2).
fn is_free(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
}

#[test]
fn mx37_two_servers_share_a_port_that_is_free_in_between() {
    let (sandbox, one, other, port) =
        (Sandbox::new(), Guarded::start(), Guarded::start(), free_port());
    let table = |name: &str, guarded: &Guarded| {
        format!(
            "[servers.{name}]\nurl = {:?}\nauth = {{ type = \"oauth\", callback_port = {port} }}\n",
            guarded.far.url()
        )
    };
    let tables = table("one", &one) + &table("other", &other);
    let daemon = started(&sandbox, &tables, &[]);
    for name in ["one", "other"] {
        daemon.wait_for("server_unusable", |fact| fact["server"] == name);
    }
    for name in ["one", "other"] {
        assert!(is_free(port), "nobody uses the port");
        let login = LoggingIn::to(&sandbox, name);
        let back = format!("http://127.0.0.1:{port}/callback");
        assert_eq!(login.parameter("redirect_uri"), back);
        consent(login);
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    until("the port to be free", || is_free(port).then_some(()));
}

#[test]
fn mx38_a_browser_is_opened_only_if_that_is_wanted() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let _daemon = waiting(&sandbox, &guarded, "");
    sandbox.write("bin/xdg-open", "#!/bin/sh\necho \"$1\" >> \"$HOME/opened\"\n");
    let opener = sandbox.path("bin/xdg-open");
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap());
    let login = |flags: &[&str]| {
        sandbox.command().args(["login", "far"]).args(flags).env("PATH", &path).spawn()
    };
    sandbox.watch.excuse("the file opened", "state=", "what the browser is to open");
    let opened = || std::fs::read_to_string(sandbox.path("opened")).unwrap_or_default();
    let mut shown = LoggingIn::begin(&sandbox);
    shown.child.kill().unwrap();
    shown.child.wait().unwrap();
    let mut silent = login(&["--no-browser"]);
    let mut stdout = std::io::BufReader::new(silent.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("  http") {
        line.clear();
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    }
    assert_eq!(opened(), "");
    let mut browsing = login(&[]);
    let address = until("the browser", || opened().lines().next().map(str::to_owned));
    // As the authorization server would send it back.
    let login = LoggingIn::at(&address, silent, sandbox.watch.heard.clone());
    let page = visit(&login.back());
    assert!(page.contains("logged in"), "{page}");
    assert!(until("the end of the login", || browsing.try_wait().unwrap()).success());
    let mut silent = login.child;
    drop(silent.kill());
    drop(silent.wait());
}

#[test]
fn mx42_a_broken_file_of_tokens_costs_a_login_and_nothing_else() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    sandbox.write(CREDENTIALS, "{\"version\":1,\"tok");
    let daemon = waiting(&sandbox, &guarded, "");
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    assert_eq!(text(&Lines::bridge(&sandbox).call("far__echo", &json!({}))), "served");
    let kept = std::fs::read_to_string(sandbox.path(CREDENTIALS)).unwrap();
    assert!(serde_json::from_str::<Value>(&kept).is_ok());
    let mode = std::fs::metadata(sandbox.path(CREDENTIALS)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(daemon);
    let before = guarded.book().tokens;
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    assert_eq!(guarded.book().tokens, before);
    assert!(sandbox.path(MAIN).exists());
}
