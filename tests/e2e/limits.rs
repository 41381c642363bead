//! `[access.limits]` and the limits of rules: how often one user may call, and how many calls may be open at once.

mod open;
mod rules;
mod too_many;

use serde_json::{Value, json};

use crate::support::speaker::{Era, Speaker};
use crate::support::wires::Streamable;
use crate::support::{Daemon, Lines, Sandbox, every, raw, tools};

/// So few a minute that a second call comes too early on any machine.
const ONE: &str = "[access.limits]\ncalls_per_minute = 1\n";
/// A machine that takes a minute for one call is given this many.
const TRIES: usize = 20;

struct Rig {
    sandbox: Sandbox,
    daemon: Daemon,
    client: Lines,
}

impl Rig {
    fn new(limits: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("config/callmux/config.toml", &config(&sandbox, limits));
        let daemon = Daemon::start(&sandbox);
        for server in ["one", "every"] {
            daemon.wait_for("server_ready", |fact| fact["server"] == server);
        }
        let client = Lines::bridge(&sandbox);
        Self { sandbox, daemon, client }
    }

    fn reload(&self, limits: &str) {
        let before = self.daemon.count("config_reloaded", |_| true);
        self.sandbox.write("config/callmux/config.toml", &config(&self.sandbox, limits));
        self.daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    }

    /// The calls that the server carried out.
    fn carried_out(&self) -> usize {
        let text = std::fs::read_to_string(self.sandbox.path("log")).unwrap_or_default();
        text.lines().filter(|line| line.contains("\"tool\"")).count()
    }

