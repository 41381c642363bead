//! Calls of tools that are asked for over the management API.

use serde_json::{Value, json};

use crate::support::{Daemon, Http, Sandbox, callmux, operators};

const CALL: &str = "/api/v1/tools/call";

const RULES: &str = r#"
[[access.rules]]
id = "never"
tools = ["counter__reset"]
effect = "deny"

[[access.rules]]
id = "asked"
tools = ["notes__add"]
effect = "ask"
"#;

fn start(sandbox: &Sandbox) -> Daemon {
    let servers: [(&str, &[&str]); 2] = [
        ("counter", &[callmux(), "example-server", "counter"]),
        ("notes", &[callmux(), "example-server", "notes"]),
    ];
    let daemon = Daemon::with(sandbox, &servers);
    daemon.wait_for_count("server_ready", 2, |_| true);
    daemon
}

fn ruled(sandbox: &Sandbox) -> Daemon {
    let daemon = start(sandbox);
    operators::govern(sandbox, &daemon, RULES);
    daemon
}

fn asked(daemon: &Daemon, body: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let reply = Http::unix(daemon).post_to(CALL, body, headers);
    (reply.status, reply.json())
}

fn call(daemon: &Daemon, wanted: &Value) -> (u16, Value) {
    asked(daemon, &wanted.to_string(), &[])
}

/// What the counter says that it is at.
fn value(daemon: &Daemon) -> Value {
    let (status, done) = call(daemon, &json!({ "tool": "counter__value" }));
    assert_eq!(status, 200, "{done}");
    done["result"]["structuredContent"]["value"].clone()
}

/// What `callmux_dry_run` says.
fn looked_at(done: &Value) -> Value {
    let text = done["result"]["content"][0]["text"].as_str().unwrap();
    serde_json::from_str(text).unwrap()
}

fn calls_of(daemon: &Daemon, tool: &str) -> usize {
    daemon.count("call_finished", |fact| fact["tool"] == tool)
}

#[test]
fn a_call_is_made_as_that_of_any_client() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let (status, done) =
        call(&daemon, &json!({ "tool": "counter__increment", "arguments": { "by": 2 } }));
    assert_eq!((status, &done["dry_run"]), (200, &json!(false)), "{done}");
    assert_eq!(done["result"]["structuredContent"], json!({ "value": 2 }));
    assert_eq!(done["result"]["content"][0]["type"], "text");
    assert!(done["took_us"].as_u64().unwrap() > 0, "{done}");
    let fact = daemon.wait_for("call_finished", |fact| fact["tool"] == "counter__increment");
    assert_eq!((&fact["outcome"], &fact["server"]), (&json!("done"), &json!("counter")));
    assert!(fact["client"].as_str().unwrap().starts_with("callmux-api "), "{fact}");
    assert!(fact["principal"].as_str().unwrap().starts_with("user:"), "{fact}");
    // By the name that its server has, in lines, and with what a model writes as a text.
    let body = "{\n \"server\": \"counter\",\n \"tool\": \"increment\",\n \"arguments\": {\n  \"by\": \"3\"\n }\n}";
    let (status, done) = asked(&daemon, body, &[]);
    assert_eq!((status, &done["result"]["structuredContent"]["value"]), (200, &json!(5)), "{done}");
}

#[test]
fn a_tool_that_fails_is_an_answer_and_a_server_that_refuses_a_problem() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[("failing", &[callmux(), "example-server", "failing"])]);
    daemon.wait_for("server_ready", |_| true);
    let (status, done) = call(&daemon, &json!({ "tool": "failing__fail" }));
    assert_eq!((status, &done["result"]["isError"]), (200, &json!(true)), "{done}");
    let (status, problem) = call(&daemon, &json!({ "tool": "failing__refuse" }));
    assert_eq!((status, &problem["code"]), (502, &json!("server_error")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("this tool always refuses"), "{problem}");
}

#[test]
fn a_call_that_is_looked_at_is_not_made() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let look = |arguments: Value| {
        let wanted =
            json!({ "tool": "counter__increment", "arguments": arguments, "dry_run": true });
        let (status, done) = call(&daemon, &wanted);
        assert_eq!((status, &done["dry_run"]), (200, &json!(true)), "{done}");
        looked_at(&done)
    };
    let fine = look(json!({ "by": "4" }));
    assert_eq!(fine["valid"], true, "{fine}");
    assert_eq!(fine["items"][0]["resolvedArguments"], json!({ "by": 4 }), "{fine}");
    let wrong = look(json!({ "by": "many" }));
    assert_eq!(wrong["valid"], false, "{wrong}");
    let error = &wrong["items"][0]["error"];
    assert_eq!(error["code"], "invalid_arguments", "{wrong}");
    assert!(error["details"]["problems"][0]["path"].as_str().unwrap().contains("by"), "{wrong}");
    assert_eq!(value(&daemon), 0);
    daemon.wait_for("call_finished", |fact| fact["tool"] == "counter__value");
    assert_eq!(calls_of(&daemon, "counter__increment"), 0);
}

