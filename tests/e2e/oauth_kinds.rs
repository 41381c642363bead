//! Authorization servers that are a little different: what others met of them is understood.

use serde_json::json;

use crate::remote::text;
use crate::support::far::vacant;
use crate::support::oauth::{CODE, Guarded, LoggingIn, Manner, log_in, visit};
use crate::support::{Daemon, Lines, Sandbox};

/// A daemon whose server `far` has these keys in its `auth`.
fn started(sandbox: &Sandbox, guarded: &Guarded, keys: &str) -> Daemon {
    let text = format!(
        "[servers.far]\nurl = {:?}\n[servers.far.auth]\ntype = \"oauth\"\n{keys}",
        guarded.far.url()
    );
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_unusable", |fact| {
        fact["reason"] == "login needed: run `callmux login far`"
    });
    daemon
}

fn is_served(sandbox: &Sandbox) {
    assert_eq!(text(&Lines::bridge(sandbox).call("far__echo", &json!({}))), "served");
}

/// Ends a login with what comes of a consent, and perhaps with who gives it.
fn consent(login: LoggingIn, issuer: Option<&str>) -> (bool, String) {
    let state = login.parameter("state");
    let mut pairs = vec![("code", CODE), ("state", &*state)];
    pairs.extend(issuer.map(|issuer| ("iss", issuer)));
    visit(&login.back_with(&pairs));
    login.end()
}

/// Microsoft Entra, and who writes floats.
#[test]
fn the_life_of_a_token_may_be_a_text_or_a_float() {
    for life in [json!("3600"), json!(3600.0), json!("3600.0")] {
        let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
        guarded.book().token = json!({ "expires_in": life }).as_object().unwrap().clone();
        let daemon = started(&sandbox, &guarded, "");
        log_in(&sandbox);
        daemon.wait_for("server_ready", |fact| fact["server"] == "far");
        is_served(&sandbox);
    }
}

#[test]
fn a_registration_need_not_repeat_where_to_come_back_to() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    guarded.book().manner = Manner::Terse;
    let _daemon = started(&sandbox, &guarded, "client_name = \"a name of mine\"\n");
    log_in(&sandbox);
    is_served(&sandbox);
    assert_eq!(guarded.asked("/register")[0].body["client_name"], "a name of mine");
}

/// One such moment cost a call.
#[test]
fn a_refresh_that_meets_a_busy_server_is_tried_again() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let daemon = started(&sandbox, &guarded, "");
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    {
        let mut book = guarded.book();
        (book.is_revoked, book.busy) = (true, 1);
    }
    is_served(&sandbox);
    {
        let book = guarded.book();
        assert_eq!((book.busy, book.refreshes), (0, 1));
    }
    assert_eq!(daemon.count("server_failed", |_| true), 0);
}

/// Slack says that all is well and what is wrong in one.
#[test]
fn a_refusal_that_comes_with_200_asks_for_a_login() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let daemon = started(&sandbox, &guarded, "");
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    {
        let mut book = guarded.book();
        book.is_revoked = true;
        book.refusal = Some(json!({ "ok": false, "error": "invalid_refresh_token" }));
    }
    let answer = Lines::bridge(&sandbox).call("far__echo", &json!({}));
    assert!(text(&answer).contains("run `callmux login far`"), "{answer}");
}

#[test]
fn an_issuer_may_have_a_path() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let issuer = format!("http://{}/tenant/7", guarded.far.address);
    guarded.book().metadata.insert("issuer".to_owned(), issuer.clone().into());
    let _daemon = started(&sandbox, &guarded, "");
    let (fine, said) = consent(LoggingIn::begin(&sandbox), Some(&issuer));
    assert!(fine, "{said}");
    is_served(&sandbox);
}

