//! What is said of servers that are not there: to agents, and to who runs the daemon.

use std::io::Read;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Daemon, Http, Lines, Sandbox, callmux, config, until};

const MAIN: &str = "config/callmux/config.toml";
const COUNTER: (&str, &[&str]) =
    ("counter", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "counter"]);

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let output = sandbox.command().args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn text(answer: &Value) -> String {
    let result = &answer["result"]["content"][0]["text"];
    result.as_str().or_else(|| answer["error"]["message"].as_str()).unwrap_or_default().to_owned()
}

/// Servers that never come up, each for a reason that does not change.
const DOWN: &str = "
[servers.lost]
command = \"true\"
env = { T = \"${NOT_SET_AT_ALL}\" }
prefix = \"l\"

[servers.off]
command = \"true\"
enabled = false
";

#[test]
fn a_tool_of_a_server_that_never_came_up_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &format!("{}{DOWN}", config(&[COUNTER])));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    daemon.wait_for("server_unusable", |fact| fact["server"] == "lost");
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    for name in ["lost__read", "l__read"] {
        let answer = http.call(name, &json!({})).json();
        let failure = &answer["result"]["_meta"]["callmux/failure"];
        assert_eq!(failure["server"], "lost", "{answer}");
        assert_eq!(
            (&failure["outcome"], &failure["retry_safe"]),
            (&json!("not_sent"), &json!(true))
        );
        assert!(text(&answer).starts_with("not_sent: server lost is unusable: "), "{answer}");
        assert!(text(&answer).contains("NOT_SET_AT_ALL"), "{answer}");
        let arguments = json!({ "tool": name, "arguments": {} });
        let answer = http.call("callmux_call", &arguments).json();
        assert!(text(&answer).contains("server lost is unusable"), "{answer}");
        assert!(text(&answer).contains("server_unavailable"), "{answer}");
        let answer = http.call("callmux_get_schema", &json!({ "tool": name })).json();
        assert!(text(&answer).contains("server lost is unusable"), "{answer}");
    }
    let answer = http.request("prompts/get", &json!({ "name": "lost__ask" })).json();
    assert!(text(&answer).contains("server lost is unusable"), "{answer}");

    // A name that says nothing of a server may be that of any which nobody has seen.
    let answer = http.call("read", &json!({})).json();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let told = text(&answer);
    assert!(told.starts_with("unknown tool: read (server lost is unusable: "), "{told}");
    let answer = http.request("resources/read", &json!({ "uri": "file:///x" })).json();
    assert!(text(&answer).contains("(server lost is unusable: "), "{answer}");
    let answer = http.call("off__read", &json!({})).json();
    assert!(text(&answer).contains("server off is disabled"), "{answer}");
    let answer = http.call("callmux_call", &json!({ "server": "off", "tool": "read" })).json();
    assert!(text(&answer).contains("server off is disabled"), "{answer}");

    // What a server that is there does not have is unknown, and nobody else's.
    let answer = http.call("counter__none", &json!({})).json();
    assert_eq!(text(&answer), "unknown tool: counter__none");
}

#[test]
fn a_server_that_has_failed_names_its_next_try() {
    let sandbox = Sandbox::new();
    let fails = ("fails", &["sh", "-c", "echo the token is old >&2; exit 3"][..]);
    sandbox.write(MAIN, &config(&[COUNTER, fails]));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    // The first tries are waited for.
    let told = until("a next try", || {
        let told = text(&http.call("fails__x", &json!({})).json());
        told.contains("the next try is in").then_some(told)
    });
    assert!(
        told.contains("server fails is waiting: ") && told.contains("the token is old"),
        "{told}"
    );
    daemon.wait_for_count("server_failed", 4, |fact| fact["server"] == "fails");
}

#[test]
fn a_failure_stands_until_the_server_is_ready() {
    let sandbox = Sandbox::new();
    // Each try but the first, which takes two processes, lasts until the test ends it, so that all looks are in
    // the middle of one.
    let (tried, go_on) = (sandbox.path("tried"), sandbox.path("go-on"));
    let script = format!(
        "if [ -e {0}-twice ]; then until [ -e {1} ]; do sleep 0.01; done; exec {2} example-server counter; fi
        if [ -e {0} ]; then : > {0}-twice; fi; echo the token is old >&2; : > {0}; exit 1",
        tried.display(),
        go_on.display(),
        callmux(),
    );
    sandbox.write(MAIN, &config(&[("slow", &["sh", "-c", &script])]));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_failed", |fact| fact["server"] == "slow");
    daemon.wait_for_count("server_started", 3, |fact| fact["server"] == "slow");
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    for _ in 0..3 {
        let (code, told, _) = run(&sandbox, &["doctor"]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("server slow: it is not ready: "), "{told}");
        assert!(told.contains("the token is old"), "{told}");
        let (code, told, _) = run(&sandbox, &["status"]);
        assert!(code == Some(1) && told.contains("the token is old"), "{told}");
        let answer = http.call("callmux_status", &json!({ "detail": true })).json();
        let status: Value = serde_json::from_str(&text(&answer)).unwrap();
        assert_eq!(status["status"], "degraded", "{status}");
        assert_eq!(status["failedServers"][0]["name"], "slow", "{status}");
        assert_eq!(status["servers"][0]["state"], "reconnecting", "{status}");
    }
    sandbox.write("go-on", "");
    daemon.wait_for("server_ready", |fact| fact["server"] == "slow");
    until("a healthy server", || {
        let (code, told, _) = run(&sandbox, &["doctor"]);
        (code == Some(0) && told.contains("nothing to report")).then_some(())
    });
}

