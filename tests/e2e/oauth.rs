//! What proves callmux to remote servers: the real daemon, and a small authorization server.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::far::{Far, modern, said};
use crate::support::oauth::{CODE, Guarded, LoggingIn, log_in, visit};
use crate::support::{CANARY, Daemon, Lines, Sandbox, canary, until};

fn started(sandbox: &Sandbox, guarded: &Guarded) -> Daemon {
    sandbox.write("config/callmux/config.toml", &guarded.config());
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_unusable", |fact| {
        fact["reason"] == "login needed: run `callmux login far`"
    });
    daemon
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"))
}

/// What people are shown has no token in it, which the kit looks after.
fn shown(sandbox: &Sandbox) {
    sandbox.command().args(["status", "--json"]).output().unwrap();
}

#[test]
fn a_login_is_asked_for_once_and_outlives_the_daemon() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let mut daemon = started(&sandbox, &guarded);
    let mut bridge = Lines::bridge(&sandbox);
    let other = bridge.call("counter__increment", &json!({ "by": 1 }));
    assert_eq!(other["result"]["structuredContent"]["value"], 1, "{other}");
    let tools = bridge.request("tools/list", &json!({})).to_string();
    assert!(!tools.contains("far__echo"), "{tools}");
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    bridge.take("the news", |line| line.contains("notifications/tools/list_changed"));
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "served");
    let path = sandbox.path(".local/state/callmux/credentials/far.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&path).unwrap().contains(canary!("-r-1")));
    shown(&sandbox);
    drop(bridge);
    assert_eq!(daemon.stop(), Some(0));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut bridge = Lines::bridge(&sandbox);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "served");
    assert_eq!(guarded.book().tokens, 1);
    assert_eq!(guarded.book().registrations, 1);
    shown(&sandbox);
    let logout = sandbox.command().args(["logout", "far"]).output().unwrap();
    assert!(logout.status.success(), "{logout:?}");
    let told = String::from_utf8(logout.stderr).unwrap();
    assert!(told.contains("forgotten here, but they were not revoked: "), "{told}");
    daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
    assert!(!path.exists());
    let answer = bridge.call("far__echo", &json!({}));
    let failure = &answer["result"]["_meta"]["callmux/failure"];
    assert_eq!(failure["outcome"], "not_sent", "{answer}");
    assert!(text(&answer).contains("run `callmux login far`"), "{answer}");
}

#[test]
fn many_calls_at_the_end_of_a_token_renew_it_once() {
    const CALLS: usize = 200;
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let daemon = started(&sandbox, &guarded);
    let life = Duration::from_secs(3);
    guarded.book().life = life.as_secs();
    log_in(&sandbox);
    let began = Instant::now();
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut bridge = Lines::bridge(&sandbox);
    let mut call_all = || {
        let ids: Vec<_> = (0..CALLS).map(|_| bridge.start_call("far__echo", &json!({}))).collect();
        for id in ids {
            assert_eq!(text(&bridge.answer(id)), "served");
        }
    };
    until("the end of the token", || (began.elapsed() > life).then_some(()));
    call_all();
    assert_eq!(guarded.book().refreshes, 1, "it was over");
    guarded.book().is_revoked = true;
    call_all();
    assert_eq!(guarded.book().refreshes, 2, "it was refused");
    for seen in guarded.asked("/token") {
        let pairs: Vec<_> = url::form_urlencoded::parse(seen.text.as_bytes()).collect();
        let has = |name: &str, value: &str| pairs.iter().any(|(n, v)| n == name && v == value);
        assert!(!has("grant_type", "refresh_token") || has("scope", "s"), "{}", seen.text);
    }
    assert_eq!(daemon.count("server_failed", |_| true), 0);
    shown(&sandbox);
}

#[test]
fn a_refresh_token_that_is_refused_asks_for_a_login() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let daemon = started(&sandbox, &guarded);
    log_in(&sandbox);
    let mut bridge = Lines::bridge(&sandbox);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "served");
    {
        let mut book = guarded.book();
        (book.is_revoked, book.is_strict) = (true, true);
    }
    let answer = bridge.call("far__echo", &json!({}));
    assert!(text(&answer).contains("run `callmux login far`"), "{answer}");
    until("the second refusal", || {
        (daemon.count("server_unusable", |fact| fact["server"] == "far") == 2).then_some(())
    });
    let answer = bridge.call("far__echo", &json!({}));
    assert!(text(&answer).contains("run `callmux login far`"), "{answer}");
    assert_eq!(guarded.book().refreshes, 1, "it is not tried again");
    guarded.book().is_strict = false;
    log_in(&sandbox);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "served");
    assert_eq!(guarded.book().registrations, 1, "the client is known");
    shown(&sandbox);
}