/// `mcp.slack.com` calls itself `slack.com`.
#[test]
fn an_issuer_of_another_host_has_to_be_named() {
    const ISSUER: &str = "https://as.example";
    let named = format!("issuer = {ISSUER:?}\n");
    for keys in [named.as_str(), "allow_issuer_mismatch = true\n"] {
        let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
        guarded.book().metadata.insert("issuer".to_owned(), ISSUER.into());
        let daemon = started(&sandbox, &guarded, "");
        let login = sandbox.command().args(["login", "far", "--no-browser"]).output().unwrap();
        let said = String::from_utf8(login.stderr).unwrap();
        assert!(said.contains(&format!("set `issuer = {ISSUER:?}`")), "{said}");
        assert_eq!(guarded.book().registrations, 0);
        drop(daemon);
        let _daemon = started(&sandbox, &guarded, keys);
        let (fine, said) = consent(LoggingIn::begin(&sandbox), Some(ISSUER));
        assert!(fine, "{said}");
        is_served(&sandbox);
    }
}

/// Snowflake; and the servers of Microsoft, which know one address to come back to.
#[test]
fn who_says_nothing_of_itself_can_be_told_by_hand() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    guarded.book().manner = Manner::Silent;
    let daemon = started(&sandbox, &guarded, "");
    let login = sandbox.command().args(["login", "far", "--no-browser"]).output().unwrap();
    let said = String::from_utf8(login.stderr).unwrap();
    assert!(said.contains("set `authorization_endpoint` and `token_endpoint`"), "{said}");
    drop(daemon);
    let base = format!("http://{}", guarded.far.address);
    let keys = format!(
        "authorization_endpoint = \"{base}/authorize\"\ntoken_endpoint = \"{base}/token\"\n\
         client_id = \"mine\"\nredirect_uri = \"http://localhost/other\"\n"
    );
    let _daemon = started(&sandbox, &guarded, &keys);
    let login = LoggingIn::begin(&sandbox);
    assert_eq!(login.parameter("client_id"), "mine");
    assert_eq!(login.parameter("scope"), "s");
    let back = login.parameter("redirect_uri");
    assert!(back.starts_with("http://localhost:") && back.ends_with("/other"), "{back}");
    let (fine, said) = consent(login, Some(&base));
    assert!(fine, "{said}");
    is_served(&sandbox);
    assert_eq!(guarded.book().registrations, 0);
}

#[test]
fn a_server_of_which_only_the_url_is_said_can_be_logged_in_to() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let bare = format!("[servers.far]\nurl = {:?}\n", guarded.far.url());
    sandbox.write("config/callmux/config.toml", &bare);
    let mut daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_unusable", |fact| {
        fact["reason"] == "login needed: run `callmux login far`"
    });
    let (fine, said) = consent(LoggingIn::begin(&sandbox), None);
    assert!(!fine, "it says that it names itself: {said}");
    let login = LoggingIn::begin(&sandbox);
    visit(&login.back());
    let (fine, said) = login.end();
    assert!(fine && said.contains("Write `auth = \"oauth\"`"), "{said}");
    is_served(&sandbox);
    assert_eq!(daemon.stop(), Some(0));
    let mut daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    assert_eq!(daemon.stop(), Some(0));
    // Who says that there is none means it.
    sandbox.write("config/callmux/config.toml", &format!("{bare}auth = \"none\"\n"));
    let daemon = Daemon::start(&sandbox);
    let failed = daemon.wait_for("server_failed", |fact| fact["server"] == "far");
    let words = "it wants a login; give it a section in the config with `auth = \"oauth\"`";
    assert!(failed["reason"].as_str().unwrap().contains(words), "{failed}");
}

#[test]
fn who_cannot_be_reached_is_not_asked_for_ever() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let keys = format!(
        "authorization_endpoint = \"http://{0}/a\"\ntoken_endpoint = \"http://{0}/t\"\n\
         client_id = \"mine\"\n",
        vacant()
    );
    let _daemon = started(&sandbox, &guarded, &keys);
    let (fine, said) = consent(LoggingIn::begin(&sandbox), None);
    assert!(!fine && said.contains("refused"), "{said}");
}
