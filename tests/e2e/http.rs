//! Streamable HTTP in both eras, over TCP and over the unix socket.

use serde_json::{Value, json};

use crate::support::http::modern_body;
use crate::support::{Daemon, Http, Sandbox, callmux, canary, hostile};

fn start(sandbox: &Sandbox) -> Daemon {
    let path = hostile();
    let servers: [(&str, &[&str]); 3] = [
        ("counter", &[callmux(), "example-server", "counter"]),
        ("slow", &[callmux(), "example-server", "slow"]),
        ("h", &[path.to_str().unwrap()]),
    ];
    Daemon::with(sandbox, &servers)
}

#[test]
fn a_legacy_session_from_its_greeting_to_its_end() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    for mut http in [Http::tcp(&daemon), Http::unix(&daemon)] {
        let reply = http.request("ping", &json!({}));
        assert_eq!(reply.status, 400, "no session: {reply:?}");
        let mut http = http.legacy(&json!({}));
        assert_eq!(
            http.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, &[]).status,
            202
        );
        assert_eq!(http.request("ping", &json!({})).json()["result"], json!({}));
        let tools = http.request("tools/list", &json!({})).json();
        let names: Vec<&str> = tools["result"]["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap())
            .collect();
        assert!(names.is_sorted() && names.contains(&"counter__increment"), "{names:?}");
        assert!(
            http.call("increment", &json!({})).json()["result"]["structuredContent"]["value"]
                .is_number()
        );
        let unknown = http.call("counter__incremant", &json!({})).json();
        assert_eq!(unknown["error"]["code"], -32602);
        assert_eq!(
            unknown["error"]["message"],
            "unknown tool: counter__incremant; did you mean counter__increment?"
        );
        assert_eq!(http.bare("DELETE", "/mcp", &[]).status, 204);
        assert_eq!(http.bare("DELETE", "/mcp", &[]).status, 404);
    }
}

#[test]
fn a_session_that_we_do_not_know_is_taken_up_again() {
    let sandbox = Sandbox::new();
    let mut daemon = start(&sandbox);
    let before = Http::tcp(&daemon).legacy(&json!({}));
    let session = before.session.clone();
    daemon.kill();
    let daemon = start(&sandbox);
    let mut after = Http::tcp(&daemon);
    after.session = session;
    assert_eq!(
        after.call("counter__value", &json!({})).json()["result"]["structuredContent"]["value"],
        0
    );
    after.session = Some(canary!("-not-an-id").to_owned());
    assert_eq!(after.request("ping", &json!({})).status, 404);
}

#[test]
fn changes_are_announced_once_on_the_standing_stream() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    let mut listening = Http::tcp(&daemon);
    listening.session = http.session.clone();
    listening.start_bare("GET", "/mcp", &[]);
    let head = listening.read_head();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    let primed = listening.read_chunk().unwrap();
    assert!(primed.starts_with("id: "), "{primed}");
    http.request("tools/list", &json!({}));
    http.call("h__grow", &json!({}));
    let told = listening.read_chunk().unwrap();
    assert!(told.contains("notifications/tools/list_changed"), "{told}");
    // The list with the new tool is seen; nothing more is said about it.
    let tools = http.request("tools/list", &json!({})).json()["result"]["tools"].to_string();
    assert!(tools.contains("h__extra_0"));
    http.call("h__grow", &json!({}));
    assert!(listening.read_chunk().unwrap().contains("list_changed"), "of the second change");
}

