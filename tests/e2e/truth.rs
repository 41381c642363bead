//! What is said of servers that are not there: to agents, and to who runs the daemon.

use serde_json::{Value, json};

use crate::support::{Daemon, Http, Sandbox, callmux, config, until};

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
    // Each try but the first lasts until the test ends it, so that all looks are in the middle of one.
    let (tried, go_on) = (sandbox.path("tried"), sandbox.path("go-on"));
    let script = format!(
        "if [ -e {0} ]; then until [ -e {1} ]; do sleep 0.01; done; exec {2} example-server counter; fi
        echo the token is old >&2; : > {0}; exit 1",
        tried.display(),
        go_on.display(),
        callmux(),
    );
    sandbox.write(MAIN, &config(&[("slow", &["sh", "-c", &script])]));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_failed", |fact| fact["server"] == "slow");
    daemon.wait_for_count("server_started", 2, |fact| fact["server"] == "slow");
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    for _ in 0..3 {
        let (code, told, _) = run(&sandbox, &["doctor"]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("server slow: it is not ready: "), "{told}");
        assert!(told.contains("the token is old"), "{told}");
        let (code, told, _) = run(&sandbox, &["status"]);
        assert!(code == Some(1) && told.contains("the token is old"), "{told}");
        let answer = http.call("callmux_status", &json!({})).json();
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
