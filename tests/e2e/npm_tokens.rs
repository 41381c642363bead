//! Tokens of the npm callmux: its slow hashes are taken, each token is tried once, and `callmux token` makes
//! tokens of ours of them.

use serde_json::{Value, json};

use crate::access::Holder;
use crate::support::{Daemon, Http, Sandbox, callmux, canary};

const MAIN: &str = "config/callmux/config.toml";
/// What `crypto.scryptSync` of Node.js makes of `npm-token-one` and `npm-token-two`, with numbers that a build
/// without optimisation bears.
const ONE: &str =
    "scrypt$16$8$1$Y2FsbG11eCBmaXhlZCBzYQ$WHAIqCePmwSRa2_E7upIueboV6nuxQtJDaDs-VBXOzY";
const TWO: &str =
    "scrypt$32$4$2$Y2FsbG11eCBmaXhlZCBzYQ$kLgQn_vVxLW4i1302jxmSrOjmyY8bfEtNK20r0YAxnM";

fn token(name: &str, hash: &str) -> String {
    format!("[access.tokens.{name}]\nhash = \"{hash}\"\n")
}

fn config(tokens: &str) -> String {
    format!(
        "[servers.counter]\ncommand = {:?}\nargs = [\"example-server\", \"counter\"]\n{tokens}",
        callmux()
    )
}

fn start(sandbox: &Sandbox, tokens: &str) -> Daemon {
    sandbox.write(MAIN, &config(tokens));
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    daemon
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let output = sandbox.command().args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The status of a ping with this token, on a connection of its own.
fn ping(daemon: &Daemon, token: &str) -> u16 {
    let proof = format!("Bearer {token}");
    Http::tcp(daemon).modern("server/discover", &json!({}), &[("Authorization", &proof)]).status
}

fn reload(sandbox: &Sandbox, daemon: &Daemon, tokens: &str) {
    let before = daemon.count("config_reloaded", |_| true);
    sandbox.write(MAIN, &config(tokens));
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
}

#[test]
fn who_holds_a_token_of_the_npm_callmux_is_let_in_by_its_name() {
    let sandbox = Sandbox::new();
    let both = token("one", ONE) + &token("two", TWO);
    let daemon = start(&sandbox, &both);
    for (text, name) in [("npm-token-one", "one"), ("npm-token-two", "two")] {
        for http in [Http::tcp(&daemon), Http::unix(&daemon)] {
            let mut holder = Holder::new(http, text);
            let answer = holder.call("counter__increment", &json!({}));
            assert!(answer["result"].is_object(), "{answer}");
        }
        let principal = format!("token:{name}");
        let done = |fact: &Value| fact["principal"] == *principal && fact["outcome"] == "done";
        daemon.wait_for_count("call_finished", 2, done);
    }
    for wrong in ["npm-token-three", "npm-token-three", "cmx_npm-token-one", "x.y.z"] {
        assert_eq!(ping(&daemon, wrong), 401, "{wrong}");
    }
    // A hash that changes is another token, and one that does not stays known.
    reload(&sandbox, &daemon, &(token("one", TWO) + &token("other", ONE)));
    for (text, name) in [("npm-token-one", "other"), ("npm-token-two", "one")] {
        let mut holder = Holder::new(Http::tcp(&daemon), text);
        holder.call("counter__value", &json!({}));
        let principal = format!("token:{name}");
        daemon.wait_for("call_finished", |fact| {
            fact["principal"] == *principal && fact["tool"] == "counter__value"
        });
    }
    reload(&sandbox, &daemon, &token("one", ONE));
    assert_eq!(ping(&daemon, "npm-token-two"), 401);
    assert_eq!(ping(&daemon, "npm-token-one"), 200);
    reload(&sandbox, &daemon, &(token("one", ONE) + "expires = \"2001-01-01\"\n"));
    assert_eq!(ping(&daemon, "npm-token-one"), 401);
    assert!(!daemon.told().contains("npm-token"), "no token is written down");
}

#[test]
fn who_tries_many_wrong_ones_has_to_wait_and_who_is_known_does_not() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, &token("one", ONE));
    assert_eq!(ping(&daemon, "npm-token-one"), 200);
    let answers: Vec<u16> = (0..40).map(|n| ping(&daemon, &format!("wrong-{n}"))).collect();
    // How many are tried hangs on how long that takes; that there is an end, and one that holds, does not.
    assert_eq!(answers[0], 401);
    assert!(answers.iter().all(|status| [401, 503].contains(status)), "{answers:?}");
    assert!(answers.contains(&503), "{answers:?}");
    assert_eq!(ping(&daemon, "npm-token-one"), 200, "what is known is not tried");
    assert_eq!(ping(&daemon, "wrong-0"), 401, "nor is what is known to be wrong");
    let proof = "Bearer wrong-again".to_owned();
    let later = (0..20)
        .map(|_| {
            let headers = [("Authorization", proof.as_str())];
            Http::tcp(&daemon).modern("server/discover", &json!({}), &headers)
        })
        .find(|reply| reply.status == 503);
    if let Some(reply) = later {
        let after: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&after), "{reply:?}");
    }
    daemon.wait_for("peer_refused", |fact| fact["message"].to_string().contains("slow hashes"));
}