#[test]
fn a_stream_that_broke_is_resumed_where_it_broke() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let http = Http::tcp(&daemon).legacy(&json!({}));
    let mut calling = Http::tcp(&daemon);
    calling.session = http.session.clone();
    let body = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call",
        "params": { "name": "slow__wait", "arguments": { "seconds": 0.5, "steps": 5 }, "_meta": { "progressToken": 1 } } });
    calling.start_post(&body.to_string(), &[]);
    assert_eq!(calling.read_head().header("content-type"), Some("text/event-stream"));
    let mut seen = String::new();
    while !seen.contains(r#""progress":2"#) {
        seen += &calling.read_chunk().unwrap();
    }
    let last =
        seen.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap().to_owned();
    // The connection is lost; the call goes on, and the rest of the stream waits.
    drop(calling);
    let mut again = Http::tcp(&daemon);
    again.session = http.session.clone();
    let reply = again.bare("GET", "/mcp", &[("Last-Event-ID", &last)]);
    let events = reply.events();
    assert!(events.iter().any(|event| event.contains(r#""progress":5"#)), "{events:?}");
    assert!(!events.iter().any(|event| event.contains(r#""progress":2"#)), "{events:?}");
    assert!(events.last().unwrap().contains("waited 0.5 s"), "{events:?}");
}

#[test]
fn a_quiet_call_becomes_a_stream_and_a_cancelled_one_ends() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    let mut calling = Http::tcp(&daemon);
    calling.session = http.session.clone();
    calling.start_post(
        r#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"h__hang"}}"#,
        &[],
    );
    let head = calling.read_head();
    assert_eq!(
        head.header("content-type"),
        Some("text/event-stream"),
        "it shows that we are there"
    );
    let cancel =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}"#;
    assert_eq!(http.post(cancel, &[]).status, 202);
    daemon.wait_for("call_finished", |fact| fact["outcome"] == "cancelled");
    while calling.read_chunk().is_some() {}
}

#[test]
fn a_modern_client_needs_no_session() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    for mut http in [Http::tcp(&daemon), Http::unix(&daemon)] {
        let found = http.modern("server/discover", &json!({}), &[]).json();
        assert_eq!(found["result"]["supportedVersions"][0], "2026-07-28");
        let tools = http.modern("tools/list", &json!({}), &[]).json();
        assert_eq!(
            (&tools["result"]["resultType"], &tools["result"]["cacheScope"]),
            (&json!("complete"), &json!("private"))
        );
        assert!(tools["result"]["ttlMs"].is_number());
        // A modern server's answer passes; a legacy server's gets what is missing.
        for tool in ["counter__increment", "h__twice"] {
            let answer = http.modern("tools/call", &json!({ "name": tool, "arguments": {} }), &[]);
            assert_eq!(answer.json()["result"]["resultType"], "complete", "{tool}");
        }
        assert_eq!(http.bare("GET", "/mcp", &[("MCP-Protocol-Version", "2026-07-28")]).status, 405);
        assert_eq!(
            http.bare("DELETE", "/mcp", &[("MCP-Protocol-Version", "2026-07-28")]).status,
            405
        );
    }
}

#[test]
fn a_modern_request_must_be_whole_and_its_headers_true() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon);
    let call = json!({ "name": "h__received", "arguments": {} });
    let mut check =
        |method: &str, params: &Value, more: &[(&str, &str)], status: u16, code: i64| {
            let reply = http.modern(method, params, more);
            assert_eq!(
                (reply.status, reply.json()["error"]["code"].as_i64()),
                (status, Some(code)),
                "{method} {more:?}"
            );
            assert_eq!(reply.json()["id"], "m1");
        };
    check("tools/call", &call, &[("Mcp-Name", "h__other")], 400, -32020);
    check("tools/call", &call, &[("Mcp-Name", "")], 400, -32020);
    check("tools/call", &call, &[("Mcp-Method", "tools/list")], 400, -32020);
    check("tools/call", &call, &[("MCP-Protocol-Version", "2025-11-25")], 400, -32020);
    check("no/such", &json!({}), &[], 404, -32601);
    check("tools/call", &json!({ "name": "no_such_tool_at_all" }), &[], 200, -32602);
    let version = modern_body("tools/list", &json!({})).replace("2026-07-28", "2099-01-01");
    let reply = http
        .post(&version, &[("MCP-Protocol-Version", "2099-01-01"), ("Mcp-Method", "tools/list")]);
    assert_eq!((reply.status, reply.json()["error"]["code"].as_i64()), (400, Some(-32022)));
    assert_eq!(reply.json()["error"]["data"]["supported"][0], "2026-07-28");
    assert_eq!(
        daemon.count("call_finished", |fact| fact["server"] == "h"),
        0,
        "no server was ever contacted"
    );
}

#[test]
fn a_modern_client_that_leaves_takes_its_call_back() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon);
    let params = json!({ "name": "h__hang", "arguments": {} });
    let headers = [
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "h__hang"),
    ];
    http.start_post(&modern_body("tools/call", &params), &headers);
    assert_eq!(http.read_head().status, 200);
    drop(http);
    daemon.wait_for("call_finished", |fact| fact["outcome"] == "cancelled");
}

