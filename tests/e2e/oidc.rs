//! Tokens of an issuer: who sends one is whom it says, and may what the rules say of that.

use serde_json::{Value, json};

use crate::access::Holder;
use crate::door::foreign;
use crate::support::far::vacant;
use crate::support::http::Reply;
use crate::support::issuer::{AUDIENCE, Issuer, Signer, claims, now};
use crate::support::{Daemon, Http, Sandbox, callmux, skipped, until};

const MAIN: &str = "config/callmux/config.toml";
const RULES: &str = r#"
[[access.rules]]
id = "writers"
principals = ["group:dev", "scope:write"]
servers = ["counter"]
effect = "allow"

[[access.rules]]
id = "readers"
principals = ["oidc:*"]
tools = ["counter__value"]
effect = "allow"
"#;

fn config(issuer: &str) -> String {
    format!(
        "[servers.counter]\ncommand = {:?}\nargs = [\"example-server\", \"counter\"]\n\
         [access.oidc]\nissuer = {issuer:?}\naudience = {AUDIENCE:?}\n{RULES}",
        callmux()
    )
}

fn started(issuer: &str) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &config(issuer));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    (sandbox, daemon)
}

fn modern(daemon: &Daemon, token: &str, tool: &str) -> Reply {
    let params = json!({ "name": tool, "arguments": {} });
    let proof = format!("Bearer {token}");
    Http::tcp(daemon).modern("tools/call", &params, &[("Authorization", &proof)])
}

fn is_done(answer: &Value) -> bool {
    answer["result"]["content"].is_array()
}

#[test]
fn whom_the_issuer_calls_so_may_what_the_rules_say_of_their_names() {
    let issuer = Issuer::start(vec![Signer::rsa("rsa"), Signer::new("ec")]);
    let (_sandbox, daemon) = started(&issuer.url());
    let developer = issuer.token("alice", &json!({ "groups": ["x", "dev"] }));
    let writer = issuer.token("bob@example.com", &json!({ "scope": "read write" }));
    let reader = issuer.keys.lock().unwrap()[0].token(&issuer.claims("carol"));
    for (token, who, may_write) in
        [(&developer, "alice", true), (&writer, "bob@example.com", true), (&reader, "carol", false)]
    {
        assert!(is_done(&modern(&daemon, token, "counter__value").json()), "{who}");
        let written = modern(&daemon, token, "counter__increment").json();
        assert_eq!(is_done(&written), may_write, "{who} {written}");
        for http in [Http::tcp(&daemon), Http::unix(&daemon)] {
            let mut legacy = Holder::new(http, token);
            let listed = legacy.ask("tools/list", &json!({})).body;
            assert_eq!(listed.contains("counter__increment"), may_write, "{who} {listed}");
            assert!(is_done(&legacy.call("counter__value", &json!({}))), "{who}");
            assert_eq!(is_done(&legacy.call("counter__increment", &json!({}))), may_write);
        }
        let principal = format!("oidc:{who}");
        daemon.wait_for("call_finished", |fact| fact["principal"] == *principal);
    }
    assert_eq!(issuer.asked(), 1, "all of that with one set of keys");
    // Operators are known by the kernel alone.
    let proof = format!("Bearer {developer}");
    let status = Http::unix(&daemon).bare("GET", "/api/v1/status", &[("Authorization", &proof)]);
    assert_ne!(status.status, 200, "{status:?}");
    // Nothing of the tokens was written down.
    let told = daemon.told();
    for token in [&developer, &writer, &reader] {
        for part in token.split('.') {
            assert!(!told.contains(part), "{part}");
        }
    }
}