#[test]
fn a_token_of_the_npm_callmux_is_named_and_replaced_by_one_of_ours() {
    let sandbox = Sandbox::new();
    let npm = json!({
        "servers": { "counter": { "command": callmux(), "args": ["example-server", "counter"] } },
        "auth": { "mode": "bearer", "tokens": [
            { "id": "ops", "hash": ONE }, { "id": "dev", "hash": TWO },
        ] },
    });
    sandbox.write("callmux/config.json", &npm.to_string());
    let path = sandbox.path("callmux/config.json").display().to_string();
    let (code, out, err) = run(&sandbox, &["import", &path]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("conf.d/token-ops.toml"), "{out}");
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    assert_eq!(ping(&daemon, "npm-token-one"), 200);

    let (_, list, _) = run(&sandbox, &["token", "list"]);
    assert_eq!(list.matches("npm callmux").count(), 2, "{list}");
    let (_, list, _) = run(&sandbox, &["token", "list", "--json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["tokens"][0]["hash"], "scrypt");
    for (text, code, hash, said) in [
        ("npm-token-two\n", 0, TWO, "it is token:dev"),
        (canary!("-no-token"), 1, "", "that is no token of callmux"),
    ] {
        sandbox.write("given", text);
        let given = sandbox.path("given").display().to_string();
        let (found, out, err) = run(&sandbox, &["token", "hash", &given]);
        assert_eq!((found, out.trim()), (Some(code), hash), "{err}");
        assert!(err.contains(said), "{err}");
    }
    let doctor = run(&sandbox, &["doctor", "--json"]).1;
    assert!(doctor.contains("the token `ops` is one of the npm callmux"), "{doctor}");
    assert!(doctor.contains("callmux token rotate ops"), "{doctor}");

    let before = daemon.count("config_reloaded", |_| true);
    let (code, new, err) = run(&sandbox, &["token", "rotate", "ops"]);
    assert_eq!(code, Some(0), "{err}");
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    for text in [new.trim(), "npm-token-one"] {
        assert_eq!(ping(&daemon, text), 200, "the one before is taken for a while");
    }
    let (_, list, _) = run(&sandbox, &["token", "list", "--json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["tokens"][1]["hash"], "sha256");
    run(&sandbox, &["token", "revoke", "ops"]);
    daemon.wait_for_count("config_reloaded", before + 2, |_| true);
    for text in [new.trim(), "npm-token-one"] {
        assert_eq!(ping(&daemon, text), 401);
    }
    assert_eq!(ping(&daemon, "npm-token-two"), 200);
}