#[test]
fn a_subscription_tells_of_changes_under_its_id() {
    let sandbox = Sandbox::new();
    let mut daemon = start(&sandbox);
    let mut listening = Http::tcp(&daemon);
    let body = modern_body(
        "subscriptions/listen",
        &json!({ "notifications": { "toolsListChanged": true } }),
    );
    listening.start_post(
        &body,
        &[("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "subscriptions/listen")],
    );
    assert_eq!(listening.read_head().header("content-type"), Some("text/event-stream"));
    let first = listening.read_chunk().unwrap();
    assert!(
        first.contains("notifications/subscriptions/acknowledged")
            && first.contains(r#""io.modelcontextprotocol/subscriptionId":"m1""#),
        "{first}"
    );
    Http::tcp(&daemon).modern("tools/call", &json!({ "name": "h__grow" }), &[]);
    let told = listening.read_chunk().unwrap();
    assert!(
        told.contains("notifications/tools/list_changed")
            && told.contains(r#"subscriptionId":"m1""#),
        "{told}"
    );
    assert_eq!(daemon.stop(), Some(0));
    let last = listening.read_chunk().unwrap();
    assert!(last.contains(r#""id":"m1","result""#), "a daemon that stops ends it in order: {last}");
}

#[test]
fn the_list_is_the_same_text_after_a_restart() {
    let sandbox = Sandbox::new();
    let mut daemon = start(&sandbox);
    let list = |daemon: &Daemon| {
        Http::tcp(daemon).legacy(&json!({})).request("tools/list", &json!({})).message()
    };
    let before = list(&daemon);
    let crash = Http::tcp(&daemon).legacy(&json!({})).call("h__crash", &json!({})).json();
    assert_eq!(crash["result"]["isError"], true);
    assert_eq!(list(&daemon), before, "while a server is down");
    daemon.stop();
    let daemon = start(&sandbox);
    assert_eq!(list(&daemon), before);
}

#[test]
fn batches_are_answered_where_they_exist() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon);
    let greeting = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    http.session = http.post(greeting, &[]).header("mcp-session-id").map(str::to_owned);
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"counter__value"}},7]"#;
    let answers = http.post(batch, &[]).json();
    assert_eq!(answers.as_array().unwrap().len(), 3);
    assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&json!(1), &json!(2)));
    assert_eq!(answers[2]["error"]["code"], -32600);
    let mut later = Http::tcp(&daemon).legacy(&json!({}));
    let refused = later.post(batch, &[]);
    assert_eq!((refused.status, refused.json()["error"]["code"].as_i64()), (400, Some(-32600)));
}

#[test]
fn health_and_readiness_are_told() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon);
    assert_eq!(http.bare("GET", "/health", &[]).json(), json!({ "status": "ok" }));
    assert_eq!(
        http.bare("GET", "/ready", &[]).json(),
        json!({ "status": "ok", "servers": 3, "ready": 3 })
    );
    assert_eq!(http.bare("GET", "/elsewhere", &[]).status, 404);
    assert_eq!(http.bare("GET", "/link", &[]).status, 426);
}

#[test]
fn who_was_let_in_is_served_before_the_daemon_stops() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut silent = Http::tcp(&daemon);
    let mut half = Http::tcp(&daemon).legacy(&json!({}));
    let body =
        r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"counter__value"}}"#;
    let headers = [
        format!("Host: {}", daemon.address),
        "Content-Type: application/json".to_owned(),
        format!("Mcp-Session-Id: {}", half.session.clone().unwrap()),
        format!("Content-Length: {}", body.len()),
    ];
    half.send_raw("POST /mcp HTTP/1.1", &headers, &body.as_bytes()[..20]);
    // Both connections are accepted once a later one is served.
    assert_eq!(Http::tcp(&daemon).bare("GET", "/health", &[]).status, 200);
    daemon.signal(rustix::process::Signal::TERM);
    daemon.wait_for("daemon_draining", |_| true);
    silent.start_bare("GET", "/health", &[]);
    assert_eq!(silent.read().status, 200);
    half.send_rest(&body.as_bytes()[20..]);
    assert_eq!(half.read().json()["result"]["structuredContent"]["value"], 0);
}

#[test]
fn streams_without_an_end_do_not_hold_up_a_stop() {
    let sandbox = Sandbox::new();
    // A stop that waited for them would outlast the test's patience.
    sandbox.write("config/callmux/config.toml", "drain_timeout = \"5m\"\n");
    let mut daemon = Daemon::start(&sandbox);
    let http = Http::tcp(&daemon).legacy(&json!({}));
    let mut listening = Http::tcp(&daemon);
    listening.session = http.session.clone();
    listening.start_bare("GET", "/mcp", &[]);
    assert_eq!(listening.read_head().status, 200);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_standing_stream_that_is_resumed_still_hears_of_changes() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    http.request("tools/list", &json!({}));
    let mut listening = Http::tcp(&daemon);
    listening.session = http.session.clone();
    listening.start_bare("GET", "/mcp", &[]);
    listening.read_head();
    let primed = listening.read_chunk().unwrap();
    let last = primed.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    drop(listening);
    let mut again = Http::tcp(&daemon);
    again.session = http.session.clone();
    again.start_bare("GET", "/mcp", &[("Last-Event-ID", &last)]);
    assert_eq!(again.read_head().status, 200);
    http.call("h__grow", &json!({}));
    assert!(again.read_chunk().unwrap().contains("list_changed"));
}
