//! What operators see of sessions and calls while they are there, and how they end them.

use serde_json::{Value, json};

use crate::support::http::modern_body;
use crate::support::{Daemon, Http, Lines, Sandbox, callmux, until};

fn start(sandbox: &Sandbox) -> Daemon {
    let servers: [(&str, &[&str]); 2] = [
        ("counter", &[callmux(), "example-server", "counter"]),
        ("slow", &[callmux(), "example-server", "slow"]),
    ];
    let daemon = Daemon::with(sandbox, &servers);
    daemon.wait_for_count("server_ready", 2, |_| true);
    daemon
}

fn ask(daemon: &Daemon, method: &str, path: &str) -> (u16, Value) {
    let reply = Http::unix(daemon).bare(method, path, &[]);
    (reply.status, serde_json::from_str(&reply.body).unwrap_or_default())
}

fn sessions(daemon: &Daemon) -> Vec<Value> {
    let (status, open) = ask(daemon, "GET", "/api/v1/sessions");
    assert_eq!(status, 200, "{open}");
    open.as_array().unwrap().clone()
}

fn end(daemon: &Daemon, id: &Value) -> (u16, Value) {
    ask(daemon, "DELETE", &format!("/api/v1/sessions/{}", id.as_str().unwrap()))
}

#[test]
fn a_bridge_whose_session_is_ended_says_why_and_ends() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    client.call("counter__increment", &json!({}));
    let call = client.start_call("slow__wait", &json!({ "seconds": 600 }));
    let open = until("a call in flight", || {
        let one = sessions(&daemon).pop()?;
        (one["in_flight"] == 1).then_some(one)
    });
    assert_eq!((&open["front"], &open["era"]), (&json!("link"), &json!("legacy")));
    assert_eq!((&open["revision"], &open["client"]), (&json!("2025-11-25"), &json!("test 1")));
    assert_eq!((&open["process"]["pid"], &open["calls"]), (&json!(client.pid()), &json!(1)));
    assert!(open["opened_at"].as_u64().unwrap() > 0 && open["sent_bytes"].as_u64().unwrap() > 0);
    assert!(open["principal"].as_str().unwrap().starts_with("user:"), "{open}");
    let directory = open["directory"].as_str().unwrap();
    assert!(std::path::Path::new(directory).is_absolute(), "{directory}");
    let (status, ended) = end(&daemon, &open["id"]);
    assert_eq!((status, &ended["id"], &ended["in_flight"]), (200, &open["id"], &json!(1)));
    let told = client.answer(call).to_string();
    assert!(told.contains("an operator of callmux ended the session"), "{told}");
    assert!(told.contains("outcome_unknown"), "{told}");
    daemon.wait_for("call_finished", |fact| fact["outcome"] == "cancelled");
    let opened = daemon.wait_for("session_opened", |_| true);
    daemon.wait_for("session_ended", |fact| {
        fact["session"] == opened["session"] && fact["calls"] == "1"
    });
    daemon.wait_for("session_closed", |fact| fact["session"] == opened["session"]);
    assert_eq!(client.ended(), Some(71));
    assert_eq!(sessions(&daemon), Vec::<Value>::new());
    let (status, problem) = end(&daemon, &open["id"]);
    assert_eq!((status, &problem["code"]), (404, &json!("unknown_session")));
    assert_eq!(daemon.count("session_opened", |_| true), 1, "it began no other");
}

#[test]
fn over_http_the_id_of_an_ended_session_is_gone() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let id = client.session.clone().unwrap();
    let open = sessions(&daemon).pop().unwrap();
    assert_eq!(open["front"], "http");
    client.start_post(
        &json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call",
            "params": { "name": "slow__wait", "arguments": { "seconds": 600 } } })
        .to_string(),
        &[],
    );
    until("a call in flight", || (sessions(&daemon).pop()?["in_flight"] == 1).then_some(()));
    let (status, problem) = ask(&daemon, "DELETE", "/api/v1/sessions/none");
    assert_eq!((status, &problem["code"]), (404, &json!("unknown_session")));
    assert!(problem["fix"].as_str().unwrap().contains(open["id"].as_str().unwrap()), "{problem}");
    assert_eq!(end(&daemon, &open["id"]).0, 200);
    daemon.wait_for("call_finished", |fact| fact["outcome"] == "cancelled");
    daemon.wait_for("session_closed", |fact| fact["session"] == id);
    let mut again = Http::tcp(&daemon);
    again.session = Some(id);
    assert_eq!(again.call("counter__value", &json!({})).status, 404);
}