#[test]
fn only_the_right_address_ends_a_login() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let _daemon = started(&sandbox, &guarded);
    let login = LoggingIn::begin(&sandbox);
    let state = login.parameter("state");
    let guessed = login.back_with(&[("code", "x"), ("state", "guessed")]);
    assert!(visit(&guessed).contains("No login waits for this"));
    let evil = [("code", "x"), ("state", &*state), ("iss", "https://evil.example")];
    let page = visit(&login.back_with(&evil));
    assert!(page.contains("issuer mismatch"), "{page}");
    let (fine, said) = login.end();
    assert!(!fine && said.contains("issuer mismatch"), "{said}");
    let login = LoggingIn::begin(&sandbox);
    let state = login.parameter("state");
    let no = [("error", "access_denied"), ("error_description", "<b>no</b>"), ("state", &*state)];
    let page = visit(&login.back_with(&no));
    assert!(page.contains("access_denied: &lt;b&gt;no"), "{page}");
    assert!(!login.end().0);
    assert_eq!(guarded.book().tokens, 0);
    // From a browser on another machine.
    let mut login = LoggingIn::begin(&sandbox);
    let back = login.back();
    writeln!(login.child.stdin.as_mut().unwrap(), "{back}").unwrap();
    let (fine, said) = login.end();
    assert!(fine, "{said}");
}

#[test]
fn tokens_that_are_given_or_printed_are_sent() {
    let sandbox = Sandbox::new();
    let served = modern(|seen, out| out.json(&seen.result(&said("served"))));
    let good = Arc::new(Mutex::new(canary!("-1").to_owned()));
    let shared = good.clone();
    let far = Far::start(move |seen, out| {
        let wanted = format!("Bearer {}", shared.lock().unwrap());
        if seen.header("authorization") == Some(&wanted) {
            served(seen, out);
        } else {
            out.whole("401 Unauthorized", &["WWW-Authenticate: Bearer"], "");
        }
    });
    sandbox.write("config/callmux/token", "canary7-1\n");
    let url = far.url();
    let program = "echo >> \"$HOME/runs\"; cat \"$HOME/config/callmux/token\"";
    let both = format!(
        "[servers.given]\nurl = {url:?}\nauth = {{ type = \"bearer\", token = \"${{file:token}}\" }}\n\
         [servers.printed]\nurl = {url:?}\n\
         auth = {{ type = \"command\", command = [\"sh\", \"-c\", {program:?}] }}\n"
    );
    sandbox.write("config/callmux/config.toml", &both);
    let daemon = Daemon::start(&sandbox);
    for name in ["given", "printed"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    let runs = || std::fs::read_to_string(sandbox.path("runs")).unwrap().len();
    let mut bridge = Lines::bridge(&sandbox);
    assert_eq!(text(&bridge.call("given__echo", &json!({}))), "served");
    assert_eq!(text(&bridge.call("printed__echo", &json!({}))), "served");
    assert_eq!(runs(), 1);
    canary!("-2").clone_into(&mut good.lock().unwrap());
    let answer = bridge.call("printed__echo", &json!({}));
    assert!(text(&answer).contains("401") && runs() == 2, "{answer}");
    sandbox.write("config/callmux/token", "canary7-2\n");
    assert_eq!(text(&bridge.call("printed__echo", &json!({}))), "served");
    assert_eq!(runs(), 3);
    shown(&sandbox);
}

#[test]
fn a_logout_revokes_the_tokens_first() {
    for (answer, words) in [("200 OK", ""), ("503 Service Unavailable", "answers with 503")] {
        let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
        guarded.book().revokes = Some(answer);
        let daemon = started(&sandbox, &guarded);
        log_in(&sandbox);
        let logout = sandbox.command().args(["logout", "far"]).output().unwrap();
        assert!(logout.status.success(), "{logout:?}");
        let told = String::from_utf8(logout.stderr).unwrap();
        assert!(told.contains(words) && told.is_empty() == words.is_empty(), "{told}");
        let expected = [
            format!("token={CANARY}-r-1&token_type_hint=refresh_token&client_id=c-1"),
            format!("token={CANARY}-1&token_type_hint=access_token&client_id=c-1"),
        ];
        assert_eq!(guarded.book().revoked, expected);
        daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
        assert!(!sandbox.path(".local/state/callmux/credentials/far.json").exists());
        // There is nothing left to revoke.
        sandbox.command().args(["logout", "far"]).output().unwrap();
        assert_eq!(guarded.book().revoked.len(), 2);
    }
}

#[test]
fn what_an_authorization_server_repeats_is_shown_to_nobody() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    guarded.book().client_secret = Some(canary!("-registered"));
    guarded.book().is_closed = true;
    let daemon = started(&sandbox, &guarded);
    let login = LoggingIn::begin(&sandbox);
    let page = visit(&login.back());
    assert!(page.contains("invalid_grant"), "{page}");
    let (fine, said) = login.end();
    assert!(!fine && said.contains("invalid_grant"), "{said}");
    guarded.book().is_closed = false;
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    {
        let mut book = guarded.book();
        (book.is_revoked, book.is_closed) = (true, true);
    }
    let answer = Lines::bridge(&sandbox).call("far__echo", &json!({}));
    assert!(!answer.to_string().contains(CANARY), "{answer}");
    shown(&sandbox);
    guarded.book().revokes = Some("400 Bad Request");
    sandbox.command().args(["logout", "far"]).output().unwrap();
}