#[test]
fn what_a_rule_denies_or_asks_about_reaches_no_server() {
    let sandbox = Sandbox::new();
    let daemon = ruled(&sandbox);
    call(&daemon, &json!({ "tool": "counter__increment" }));
    let denied = json!({ "tool": "counter__reset" });
    let by_own = json!({ "tool": "reset", "server": "counter" });
    let dry = json!({ "tool": "counter__reset", "dry_run": true });
    for wanted in [denied, by_own, dry] {
        let (status, problem) = call(&daemon, &wanted);
        assert_eq!(
            (status, &problem["code"]),
            (404, &json!("unknown_tool")),
            "{wanted}: {problem}"
        );
        assert!(problem["fix"].as_str().unwrap().contains("callmux access test"), "{problem}");
    }
    daemon.wait_for_count("call_finished", 2, |fact| {
        fact["tool"] == "counter__reset" && fact["outcome"] == "denied" && fact["rule"] == "never"
    });
    assert_eq!(value(&daemon), 1);
    let add = json!({ "tool": "notes__add", "arguments": { "text": "x" } });
    let (status, problem) = call(&daemon, &add);
    assert_eq!((status, &problem["code"]), (403, &json!("not_approved")), "{problem}");
    assert!(problem["fix"].as_str().unwrap().contains("callmux approvals"), "{problem}");
    let (_, done) = call(&daemon, &json!({ "tool": "notes__list" }));
    assert_eq!(done["result"]["structuredContent"], json!({ "notes": [] }));
}

#[test]
fn who_may_only_look_calls_nothing_and_who_manages_only_what_rules_allow() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let token = |name| format!("Bearer {}", operators::token(&sandbox, &daemon, name));
    let (reader, manager) = (token("reader"), token("manager"));
    operators::govern(&sandbox, &daemon, RULES);
    for dry_run in [false, true] {
        let body = json!({ "tool": "counter__increment", "dry_run": dry_run }).to_string();
        let (status, problem) = asked(&daemon, &body, &[("Authorization", &reader)]);
        assert_eq!((status, &problem["code"]), (403, &json!("not_allowed")), "{problem}");
        let (status, problem) = asked(&daemon, &body, &[("Authorization", &manager)]);
        assert_eq!((status, &problem["code"]), (404, &json!("unknown_tool")), "{problem}");
    }
    daemon.wait_for("call_finished", |fact| {
        fact["tool"] == "counter__increment" && fact["principal"] == "token:manager"
    });
    let of_reader = |fact: &Value| fact["principal"] == "token:reader" && fact["tool"].is_string();
    assert_eq!(daemon.count("call_finished", of_reader), 0);
    assert_eq!(value(&daemon), 0);
}

#[test]
fn what_is_no_call_is_a_problem_with_a_code() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let large = json!({ "tool": "x".repeat(1 << 20) }).to_string();
    for (body, status, code) in [
        ("", 400, "bad_body"),
        ("[]", 400, "bad_body"),
        ("{}", 400, "bad_body"),
        (r#"{"tool":7}"#, 400, "bad_body"),
        (r#"{"tool":"counter__value","tol":1}"#, 400, "bad_body"),
        (r#"{"tool":"counter__value","arguments":[]}"#, 400, "bad_body"),
        (r#"{"tool":"counter__valu"}"#, 404, "unknown_tool"),
        (r#"{"tool":"counter__valu","dry_run":true}"#, 404, "unknown_tool"),
        (r#"{"tool":"value","server":"none"}"#, 404, "unknown_tool"),
        (r#"{"tool":"value","server":"none","dry_run":true}"#, 404, "unknown_tool"),
        (
            r#"{"tool":"counter__increment","arguments":{"by":{"$file":"/no/such/file"}}}"#,
            422,
            "bad_arguments",
        ),
        (&large, 413, "too_large"),
    ] {
        let (found, problem) = asked(&daemon, body, &[]);
        let shown = &body[..body.len().min(100)];
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{shown}: {problem}");
        assert!(problem["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{shown}: {problem}");
    }
    Http::unix(&daemon).bare("POST", "/api/v1/servers/counter/stop", &[]);
    let (status, problem) = call(&daemon, &json!({ "tool": "counter__value" }));
    assert_eq!((status, &problem["code"]), (503, &json!("not_sent")), "{problem}");
}