#[test]
fn over_sse_the_stream_of_an_ended_session_ends() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut stream = Http::tcp(&daemon);
    stream.start_bare("GET", "/sse", &[]);
    assert_eq!(stream.read_head().status, 200);
    let endpoint = stream.read_chunk().unwrap();
    let open = sessions(&daemon).pop().unwrap();
    assert_eq!(open["front"], "sse");
    assert_eq!(end(&daemon, &open["id"]).0, 200);
    assert_eq!(stream.read_chunk(), None);
    daemon.wait_for("session_closed", |fact| endpoint.contains(fact["session"].as_str().unwrap()));
}

#[test]
fn a_method_that_is_not_taken_is_told_with_those_that_are() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let reply = Http::unix(&daemon).bare("GET", "/api/v1/sessions/none", &[]);
    assert_eq!((reply.status, reply.header("allow")), (405, Some("DELETE")));
    let mut head = Http::unix(&daemon);
    head.start_bare("HEAD", "/api/v1/sessions/none", &[]);
    assert_eq!(head.read_head().status, 405);
}

fn open_calls(daemon: &Daemon) -> Vec<Value> {
    let (status, open) = ask(daemon, "GET", "/api/v1/calls/open");
    assert_eq!(status, 200, "{open}");
    open.as_array().unwrap().clone()
}

#[test]
fn a_call_in_flight_is_seen_and_cancelled_and_its_client_is_told_by_whom() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    let first = client.start_call("slow__wait", &json!({ "seconds": 600 }));
    let first_id = until("the first call", || Some(open_calls(&daemon).pop()?["id"].clone()));
    let second = client.start_call("slow__wait", &json!({ "seconds": 601 }));
    let open = until("both calls", || Some(open_calls(&daemon)).filter(|open| open.len() == 2));
    let (one, other) = (&open[0], &open[1]);
    assert_eq!((&one["id"], &one["name"]), (&first_id, &json!("slow__wait")), "the longest first");
    assert_eq!((&one["server"], &one["client"]), (&json!("slow"), &json!("test 1")));
    assert_eq!(one["session"], sessions(&daemon)[0]["id"]);
    assert!(one["age_us"].as_u64().unwrap() >= other["age_us"].as_u64().unwrap(), "{open:?}");
    let cancel = |id: &Value| {
        ask(&daemon, "DELETE", &format!("/api/v1/calls/open/{}", id.as_str().unwrap()))
    };
    let (status, cancelled) = cancel(&one["id"]);
    assert_eq!((status, &cancelled["id"]), (200, &one["id"]));
    let told = client.answer(first).to_string();
    assert!(told.contains("an operator of callmux cancelled it"), "{told}");
    assert!(told.contains("outcome_unknown"), "{told}");
    daemon.wait_for("call_cancelled", |fact| {
        fact["call_id"] == one["id"] && fact["tool"] == "slow__wait"
    });
    daemon.wait_for("call_finished", |fact| {
        fact["call_id"] == one["id"] && fact["outcome"] == "outcome_unknown"
    });
    // The other one goes on, and the session as well.
    assert_eq!(open_calls(&daemon).len(), 1);
    assert_ne!(client.call("counter__increment", &json!({}))["result"]["isError"], json!(true));
    let (status, problem) = cancel(&one["id"]);
    assert_eq!((status, &problem["code"]), (404, &json!("unknown_call")));
    assert!(problem["fix"].as_str().unwrap().contains(other["id"].as_str().unwrap()), "{problem}");
    assert_eq!(cancel(&other["id"]).0, 200);
    client.answer(second);
    assert_eq!(open_calls(&daemon), Vec::<Value>::new());
}