/// One failure has one text, whichever of its signs is seen first, and its last words are in it.
#[test]
fn a_server_that_ends_is_told_of_in_one_way() {
    let ends = "echo the token is old >&2; exit 3";
    let scripts = [
        ends.to_owned(),
        format!("exec >&-; {ends}"),
        format!("exec <&-; {ends}"),
        format!("exec <&- >&-; {ends}"),
        format!("read line; {ends}"),
        format!("read line; exec >&-; {ends}"),
    ];
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..scripts.len()).map(|index| format!("s{index}")).collect();
    let words: Vec<[&str; 3]> = scripts.iter().map(|script| ["sh", "-c", script]).collect();
    let servers: Vec<(&str, &[&str])> =
        names.iter().map(String::as_str).zip(words.iter().map(|words| &words[..])).collect();
    sandbox.write(MAIN, &config(&servers));
    let daemon = Daemon::start(&sandbox);
    for name in &names {
        daemon.wait_for_count("server_failed", 3, |fact| fact["server"] == **name);
    }
    let told = "its process ended with exit code 3; its last words on stderr: the token is old";
    let other = |fact: &Value| fact["reason"].as_str() != Some(told);
    assert_eq!(daemon.count("server_failed", other), 0, "{}", daemon.told());
}

#[test]
fn what_a_server_prints_in_place_of_json_is_shown() {
    let sandbox = Sandbox::new();
    let usage = ("usage", &["sh", "-c", "echo 'Usage: thing [--stdio]'; exit 2"][..]);
    sandbox.write(MAIN, &config(&[usage]));
    let daemon = Daemon::start(&sandbox);
    let fact = daemon.wait_for("server_failed", |_| true);
    let reason = fact["reason"].as_str().unwrap();
    assert!(reason.contains("its process ended with exit code 2"), "{reason}");
    assert!(reason.contains("Usage: thing [--stdio]"), "{reason}");
}

/// Claude Code, Codex and the official SDKs end their servers by signals.
#[test]
fn a_bridge_that_a_signal_ends_says_goodbye() {
    let sandbox = Sandbox::new();
    let slow = ("slow", &[callmux(), "example-server", "slow"][..]);
    let daemon = Daemon::with(&sandbox, &[slow]);
    for (index, signal) in [Signal::TERM, Signal::INT, Signal::HUP].into_iter().enumerate() {
        let mut client = Lines::bridge(&sandbox);
        client.start_call("slow__wait", &json!({ "seconds": 600, "steps": 1 }));
        until("a call that runs", || {
            let (_, told, _) = run(&sandbox, &["status", "--json"]);
            serde_json::from_str::<Value>(&told).is_ok_and(|it| it["calls"] == 1).then_some(())
        });
        assert_eq!(client.signal(signal), Some(0), "{signal:?}");
        daemon.wait_for_count("session_closed", index + 1, |_| true);
        daemon.wait_for_count("call_finished", index + 1, |fact| fact["outcome"] == "cancelled");
    }
    let (_, told, _) = run(&sandbox, &["status", "--json"]);
    let status: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&status["sessions"], &status["calls"]), (&json!(0), &json!(0)), "{status}");
    assert_eq!(daemon.count("link_lost", |_| true), 0);
}

#[test]
fn a_bridge_without_a_daemon_ends_by_a_signal_all_the_same() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["bridge", "--wait", "1ms"]);
    let mut client = Lines::start(command);
    client.call("counter__value", &json!({}));
    assert_eq!(client.signal(Signal::TERM), Some(0));
}

#[test]
fn a_daemon_in_a_shell_tells_of_each_call_and_when_it_was() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &config(&[COUNTER]));
    let mut daemon = sandbox.command().without("CALLMUX_LOG_LEVEL").arg("serve").spawn_heard();
    let mut client = Lines::bridge(&sandbox);
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 0, "{value}");
    assert_eq!(client.finish(), Some(0));
    kill_process(Pid::from_child(&daemon), Signal::TERM).unwrap();
    let mut told = String::new();
    daemon.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    daemon.wait().unwrap();
    let line = told.lines().find(|line| line.contains("counter__value done in ")).unwrap_or(&told);
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(time.len() == 20 && time.ends_with('Z'), "{told}");
    assert!(rest.starts_with("callmux: counter__value done in "), "{told}");
}