/// RFC 6750, section 3.1, and 2026-07-28, "Scope Challenge Handling".
#[test]
fn a_call_that_another_scope_would_allow_is_answered_with_what_to_ask_for() {
    let issuer = Issuer::start(vec![Signer::new("ec")]);
    let (sandbox, daemon) = started(&issuer.url());
    let reader = issuer.token("carol", &json!({ "scope": "read openid" }));
    let challenge = |reply: &Reply| reply.header("www-authenticate").map(str::to_owned);
    let wanted =
        "Bearer error=\"insufficient_scope\", scope=\"read openid write\", resource_metadata=\"";
    // Whether there is such a tool makes no difference.
    let (denied, unknown) = (
        modern(&daemon, &reader, "counter__increment"),
        modern(&daemon, &reader, "counter__incremenx"),
    );
    for reply in [&denied, &unknown] {
        assert_eq!(reply.status, 403, "{reply:?}");
        assert!(challenge(reply).unwrap().starts_with(wanted), "{reply:?}");
    }
    let said = |reply: Reply| reply.json()["error"].to_string();
    assert_eq!(said(denied).replace("increment", "incremenx"), said(unknown));
    // Nor does the revision that the client speaks.
    let mut legacy = Holder::new(Http::tcp(&daemon), &reader);
    let call = json!({ "name": "counter__increment", "arguments": {} });
    let reply = legacy.ask("tools/call", &call);
    assert_eq!((reply.status, challenge(&reply).is_some()), (403, true), "{reply:?}");
    // What no scope would open, or what went wrong for another reason, is not answered so.
    for (tool, status) in [("counter__value", 200), ("other__tool", 200), ("callmux_nothing", 200)]
    {
        let reply = modern(&daemon, &reader, tool);
        assert_eq!((reply.status, challenge(&reply)), (status, None), "{tool} {reply:?}");
    }
    let writer = issuer.token("carol", &json!({ "scope": "read openid write" }));
    assert!(is_done(&modern(&daemon, &writer, "counter__increment").json()));
    let reply = modern(&daemon, &writer, "counter__incremenx");
    assert_eq!((reply.status, challenge(&reply)), (200, None), "it is held already");
    // Each call was refused once, in the words that denials have.
    for tool in ["counter__increment", "counter__value"] {
        let of = |fact: &Value| fact["tool"] == tool;
        daemon.wait_for("call_finished", |fact| of(fact) && fact["outcome"] == "done");
    }
    let denied = |fact: &Value| fact["outcome"] == "denied";
    assert_eq!(daemon.count("call_finished", denied), 2);
    // A rule that denies is not opened by a scope.
    let deny = "[[access.rules]]\neffect = \"deny\"\nservers = [\"counter\"]\nprincipals = [\"oidc:carol\"]\n";
    let text =
        config(&issuer.url()).replacen("[[access.rules]]", &format!("{deny}[[access.rules]]"), 1);
    sandbox.write(MAIN, &text);
    daemon.wait_for("config_reloaded", |_| true);
    let reply = modern(&daemon, &reader, "counter__increment");
    assert_eq!((reply.status, challenge(&reply)), (200, None), "{reply:?}");
}

#[test]
fn a_session_is_its_principals_and_each_request_is_judged_by_its_own_token() {
    let issuer = Issuer::start(vec![Signer::new("ec")]);
    let (_sandbox, daemon) = started(&issuer.url());
    let writer = issuer.token("alice", &json!({ "groups": ["dev"] }));
    let mut alice = Holder::new(Http::tcp(&daemon), &writer);
    assert!(is_done(&alice.call("counter__increment", &json!({}))));
    // She left the group; her next token says so, and her session goes on.
    let writes = std::mem::replace(
        &mut alice.proof,
        format!("Bearer {}", issuer.token("alice", &json!({ "groups": [] }))),
    );
    for _ in 0..2 {
        assert!(!is_done(&alice.call("counter__increment", &json!({}))));
        assert!(is_done(&alice.call("counter__value", &json!({}))));
        assert!(!alice.ask("tools/list", &json!({})).body.contains("increment"));
    }
    // One word of the issuer does not change what another one says.
    let reads = std::mem::replace(&mut alice.proof, writes);
    assert!(is_done(&alice.call("counter__increment", &json!({}))));
    alice.proof = reads;
    assert!(!is_done(&alice.call("counter__increment", &json!({}))));
    // Her session is nobody else's.
    let mut bob = Holder::new(Http::tcp(&daemon), &issuer.token("bob", &json!({})));
    bob.http.session.clone_from(&alice.http.session);
    let stolen = bob.ask("tools/list", &json!({}));
    assert_eq!(stolen.status, 404, "{stolen:?}");
    let mut nobody = Http::tcp(&daemon);
    nobody.session.clone_from(&alice.http.session);
    let stolen = nobody.request("tools/list", &json!({}));
    assert_eq!(stolen.status, 404, "{stolen:?}");
}