#[test]
fn calls_of_our_own_tools_and_of_clients_without_a_session_are_seen_as_well() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    let calls = json!([{ "server": "slow", "tool": "wait", "arguments": { "seconds": 600 } }]);
    let meta = client.start_call("callmux_parallel", &json!({ "calls": calls }));
    let mut modern = Http::tcp(&daemon);
    let params = json!({ "name": "slow__wait", "arguments": { "seconds": 600 } });
    modern.start_post(
        &modern_body("tools/call", &params),
        &[
            ("MCP-Protocol-Version", "2026-07-28"),
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", "slow__wait"),
        ],
    );
    let open = until("both", || Some(open_calls(&daemon)).filter(|open| open.len() == 2));
    assert_eq!(open.iter().filter(|call| call["inner"] == true).count(), 1, "{open:?}");
    for call in &open {
        let path = format!("/api/v1/calls/open/{}", call["id"].as_str().unwrap());
        assert_eq!(ask(&daemon, "DELETE", &path).0, 200);
    }
    assert!(client.answer(meta).to_string().contains("an operator of callmux cancelled it"));
    assert!(modern.read().body.contains("an operator of callmux cancelled it"));
}

fn history(daemon: &Daemon, query: &str) -> Value {
    let (status, page) = ask(daemon, "GET", &format!("/api/v1/history{query}"));
    assert_eq!(status, 200, "{page}");
    page
}

#[test]
fn the_history_is_looked_up_page_by_page() {
    let sandbox = Sandbox::new();
    sandbox.write("config/callmux/conf.d/history.toml", "[history]\nenabled = true\n");
    let daemon = start(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    for _ in 0..5 {
        client.call("counter__increment", &json!({}));
    }
    client.call("counter__value", &json!({}));
    until("all calls in the file", || {
        let page = history(&daemon, "?kind=call.end&tool=counter__*");
        (page["events"].as_array().unwrap().len() == 6).then_some(())
    });
    let increments = "kind=call.end&tool=counter__increment&client=test";
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = history(&daemon, &format!("?{increments}&limit=2{cursor}"));
        let events = page["events"].as_array().unwrap().clone();
        assert!(events.iter().all(|event| event["tool"] == "counter__increment"), "{page}");
        seen.extend(events.iter().map(|event| event["id"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(seen.len() == 5 && seen.is_sorted_by(|one, next| one > next), "{seen:?}");
    let nothing = history(&daemon, "?outcome=denied&since=1h");
    assert_eq!(nothing, json!({ "events": [], "next_cursor": null }));
    assert_eq!(history(&daemon, "?until=2020-01-01")["events"], json!([]));
    let servers = history(&daemon, "?kind=server.*&server=counter");
    assert!(!servers["events"].as_array().unwrap().is_empty(), "{servers}");
    let hours = until("the sums", || {
        let (_, hours) = ask(&daemon, "GET", "/api/v1/history/hours?tool=counter__increment");
        (hours["hours"][0]["n"] == 5).then_some(hours)
    });
    let hour = &hours["hours"][0];
    assert_eq!((&hour["server"], &hour["outcome"]), (&json!("counter"), &json!("done")));
    assert!(hour["us_p95"].as_u64() >= hour["us_p50"].as_u64() && hours["is_cut"] == false);
    for wrong in ["limit=0", "limit=1001", "cursor=x", "since=soon", "after=1"] {
        let (status, problem) = ask(&daemon, "GET", &format!("/api/v1/history?{wrong}"));
        assert_eq!((status, &problem["code"]), (400, &json!("bad_query")), "{wrong}");
    }
}

#[test]
fn where_no_history_is_kept_it_is_said_how_one_is() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    for path in ["/api/v1/history", "/api/v1/history/hours"] {
        let (status, problem) = ask(&daemon, "GET", path);
        assert_eq!((status, &problem["code"]), (404, &json!("no_history")));
        assert!(problem["fix"].as_str().unwrap().contains("`enabled = true` in `[history]`"));
    }
}
