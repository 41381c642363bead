//! Who may: tokens that clients present, and rules about principals.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::door::foreign;
use crate::support::{Daemon, Http, Lines, PATIENCE, Sandbox, callmux, skipped, tools, until};

const MAIN: &str = "config/callmux/config.toml";
const RULES: &str = r#"
[[access.rules]]
id = "no-holding"
tools = ["tools__hold"]
effect = "deny"

[[access.rules]]
id = "ci-counts"
principals = ["token:ci"]
tools = ["counter__*"]
effect = "allow"

[[access.rules]]
id = "mine"
principals = ["user:*"]
effect = "allow"
"#;

/// A daemon with two servers, and rules.
struct Guarded {
    sandbox: Sandbox,
    daemon: Daemon,
}

impl Guarded {
    fn new(rules: &str) -> Self {
        let sandbox = Sandbox::new();
        let servers = format!(
            "[servers.counter]\ncommand = {:?}\nargs = [\"example-server\", \"counter\"]\n\
             [servers.tools]\ncommand = {:?}\n",
            callmux(),
            tools().display().to_string()
        );
        sandbox.write(MAIN, &format!("{servers}{rules}"));
        let daemon = Daemon::start(&sandbox);
        for server in ["counter", "tools"] {
            daemon.wait_for("server_ready", |fact| fact["server"] == server);
        }
        Self { sandbox, daemon }
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let output = self.sandbox.command().args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// A new token that the daemon knows.
    fn token(&self, words: &[&str]) -> String {
        let before = self.daemon.count("config_reloaded", |_| true);
        let (code, token, err) = self.run(&[&["token"], words].concat());
        assert_eq!(code, Some(0), "{err}");
        self.daemon.wait_for_count("config_reloaded", before + 1, |_| true);
        token.trim().to_owned()
    }

    /// Who did what, by the entries: principal, name, outcome and reason.
    fn entry(&self, name: &str, outcome: &str) -> Value {
        self.daemon
            .wait_for("call_finished", |fact| fact["tool"] == name && fact["outcome"] == outcome)
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A client that presents a token with each of its requests.
pub struct Holder {
    pub http: Http,
    pub proof: String,
}

impl Holder {
    /// With a legacy session.
    pub fn new(http: Http, token: &str) -> Self {
        let mut holder = Self { http, proof: bearer(token) };
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        let reply = holder.ask("initialize", &params);
        holder.http.session = Some(reply.header("mcp-session-id").unwrap().to_owned());
        holder
    }

    pub fn ask(&mut self, method: &str, params: &Value) -> crate::support::http::Reply {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.http.post(&body.to_string(), &[("Authorization", &self.proof)])
    }

    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({ "name": tool, "arguments": arguments })).json()
    }

    fn listed(&mut self) -> Vec<String> {
        names(&self.ask("tools/list", &json!({})).json())
    }
}

fn names(list: &Value) -> Vec<String> {
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_token_is_a_principal_that_sees_and_may_do_what_the_rules_say() {
    let guarded = Guarded::new(RULES);
    let token = guarded.token(&["new", "ci"]);
    for http in [Http::tcp(&guarded.daemon), Http::unix(&guarded.daemon)] {
        let mut ci = Holder::new(http, &token);
        let listed = ci.listed();
        let of_servers: Vec<&String> =
            listed.iter().filter(|name| !name.starts_with("callmux_")).collect();
        assert_eq!(of_servers, ["counter__increment", "counter__reset", "counter__value"]);
        assert!(ci.call("counter__value", &json!({}))["result"]["content"].is_array());
        // In the words for what does not exist, also through a tool of ours.
        let (denied, unknown) =
            (ci.call("tools__ping", &json!({})), ci.call("tools__pong", &json!({})));
        let said = |answer: &Value| answer["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(said(&denied).replace("ping", "pong"), said(&unknown));
        let inner = json!({ "name": "callmux_call", "arguments": { "tool": "tools__ping" } });
        let inner = ci.ask("tools/call", &inner).json().to_string();
        assert!(!inner.contains("\"pong\"") && inner.contains("there is no tool"), "{inner}");
        let found = json!({ "name": "callmux_find", "arguments": { "query": "ping" } });
        let found = ci.ask("tools/call", &found).json().to_string();
        assert!(!found.contains("tools__ping"), "{found}");
    }
    let entry = guarded.entry("tools__ping", "denied");
    assert_eq!(
        (&entry["principal"], &entry["reason"]),
        (&json!("token:ci"), &json!("no access rule allows it"))
    );
    // A request of the newer revision says for itself who makes it, on one connection.
    let mut http = Http::tcp(&guarded.daemon);
    let header = bearer(&token);
    let call = json!({ "name": "tools__ping", "arguments": {} });
    let modern =
        |http: &mut Http, more: &[(&str, &str)]| http.modern("tools/call", &call, more).json();
    assert!(modern(&mut http, &[])["result"]["content"].is_array());
    assert!(modern(&mut http, &[("Authorization", &header)])["error"].is_object());
    assert!(modern(&mut http, &[])["result"]["content"].is_array());
    // Who presents none is who the kernel says, to whom another rule applies.
    let mut own = Http::tcp(&guarded.daemon).legacy(&json!({}));
    let listed = names(&own.request("tools/list", &json!({})).json());
    assert!(
        listed.contains(&"tools__ping".to_owned()) && !listed.contains(&"tools__hold".to_owned())
    );
    assert!(own.call("tools__hold", &json!({})).json()["error"].is_object());
    let entry = guarded.entry("tools__hold", "denied");
    assert_eq!(entry["reason"], "the access rule no-holding denies it");
    assert_eq!(entry["rule"], "no-holding");
}

#[test]
fn what_is_no_token_lets_nobody_in() {
    let guarded = Guarded::new("");
    let token = guarded.token(&["new", "ci"]);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let mut slip = token.clone();
    slip.replace_range(20..21, if &token[20..21] == "a" { "b" } else { "a" });
    for wrong in [&*slip, "cmx_", "something"] {
        let mut http = Http::tcp(&guarded.daemon);
        let reply = http.post(ping, &[("Authorization", &bearer(wrong))]);
        assert_eq!(reply.status, 401, "{reply:?}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
        assert!(!reply.body.contains(wrong), "{}", reply.body);
    }
    // It is not looked for anywhere else, and never taken from a URL.
    let mut http = Http::tcp(&guarded.daemon);
    let reply = http.post_to(&format!("/mcp?access_token={token}"), ping, &[]);
    assert_eq!(reply.status, 400, "{reply:?}");
    assert!(reply.body.contains("Authorization: Bearer"), "{}", reply.body);
    let body = ping.as_bytes();
    let head = |header: &str| format!("Authorization: Bearer {header}");
    let headers = [
        format!("Host: {}", guarded.daemon.address),
        "Content-Type: application/json".to_owned(),
        format!("Content-Length: {}", body.len()),
        head(&token),
        head(&token),
    ];
    let mut http = Http::tcp(&guarded.daemon);
    http.send_raw("POST /mcp HTTP/1.1", &headers, body);
    assert_eq!(http.read().status, 401, "two of them");
    // Operators are users of the machine.
    let mut http = Http::unix(&guarded.daemon);
    let reply = http.bare("GET", "/api/v1/status", &[("Authorization", &bearer(&token))]);
    assert_eq!(reply.status, 403, "{reply:?}");
}

/// Bob uses Alice's session: an id proves nothing (as the npm callmux had it).
#[test]
fn a_session_is_of_the_principal_that_began_it() {
    let guarded = Guarded::new("");
    let alice = guarded.token(&["new", "alice"]);
    let bob = guarded.token(&["new", "bob"]);
    let mut hers = Holder::new(Http::tcp(&guarded.daemon), &alice);
    let session = hers.http.session.clone();
    let mut his = Holder { http: Http::tcp(&guarded.daemon), proof: bearer(&bob) };
    his.http.session.clone_from(&session);
    assert_eq!(his.ask("tools/list", &json!({})).status, 404);
    let mut own = Http::tcp(&guarded.daemon);
    own.session.clone_from(&session);
    assert_eq!(own.request("tools/list", &json!({})).status, 404);
    assert_eq!(own.bare("DELETE", "/mcp", &[]).status, 404);
    assert_eq!(hers.ask("tools/list", &json!({})).status, 200);
}

#[test]
fn a_token_is_replaced_and_taken_away() {
    let guarded = Guarded::new("");
    let file = guarded.sandbox.path("token").display().to_string();
    let shown = guarded.token(&["new", "ci", "--into", &file, "--expires", "2199-01-01"]);
    assert!(!shown.contains("cmx_"), "{shown}");
    let first = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let mut holder = Holder::new(Http::tcp(&guarded.daemon), &first);
    // A bridge presents it, too, and is that principal.
    let mut command = guarded.sandbox.command();
    let url = format!("http://{}", guarded.daemon.address);
    command.args(["bridge", "--url", &url, "--token-file", &file, "--wait", "5s"]);
    let mut bridge = Lines::start(command);
    bridge.greet(&json!({}));
    let answer = bridge.call("counter__increment", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 1, "{answer}");
    assert_eq!(guarded.entry("counter__increment", "done")["principal"], "token:ci");

    let second = guarded.token(&["rotate", "ci"]);
    assert!(holder.call("counter__value", &json!({}))["result"].is_object(), "within its grace");
    let mut other = Holder::new(Http::tcp(&guarded.daemon), &second);
    assert!(other.call("counter__value", &json!({}))["result"].is_object());
    let third = guarded.token(&["rotate", "ci", "--grace", "0s"]);
    assert_eq!(other.ask("ping", &json!({})).status, 401, "no grace");
    assert_eq!(holder.ask("ping", &json!({})).status, 401, "the one before that");
    let (_, list, _) = guarded.run(&["token", "list"]);
    assert!(list.contains("ci") && list.contains("2199-01-01") && !list.contains("cmx_"), "{list}");

    let mut last = Holder::new(Http::tcp(&guarded.daemon), &third);
    assert!(last.call("counter__value", &json!({}))["result"].is_object());
    guarded.token(&["revoke", "ci"]);
    assert_eq!(last.ask("ping", &json!({})).status, 401);
    // What it had opened before is of no use any more.
    let answer = bridge.call("counter__increment", &json!({}));
    assert!(answer["error"].is_object(), "{answer}");
    let (code, out, err) = guarded.run(&["token", "revoke", "ci"]);
    assert_eq!((code, &*out), (Some(1), ""), "{err}");
    assert!(err.contains("there is no token `ci`"), "{err}");
    let told = guarded.daemon.told();
    assert!(!told.contains("cmx_"), "no token is written down");
    for words in [
        &["new", "../x"][..],
        &["new", "a b"],
        &["new", "x", "--expires", "9000y"],
        &["new", "x", "--expires", "400000000000y"],
        &["new", "x", "--expires", "2001-01-01"],
        &["new", "x", "--expires", "soon"],
    ] {
        let (code, out, err) = guarded.run(&[&["token"], words].concat());
        assert_eq!((code, &*out), (Some(64), ""), "{words:?}: {err}");
    }
    assert!(!guarded.sandbox.path("config/callmux/conf.d/token-x.toml").exists());
}

#[test]
fn what_the_rules_say_is_told_by_the_doors_own_function() {
    let guarded = Guarded::new(RULES);
    guarded.token(&["new", "ci"]);
    let test = |words: &[&str]| guarded.run(&[&["access", "test", "--json"], words].concat());
    let (code, out, _) =
        test(&["--as", "token:ci", "counter__value", "tools__ping", "tools__hold"]);
    let verdicts: Value = serde_json::from_str(&out).unwrap();
    let of = |at: usize, key: &str| verdicts["verdicts"][at][key].clone();
    assert_eq!(code, Some(1), "something is denied");
    assert_eq!([of(0, "effect"), of(0, "rule")], [json!("allow"), json!("ci-counts")]);
    assert!(of(0, "at").as_str().unwrap().ends_with("config.toml:12:1"), "{out}");
    assert_eq!([of(1, "effect"), of(1, "rule")], [json!("deny"), Value::Null]);
    assert_eq!([of(2, "effect"), of(2, "rule")], [json!("deny"), json!("no-holding")]);
    assert_eq!(test(&["counter__value"]).0, Some(0));
    assert_eq!(test(&["--as", "token:gone", "counter__value"]).0, Some(1));
    for words in [&["nothing"][..], &["--as", "bob", "counter__value"]] {
        assert_eq!(test(words).0, Some(64), "{words:?}");
    }
    let (code, out, _) = guarded.run(&["access", "rules"]);
    assert_eq!(code, Some(0));
    for line in ["no-holding", "ci-counts", "counter__*", "user:*"] {
        assert!(out.contains(line), "{out}");
    }
}

#[test]
fn the_doctor_tells_of_rules_about_nothing_and_of_tokens_that_end() {
    let sandbox = Sandbox::new();
    let rules = "[[access.rules]]\nid = \"slip\"\nservers = [\"githup\"]\neffect = \"deny\"\n\
                 [[access.rules]]\neffect = \"allow\"\n";
    sandbox.write(MAIN, rules);
    let run = |words: &[&str]| sandbox.command().args(words).output().unwrap();
    assert!(run(&["token", "new", "ci", "--expires", "2d"]).status.success());
    let found = |output: std::process::Output| {
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("the access rule slip is about the server `githup`"), "{said}");
        assert!(said.contains("the token `ci` expires within 2 days"), "{said}");
    };
    found(run(&["doctor", "--json"]));
    let _daemon = Daemon::start(&sandbox);
    found(run(&["doctor", "--json"]));
}

#[test]
fn another_user_is_let_in_with_a_token_alone() {
    let guarded = Guarded::new("");
    let request = |proof: &str| {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}"#;
        format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{proof}\r\n{body}",
            guarded.daemon.address,
            body.len()
        )
    };
    let answer = |proof: &str| {
        let mut stream = foreign(&guarded.daemon.address)?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may be refused before it has said anything.
        drop(stream.write_all(request(proof).as_bytes()));
        let mut heard = Vec::new();
        drop(stream.read_to_end(&mut heard));
        Some(String::from_utf8(heard).unwrap())
    };
    let Some(without_tokens) = answer("") else {
        return skipped("only root can give a socket to another user");
    };
    assert_eq!(without_tokens, "", "nobody else is answered where there are no tokens");
    let token = guarded.token(&["new", "container"]);
    let refused = answer("").unwrap();
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    assert!(refused.contains("www-authenticate: Bearer\r\n"), "{refused}");
    let refused = answer("Authorization: Bearer other\r\n").unwrap();
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let proof = format!("Authorization: Bearer {token}\r\n");
    let greeted = answer(&proof).unwrap();
    assert!(greeted.starts_with("HTTP/1.1 200 "), "{greeted}");
    let entry = guarded.daemon.wait_for("session_opened", |_| true);
    assert_eq!(entry["principal"], "token:container");
}

#[test]
fn who_holds_a_token_goes_on_after_a_restart_as_the_same() {
    let mut guarded = Guarded::new(RULES);
    let token = guarded.token(&["new", "ci"]);
    let mut ci = Holder::new(Http::tcp(&guarded.daemon), &token);
    assert!(ci.call("counter__value", &json!({}))["result"].is_object());
    guarded.daemon.kill();
    let daemon = Daemon::start(&guarded.sandbox);
    for server in ["counter", "tools"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    let mut again = Holder { http: Http::tcp(&daemon), proof: bearer(&token) };
    again.http.session.clone_from(&ci.http.session);
    assert!(again.call("counter__value", &json!({}))["result"].is_object());
    assert!(again.call("tools__ping", &json!({}))["error"].is_object());
}

#[test]
fn a_list_of_tokens_says_when_each_was_used() {
    let mut guarded = Guarded::new("");
    let token = guarded.token(&["new", "ci"]);
    guarded.token(&["new", "idle"]);
    let listed = |guarded: &Guarded| {
        let (code, text, err) = guarded.run(&["token", "list", "--json"]);
        assert_eq!(code, Some(0), "{err}");
        let tokens: Value = serde_json::from_str(&text).unwrap();
        let of = |at: usize| {
            let token = &tokens["tokens"][at];
            json!([token["name"], token["last_used"], token["days_used"]])
        };
        [of(0), of(1)]
    };
    let never = [json!(["ci", null, 0]), json!(["idle", null, 0])];
    assert_eq!(listed(&guarded), never);
    for _ in 0..2 {
        Holder::new(Http::tcp(&guarded.daemon), &token).call("counter__value", &json!({}));
    }
    let written = until("a use that is written", || {
        let found = listed(&guarded);
        (found != never).then_some(found)
    });
    assert_eq!(written[0][2], 1, "{written:?}");
    assert_eq!(written[0][1].as_str().map(str::len), Some("2026-12-01".len()), "{written:?}");
    assert_eq!(written[1], never[1]);
    let (_, table, _) = guarded.run(&["token", "list"]);
    assert!(table.contains(", on 1 day ") && table.contains(" never "), "{table}");
    let file = guarded.sandbox.path(".local/state/callmux/token-uses.json");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains(token.split('_').nth(2).unwrap()), "nothing of the secret");

    assert_eq!(guarded.daemon.stop(), Some(0));
    let daemon = Daemon::start(&guarded.sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    let called = Holder::new(Http::tcp(&daemon), &token).call("counter__value", &json!({}));
    assert!(called["result"].is_object(), "{called}");
    let days = listed(&guarded)[0][2].as_u64();
    // It may be the next day by now.
    assert!(days == Some(1) || days == Some(2), "{days:?}");
}

#[test]
fn what_comes_of_a_call_by_somebody_is_told_by_the_api() {
    let asked =
        "[[access.rules]]\nid = \"asked\"\ntools = [\"counter__reset\"]\neffect = \"ask\"\n";
    let guarded = Guarded::new(&format!("{asked}{RULES}"));
    guarded.token(&["new", "ci"]);
    let cases = [
        ("tool=counter__increment&principal=token:ci", "allow", json!("ci-counts")),
        ("tool=counter__reset&principal=token:ci", "ask", json!("asked")),
        ("tool=tools__hold", "deny", json!("no-holding")),
        ("tool=counter__value", "allow", json!("mine")),
        ("tool=counter__value&principal=oidc:a", "deny", Value::Null),
    ];
    for (query, effect, rule) in cases {
        let path = format!("/api/v1/access/test?{query}");
        let verdict = Http::unix(&guarded.daemon).bare("GET", &path, &[]).json();
        assert_eq!((&verdict["effect"], &verdict["rule"]), (&json!(effect), &rule), "{verdict}");
        assert!(!verdict["reason"].as_str().unwrap().is_empty(), "{verdict}");
        assert_eq!(verdict["at"].is_null(), rule.is_null(), "{verdict}");
    }
}