    /// The answer as it is written: some have numbers that are none to most programs.
    fn ask(&mut self, method: &str, params: &Value) -> String {
        let id = self.client.send(method, params);
        let (result, error) = (format!(r#""id":{id},"result""#), format!(r#""id":{id},"error""#));
        self.client.take(method, |line| line.contains(&result) || line.contains(&error))
    }

    /// Asks until it comes too early. How many came through before.
    fn until_limited(&mut self, method: &str, params: &Value) -> (usize, Value) {
        for before in 0..TRIES {
            let answer = self.ask(method, params);
            if answer.contains("rate_limited") {
                return (before, serde_json::from_str(&answer).unwrap());
            }
        }
        panic!("{method} was never too early");
    }
}

fn config(sandbox: &Sandbox, limits: &str) -> String {
    let (tools, every) = (tools().display().to_string(), every().display().to_string());
    let log = sandbox.path("log").display().to_string();
    format!(
        "{limits}[servers.one]\ncommand = {tools:?}\nargs = [\"--log\", {log:?}, \"--name\", \"one\"]\n\
         [servers.every]\ncommand = {every:?}\nargs = [\"--legacy\"]\n"
    )
}

fn ping() -> Value {
    json!({ "name": "one__ping", "arguments": {} })
}

/// What an agent reads of a call that came too early.
fn check_told(answer: &Value) {
    let result = &answer["result"];
    assert_eq!(result["isError"], true, "{answer}");
    let told: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    let error = &told["error"];
    assert_eq!(error["code"], "rate_limited", "{answer}");
    let seconds = error["details"]["retry_after_seconds"].as_u64().unwrap();
    assert!((1..=60).contains(&seconds), "{answer}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("access.limits.calls_per_minute"), "{message}");
    // The same for programs, beside the text.
    let failure = &result["_meta"]["callmux/failure"];
    assert_eq!(
        (&failure["outcome"], &failure["code"]),
        (&json!("limited"), &json!("rate_limited"))
    );
    assert_eq!(failure["retry_after_seconds"], seconds, "{answer}");
    assert_eq!(failure["limit"], "calls_per_minute", "{answer}");
    assert!(message.ends_with(&format!("try again in {seconds} s")), "{message}");
}

#[test]
fn a_call_that_comes_too_early_is_not_sent_and_is_told_when_to_come_again() {
    let mut rig = Rig::new(ONE);
    let (let_in, answer) = rig.until_limited("tools/call", &ping());
    assert!(let_in >= 1, "the first one is never too early: {answer}");
    check_told(&answer);
    assert_eq!(rig.carried_out(), let_in);
    let limited = |fact: &Value| fact["outcome"] == "limited" && fact["tool"] == "one__ping";
    rig.daemon.wait_for_count("call_finished", 1, limited);
    rig.daemon.stop();
    rig.daemon.expect_count("call_finished", 1, limited);
    rig.daemon.expect_count("call_finished", let_in, |fact| fact["outcome"] == "done");
}

#[test]
fn what_is_no_call_of_a_tool_is_told_by_an_error_with_the_same_fields() {
    let mut rig = Rig::new(ONE);
    let requests = [
        ("prompts/get", json!({ "name": "every__greet" })),
        ("resources/read", json!({ "uri": "every://b" })),
        ("resources/subscribe", json!({ "uri": "every://b" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "every__greet" }, "argument": { "name": "who", "value": "" } }),
        ),
    ];
    for (method, params) in requests {
        let (_, answer) = rig.until_limited(method, &params);
        let error = &answer["error"];
        assert_eq!(error["code"], -32603, "{method}: {answer}");
        assert_eq!(error["data"]["code"], "rate_limited", "{method}: {answer}");
        assert!(error["data"]["retry_after_seconds"].is_u64(), "{method}: {answer}");
    }
}

#[test]
fn each_call_of_a_fan_out_counts_and_those_that_fit_are_made() {
    let mut rig = Rig::new("[access.limits]\ncalls_per_minute = 8\n");
    let call = json!({ "tool": "one__ping", "arguments": {} });
    let calls = json!({ "calls": vec![call; 40] });
    let answer = rig.client.call("callmux_parallel", &calls);
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    let (made, limited) = (text.matches("pong").count(), text.matches("rate_limited").count());
    assert_eq!(made + limited, 40, "{text}");
    assert!(made >= 2 && limited >= 1, "a quarter of them may come at once: {text}");
    assert_eq!(rig.carried_out(), made);
}

#[test]
fn what_callmux_answers_itself_is_never_too_early() {
    let mut rig = Rig::new(ONE);
    rig.until_limited("tools/call", &ping());
    for _ in 0..3 {
        for (method, params) in [
            ("tools/list", json!({})),
            ("ping", json!({})),
            ("logging/setLevel", json!({ "level": "info" })),
            ("tasks/list", json!({})),
            ("tools/call", json!({ "name": "callmux_status", "arguments": {} })),
            (
                "tools/call",
                json!({ "name": "callmux_search_tools", "arguments": { "query": "x" } }),
            ),
        ] {
            let answer = rig.ask(method, &params);
            assert!(answer.contains(r#""result":{"#), "{method}: {answer}");
            assert!(!answer.contains("rate_limited"), "{method}: {answer}");
        }
    }
}

#[test]
fn a_limit_that_is_changed_holds_at_once_and_what_was_counted_counts() {
    let mut rig = Rig::new(ONE);
    rig.until_limited("tools/call", &ping());
    rig.reload(&format!("max_calls = 77\n{ONE}"));
    let (_, answer) = rig.until_limited("tools/call", &ping());
    check_told(&answer);
    rig.reload("");
    for _ in 0..TRIES {
        let answer = rig.client.call("one__ping", &json!({}));
        assert_eq!(answer["result"]["content"][0]["text"], "pong", "{answer}");
    }
}

#[test]
fn a_call_that_its_client_goes_on_with_is_counted_once() {
    let rig = Rig::new(ONE);
    let mut client =
        Speaker::greet(Box::new(Streamable::tcp(&rig.daemon, true)), Era::Modern).unwrap();
    let asked = client.call("every__elicit", "{}").unwrap();
    let state = raw::text(&asked, &["requestState"]);
    let answer = r#""inputResponses":{"question":{"action":"decline"}}"#;
    let params = format!(r#""name":"every__elicit","requestState":"{state}",{answer}"#);
    let done = client.request("tools/call", &params).unwrap();
    assert!(done.contains(r#""answer":{"action":"decline"}"#), "{done}");
}