#[test]
fn a_session_outlives_the_daemon_with_what_was_proved_in_it() {
    let issuer = Issuer::start(vec![Signer::new("ec")]);
    let (sandbox, daemon) = started(&issuer.url());
    let mut alice =
        Holder::new(Http::tcp(&daemon), &issuer.token("alice", &json!({ "groups": ["dev"] })));
    assert!(is_done(&alice.call("counter__increment", &json!({}))));
    drop(daemon);
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    let session = alice.http.session.clone();
    alice.http = Http::tcp(&daemon);
    alice.http.session.clone_from(&session);
    assert!(is_done(&alice.call("counter__value", &json!({}))));
    let mut bob = Holder::new(Http::tcp(&daemon), &issuer.token("bob", &json!({})));
    bob.http.session = session;
    assert_eq!(bob.ask("tools/list", &json!({})).status, 404);
}

#[test]
fn keys_change_and_names_that_nobody_has_are_asked_for_once() {
    let issuer = Issuer::start(vec![Signer::new("old")]);
    let (_sandbox, daemon) = started(&issuer.url());
    let old = issuer.token("alice", &json!({}));
    assert_eq!(modern(&daemon, &old, "counter__value").status, 200);
    issuer.keys.lock().unwrap().push(Signer::new("new"));
    let new = issuer.token("alice", &json!({}));
    assert_eq!(modern(&daemon, &new, "counter__value").status, 200, "it is asked for at once");
    assert_eq!(issuer.asked(), 2);
    let stranger = Signer::new("new");
    assert_eq!(
        modern(&daemon, &stranger.token(&issuer.claims("eve")), "counter__value").status,
        401
    );
    for number in 0..200 {
        let nobodys = Signer::new(&format!("../{number}")).token(&issuer.claims("eve"));
        let reply = modern(&daemon, &nobodys, "counter__value");
        assert!(matches!(reply.status, 401 | 503), "{reply:?}");
        assert!(reply.status != 503 || reply.header("retry-after").is_some(), "{reply:?}");
        // Who has a good one goes on meanwhile.
        if number % 50 == 0 {
            assert_eq!(modern(&daemon, &new, "counter__value").status, 200);
        }
    }
    assert_eq!(issuer.asked(), 2, "within 30 s of the last unknown one");
    daemon.wait_for("peer_refused", |fact| fact["cause"] == "jwt_signature");
}

#[test]
fn an_issuer_that_is_away_keeps_nobody_from_starting() {
    let address = vacant();
    let url = format!("http://{address}");
    let (_sandbox, daemon) = started(&url);
    let signer = Signer::new("ec");
    let token = signer.token(&claims(&url, "alice"));
    let reply = modern(&daemon, &token, "counter__value");
    assert_eq!(reply.status, 503, "{reply:?}");
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    daemon.wait_for("peer_refused", |fact| fact["cause"] == "jwt_no_keys");
    let _issuer = Issuer::at(address, vec![signer]);
    until("the issuer's keys", || {
        (modern(&daemon, &token, "counter__value").status == 200).then_some(())
    });
}