/// A program of the sandbox that notes what it is to open, and the variables with which it is found.
fn browser(sandbox: &Sandbox) -> [(&'static str, String); 2] {
    sandbox.write("bin/xdg-open", "#!/bin/sh\necho \"$1\" >> \"$HOME/opened\"\n");
    let opener = sandbox.path("bin/xdg-open");
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap());
    [("PATH", path), ("DISPLAY", ":99".to_owned())]
}

fn opened(sandbox: &Sandbox) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path("opened")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn at_start(sandbox: &Sandbox, guarded: &Guarded, variables: &[(&str, &str)]) -> Daemon {
    let auth = "auth = { type = \"oauth\", open_browser = \"at_start\" }";
    let config = guarded.config().replace("auth = \"oauth\"", auth);
    sandbox.write("config/callmux/config.toml", &config);
    let daemon = Daemon::start_with(sandbox, variables);
    daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
    daemon
}

#[test]
fn a_browser_is_opened_at_the_start_where_that_is_asked_for() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    sandbox.watch.excuse("the file opened", "state=", "what the browser is to open");
    let variables = browser(&sandbox);
    let [path, display] = &variables;
    let variables = [(path.0, &*path.1), (display.0, &*display.1)];
    let mut daemon = at_start(&sandbox, &guarded, &variables);
    let address = until("the browser", || opened(&sandbox).pop());
    // A start that an operator orders is another one, and one that nobody orders is none.
    assert_eq!(daemon.stop(), Some(0));
    let mut daemon = at_start(&sandbox, &guarded, &variables);
    let status = sandbox.command().args(["start", "far"]).status().unwrap();
    assert!(!status.success());
    let second = until("the browser", || opened(&sandbox).get(1).cloned());
    assert_ne!(address, second);
    let url = url::Url::parse(&second).unwrap();
    let parameter = |name: &str| {
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
    };
    let (state, issuer) = (parameter("state"), url.origin().ascii_serialization());
    sandbox.watch.heard.made(&state);
    let mut back = url::Url::parse(&parameter("redirect_uri")).unwrap();
    let pairs = [("code", CODE), ("state", &state), ("iss", &issuer)];
    back.query_pairs_mut().extend_pairs(pairs);
    assert!(visit(&back).contains("logged in"));
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    // What is refused later is not asked for again by itself.
    {
        let mut book = guarded.book();
        (book.is_revoked, book.is_strict) = (true, true);
    }
    Lines::bridge(&sandbox).call("far__echo", &json!({}));
    daemon.wait_for_count("server_unusable", 3, |fact| fact["server"] == "far");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(opened(&sandbox).len(), 2);
}

#[test]
fn without_a_display_no_browser_is_opened_and_that_is_told() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let [(name, path), _] = browser(&sandbox);
    let mut daemon = at_start(&sandbox, &guarded, &[(name, &*path)]);
    let told = until("the reason", || {
        daemon.told().lines().find(|line| line.contains("no browser was opened")).map(str::to_owned)
    });
    assert!(told.contains("there is no display") && told.contains("callmux login far"), "{told}");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(opened(&sandbox), [""; 0]);
}