#[test]
fn what_is_not_taken_is_not_told_apart_outside() {
    let issuer = Issuer::start(vec![Signer::new("ec")]);
    let (sandbox, daemon) = started(&issuer.url());
    let with = |others: Value| issuer.token("alice", &others);
    let mut said = Vec::new();
    for (token, cause) in [
        (with(json!({ "exp": now() - 100 })), "jwt_expired"),
        (with(json!({ "iss": format!("{}/", issuer.url()) })), "jwt_issuer"),
        (with(json!({ "aud": "https://other" })), "jwt_audience"),
        (with(json!({ "nbf": now() + 500 })), "jwt_future"),
        (with(json!({ "sub": null })), "jwt_subject"),
        (with(json!({ "nonce": "n" })), "jwt_id_token"),
        ("a.b.c".to_owned(), "jwt_form"),
        ("eyJhbGciOiJub25lIn0.e30.".to_owned(), "jwt_algorithm"),
        ("x".repeat(17 << 10), "jwt_size"),
        ("cmx_no".to_owned(), "token"),
    ] {
        let reply = modern(&daemon, &token, "counter__value");
        assert_eq!(reply.status, 401, "{cause} {reply:?}");
        let challenge = reply.header("www-authenticate").unwrap().to_owned();
        said.push((challenge, reply.body));
        daemon.wait_for("peer_refused", |fact| fact["cause"] == cause);
    }
    said.dedup();
    let metadata = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
    let challenge = format!(
        "Bearer resource_metadata=\"{metadata}\", scope=\"write\", error=\"invalid_token\""
    );
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].0, challenge);
    let in_url = Http::tcp(&daemon).bare("GET", "/mcp?access_token=x", &[]);
    assert_eq!(in_url.status, 400);
    // Whatever `Host` says, we are where the config says.
    for path in ["", "/", "/mcp"] {
        let path = format!("/.well-known/oauth-protected-resource{path}");
        for host in ["localhost", "127.0.0.1"] {
            let mut http = Http::tcp(&daemon);
            let head = format!("GET {path} HTTP/1.1");
            http.send_raw(&head, &[format!("Host: {host}")], b"");
            let reply = http.read();
            assert_eq!(reply.status, 200, "{reply:?}");
            assert_eq!(
                reply.json(),
                json!({
                    "resource": AUDIENCE, "authorization_servers": [issuer.url()],
                    "bearer_methods_supported": ["header"], "scopes_supported": ["write"],
                    "resource_name": "callmux",
                })
            );
        }
    }
    let other = Http::tcp(&daemon).bare("GET", "/.well-known/openid-configuration", &[]);
    assert_eq!((other.status, other.header("content-type")), (404, Some("application/json")));
    // Without an issuer there is nothing to find.
    let text = config("x");
    sandbox.write(MAIN, text.split("[access.oidc]").next().unwrap());
    daemon.wait_for("config_reloaded", |_| true);
    let gone = Http::tcp(&daemon).bare("GET", "/.well-known/oauth-protected-resource", &[]);
    assert_eq!(gone.status, 404);
}

#[test]
fn who_is_nobody_by_the_kernels_word_is_somebody_by_the_issuers() {
    let issuer = Issuer::start(vec![Signer::new("ec")]);
    let (_sandbox, daemon) = started(&issuer.url());
    let ask = |headers: &[String]| {
        let stream = foreign(&daemon.address)?;
        let mut http = Http::connected(stream, &daemon);
        let host = format!("Host: {}", daemon.address);
        http.send_raw("GET /ready HTTP/1.1", &[&[host], headers].concat(), b"");
        Some(http.read())
    };
    let Some(reply) = ask(&[]) else {
        return skipped("only root can give a socket to another user");
    };
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").unwrap().contains("resource_metadata"), "{reply:?}");
    let proof = format!("Authorization: Bearer {}", issuer.token("alice", &json!({})));
    assert_eq!(ask(&[proof]).unwrap().status, 200);
}

#[test]
fn what_the_rules_say_of_somebody_is_told_without_a_daemon() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &config("http://127.0.0.1:9"));
    let run = |words: &[&str]| {
        let output = sandbox.command().args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let tested =
        |words: &[&str]| run(&[&["access", "test", "counter__increment", "--as"], words].concat());
    for (words, code, said) in [
        (&["oidc:alice", "--group", "dev"][..], 0, "rule writers"),
        (&["oidc:alice", "--scope", "read", "--scope", "write"], 0, "rule writers"),
        (&["oidc:alice", "--group", "write"], 1, "no access rule allows it"),
        (&["oidc:alice"], 1, "no access rule allows it"),
        (&["token:ci", "--group", "dev"], 64, "--group and --scope go with"),
        (&["group:dev"], 64, "write `token:NAME`, `user:UID` or `oidc:SUB`"),
    ] {
        let (found, text) = tested(words);
        assert_eq!(found, Some(code), "{words:?} {text}");
        assert!(text.contains(said), "{words:?} {text}");
    }
    let (_, text) = run(&["doctor"]);
    assert!(text.contains("the issuer http://127.0.0.1:9 of `[access.oidc]`"), "{text}");
    let issuer = Issuer::start(vec![Signer::new("ec")]);
    sandbox.write(MAIN, &config(&format!("{}/", issuer.url())));
    let (_, text) = run(&["doctor"]);
    assert!(text.contains("to the last slash"), "{text}");
    sandbox.write(MAIN, &config(&issuer.url()));
    let (_, text) = run(&["doctor"]);
    assert!(!text.contains("[access.oidc]"), "{text}");
}
