//! Servers by `url`: the real daemon as the client of small servers, and of another daemon.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::far::{Far, Out, SESSION, Seen, legacy, modern, said, vacant};
use crate::support::{CANARY, Daemon, Http, Lines, Sandbox, callmux, canary, until};

pub fn config(url: &str) -> String {
    format!("[servers.far]\nurl = {url:?}\n")
}

pub fn start(sandbox: &Sandbox, url: &str) -> Daemon {
    sandbox.write("config/callmux/config.toml", &config(url));
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    daemon
}

#[test]
fn callmux_itself_is_a_remote_server() {
    let (near, far) = (Sandbox::new(), Sandbox::new());
    let servers: [(&str, &[&str]); 2] = [
        ("counter", &[callmux(), "example-server", "counter"]),
        ("slow", &[callmux(), "example-server", "slow"]),
    ];
    let behind = Daemon::with(&far, &servers);
    let daemon = start(&near, &format!("http://{}/mcp", behind.address));
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let answer = client.call("far__counter__increment", &json!({ "by": 3 })).json();
    assert_eq!(answer["result"]["structuredContent"]["value"], 3, "{answer}");
    let mut bridge = Lines::bridge(&near);
    let answer = bridge.call("far__counter__increment", &json!({ "by": 4 }));
    assert_eq!(answer["result"]["structuredContent"]["value"], 7, "{answer}");
}

pub fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"))
}

pub fn echo(seen: &Seen, out: &mut Out) {
    out.json(&seen.result(&said(&seen.text)));
}

/// Whether a call failed as `outcome`, for a reason with these words.
pub fn failed(answer: &Value, outcome: &str, words: &str) {
    let failure = &answer["result"]["_meta"]["callmux/failure"];
    let reason = failure["reason"].as_str().unwrap_or_default();
    assert!(failure["outcome"] == outcome && reason.contains(words), "{answer}");
}

#[test]
fn a_legacy_server_gets_its_session_and_revision() {
    let sandbox = Sandbox::new();
    let far = Far::start(legacy(echo));
    sandbox.write("config/key", CANARY);
    let more = format!("{}headers = {{ X-Key = \"${{file:../key}}\" }}\n", config(&far.url()));
    sandbox.write("config/callmux/config.toml", &more);
    let mut daemon = Daemon::start(&sandbox);
    let ready = daemon.wait_for("server_ready", |_| true);
    assert_eq!(ready["era"], "legacy");
    daemon.wait_for("server_dialed", |fact| fact["origin"] == format!("http://{}", far.address));
    let mut bridge = Lines::bridge(&sandbox);
    let answer = bridge.call("far__echo", &json!({ "n": 1 }));
    assert!(text(&answer).contains(r#""arguments":{"n":1},"name":"echo""#), "{answer}");
    let params = json!({ "name": "far__echo", "arguments": {} });
    let answer = Http::tcp(&daemon).modern("tools/call", &params, &[]).json();
    assert!(!text(&answer).contains("protocolVersion"), "{answer}");
    far.wait_for("GET");
    let call = far.wait_for("tools/call");
    assert_eq!(call.header("mcp-session-id"), Some(SESSION));
    assert_eq!(call.header("mcp-protocol-version"), Some("2025-06-18"));
    assert_eq!(call.header("mcp-name"), None);
    let greeting = far.wait_for("initialize");
    assert_eq!((greeting.header("mcp-session-id"), greeting.header("mcp-method")), (None, None));
    assert!(far.seen().iter().all(|seen| seen.header("x-key") == Some(CANARY)));
    let initialized = far.wait_for("notifications/initialized");
    assert_eq!(initialized.header("mcp-session-id"), Some(SESSION));
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(far.wait_for("DELETE").header("mcp-session-id"), Some(SESSION));
}

#[test]
fn a_modern_server_reads_the_call_in_its_headers() {
    let sandbox = Sandbox::new();
    let far = Far::start(modern(echo));
    let daemon = start(&sandbox, &far.url());
    daemon.wait_for("definition_refused", |fact| fact["definition"] == "bad");
    let mut bridge = Lines::bridge(&sandbox);
    let answer = bridge.call("far__echo", &json!({ "region": "Köln", "n": 1 }));
    assert!(text(&answer).contains(r#""name":"echo""#), "{answer}");
    let call = far.wait_for("tools/call");
    let header = |name| call.header(name);
    assert_eq!(header("mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!((header("mcp-method"), header("mcp-name")), (Some("tools/call"), Some("echo")));
    assert_eq!(header("mcp-param-region"), Some("=?base64?S8O2bG4=?="));
    assert_eq!((header("mcp-param-n"), header("mcp-session-id")), (None, None));
    assert_eq!((far.count("GET"), far.count("initialize")), (0, 0));
    let tools = bridge.request("tools/list", &json!({})).to_string();
    assert!(tools.contains("far__echo") && !tools.contains("far__bad"), "{tools}");
}

#[test]
fn progress_comes_before_the_answer() {
    for is_modern in [false, true] {
        let call = |seen: &Seen, out: &mut Out| {
            let token = &seen.body["params"]["_meta"]["progressToken"];
            out.stream();
            out.part(": comment\n\n");
            for n in 1..=3 {
                let params = json!({ "progressToken": token, "progress": n });
                let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
                out.event(&progress.to_string());
            }
            out.event(&seen.result(&said("done")));
            out.end();
        };
        let far = if is_modern { Far::start(modern(call)) } else { Far::start(legacy(call)) };
        let sandbox = Sandbox::new();
        let _daemon = start(&sandbox, &far.url());
        let mut bridge = Lines::bridge(&sandbox);
        for _ in 0..2 {
            let params = json!({ "name": "far__echo", "_meta": { "progressToken": "p" } });
            let id = bridge.send("tools/call", &params);
            for n in 1..=3 {
                let line: Value = serde_json::from_str(&bridge.next()).unwrap();
                assert_eq!(
                    line["params"],
                    json!({ "progressToken": "p", "progress": n }),
                    "{line}"
                );
            }
            assert_eq!(text(&bridge.answer(id)), "done");
        }
    }
}

#[test]
fn a_stream_that_breaks_is_taken_up_where_it_broke() {
    let sandbox = Sandbox::new();
    let call = legacy(|_, out: &mut Out| {
        out.stream();
        out.part("id: e-7\nretry: 20\ndata:\n\n");
        out.cut();
    });
    let far = Far::start(move |seen, out| match seen.header("last-event-id") {
        // What an earlier request of the bridge's call is known by does not matter: it is the fourth.
        Some("e-7") => {
            out.stream();
            out.part("id: e-8\n");
            let answer = json!({ "jsonrpc": "2.0", "id": 4, "result": said("resumed") });
            out.event(&answer.to_string());
            out.end();
        }
        _ => call(seen, out),
    });
    let _daemon = start(&sandbox, &far.url());
    let mut bridge = Lines::bridge(&sandbox);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "resumed");
    assert_eq!(far.count("tools/call"), 1);
}

#[test]
fn a_stream_that_cannot_be_taken_up_leaves_the_outcome_open() {
    for is_modern in [false, true] {
        let call = |_: &Seen, out: &mut Out| {
            out.stream();
            out.part(": still there\n\n");
            out.cut();
        };
        let far = if is_modern { Far::start(modern(call)) } else { Far::start(legacy(call)) };
        let sandbox = Sandbox::new();
        let _daemon = start(&sandbox, &far.url());
        let mut bridge = Lines::bridge(&sandbox);
        failed(
            &bridge.call("far__echo", &json!({})),
            "outcome_unknown",
            "the stream of its answer",
        );
        assert_eq!(far.count("tools/call"), 1, "it is not sent a second time");
    }
}

#[test]
fn a_session_that_is_gone_is_begun_anew() {
    let sandbox = Sandbox::new();
    let calls = AtomicUsize::new(0);
    let far = Far::start(legacy(move |seen, out| match calls.fetch_add(1, Ordering::SeqCst) {
        1 => out.whole("404 Not Found", &["Content-Type: application/json"], &seen.error(-32001)),
        _ => echo(seen, out),
    }));
    let daemon = start(&sandbox, &far.url());
    let mut bridge = Lines::bridge(&sandbox);
    text(&bridge.call("far__echo", &json!({})));
    text(&bridge.call("far__echo", &json!({})));
    assert_eq!((far.count("initialize"), far.count("tools/call")), (2, 3));
    daemon.wait_for("server_failed", |fact| fact["reason"] == "its session is over");
    assert_eq!(far.count("DELETE"), 0, "there is nothing to end");
}

#[test]
fn a_server_that_is_not_there_is_waited_for() {
    let sandbox = Sandbox::new();
    let address = vacant();
    sandbox.write("config/callmux/config.toml", &config(&format!("http://{address}/mcp")));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_failed", |fact| {
        fact["reason"].as_str().unwrap().contains("it cannot be reached: ")
    });
    let status = sandbox.command().arg("status").output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("far"), "{status}");
    let far = Far::at(address, modern(echo));
    daemon.wait_for("server_ready", |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    text(&bridge.call("far__echo", &json!({})));
    drop(far);
    // It was there and is gone: the call waits until it is back.
    let id = bridge.start_call("far__echo", &json!({}));
    daemon.wait_for("server_failed", |fact| fact["reason"].as_str().unwrap().contains("reached"));
    let _far = Far::at(address, modern(echo));
    text(&bridge.answer(id));
}

#[test]
fn a_status_says_whether_a_call_was_carried_out() {
    let sandbox = Sandbox::new();
    let far = Far::start(modern(|seen, out| {
        match seen.body["params"]["arguments"]["n"].as_u64().unwrap() {
            0 => out.whole("500 Internal Server Error", &[], "<html>oops</html>"),
            1 => out.whole("401 Unauthorized", &["WWW-Authenticate: Bearer"], ""),
            2 => out.whole("503 Service Unavailable", &["Retry-After: 3600"], ""),
            3 => out.whole("429 Too Many Requests", &[], "slow down"),
            10 => {
                let said =
                    r#"{"error": {"code": 7, "message": "your plan\nexcludes \u001b[31mthis"}}"#;
                out.whole("403 Forbidden", &["Content-Type: application/json"], said);
            }
            4 => out.whole("400 Bad Request", &[], &seen.error(-32602)),
            5 => out.whole("302 Found", &["Location: /x"], ""),
            6 => out.whole("202 Accepted", &[], ""),
            7 => out.json(r#"{"jsonrpc":"2.0","id":"other","result":{}}"#),
            8 => out.json("not JSON"),
            _ => out.cut(),
        }
    }));
    let daemon = start(&sandbox, &far.url());
    let mut bridge = Lines::bridge(&sandbox);
    let mut check = |n: u64, outcome: &str, words: &str| {
        failed(&bridge.call("far__echo", &json!({ "n": n })), outcome, words);
    };
    check(0, "outcome_unknown", "server far: HTTP status 500");
    check(1, "not_sent", "login needed: run `callmux login far`");
    check(2, "not_sent", "HTTP status 503 Service Unavailable; try again after 3600 s");
    check(3, "not_sent", "HTTP status 429 Too Many Requests: slow down");
    check(10, "not_sent", "HTTP status 403 Forbidden: your plan excludes \\u{1b}[31mthis");
    check(5, "not_sent", "HTTP status 302");
    check(6, "outcome_unknown", "HTTP status 202 Accepted without an answer");
    check(7, "outcome_unknown", "is no answer to the request");
    check(8, "outcome_unknown", "is no answer to the request");
    check(9, "outcome_unknown", "its connection broke");
    let answer = bridge.call("far__echo", &json!({ "n": 4 }));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert_eq!(daemon.count("server_failed", |_| true), 0, "the server goes on");
}

#[test]
fn a_call_is_taken_back_in_the_way_of_its_era() {
    for is_modern in [false, true] {
        let (closed, told) = std::sync::mpsc::channel();
        let closed = std::sync::Mutex::new(closed);
        let call = move |_: &Seen, out: &mut Out| {
            out.stream();
            out.part(": working\n\n");
            out.wait_for_close();
            closed.lock().unwrap().send(()).unwrap();
        };
        let far = if is_modern { Far::start(modern(call)) } else { Far::start(legacy(call)) };
        let sandbox = Sandbox::new();
        let _daemon = start(&sandbox, &far.url());
        let mut bridge = Lines::bridge(&sandbox);
        let id = bridge.start_call("far__echo", &json!({}));
        let call = far.wait_for("tools/call");
        let params = json!({ "requestId": id });
        bridge.write(
            &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })
                .to_string(),
        );
        told.recv_timeout(crate::support::PATIENCE).expect("the end of the stream");
        if is_modern {
            assert_eq!(far.count("notifications/cancelled"), 0);
        } else {
            let note = far.wait_for("notifications/cancelled");
            assert_eq!(note.body["params"]["requestId"], call.body["id"]);
        }
    }
}

#[test]
fn a_bomb_ends_one_request() {
    let sandbox = Sandbox::new();
    let far = Far::start(modern(|seen, out| {
        let big = "x".repeat(64 * 1024);
        match seen.body["params"]["arguments"]["n"].as_u64().unwrap() {
            0 => out.json(&seen.result(&said(&"x".repeat(2_000_000)))),
            1 => {
                out.stream();
                while out.part(&big) {}
            }
            2 => {
                out.stream();
                while out.part(&format!("data: {big}\n")) {}
            }
            _ => echo(seen, out),
        }
    }));
    let url = far.url();
    sandbox
        .write("config/callmux/config.toml", &format!("{}max_message = \"1MiB\"\n", config(&url)));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    for n in 0..3 {
        let answer = bridge.call("far__echo", &json!({ "n": n }));
        failed(&answer, "outcome_unknown", "raise `max_message`");
    }
    text(&bridge.call("far__echo", &json!({ "n": 3 })));
    assert_eq!(daemon.count("server_failed", |_| true), 0);
}

#[test]
fn a_redirect_is_followed_only_within_its_origin() {
    let (sandbox, other) = (Sandbox::new(), Far::start(modern(echo)));
    let elsewhere = format!("Location: {}?key={CANARY}", other.url());
    let far = Far::start(modern(move |seen, out| {
        match seen.body["params"]["arguments"]["n"].as_u64().unwrap() {
            0 => out.whole("307 Temporary Redirect", &[&elsewhere], ""),
            _ => echo(seen, out),
        }
    }));
    let _daemon = start(&sandbox, &far.url());
    let mut bridge = Lines::bridge(&sandbox);
    let words = format!("another origin ({})", other.url());
    failed(&bridge.call("far__echo", &json!({ "n": 0 })), "not_sent", &words);
    text(&bridge.call("far__echo", &json!({ "n": 1 })));
    assert!(other.seen().is_empty());
}

#[test]
fn what_a_legacy_server_says_unasked_is_heard() {
    let sandbox = Sandbox::new();
    let rest = legacy(echo);
    let streams = AtomicUsize::new(0);
    let far = Far::start(move |seen, out| match seen.method() {
        "GET" => {
            out.stream();
            out.part("id: canary7-event\nretry: 10\ndata:\n\n");
            match streams.fetch_add(1, Ordering::SeqCst) {
                0 => out.cut(),
                1 => {
                    out.event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
                    out.event(r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#);
                    out.wait_for_close();
                }
                _ => out.wait_for_close(),
            }
        }
        _ => rest(seen, out),
    });
    let mut daemon = start(&sandbox, &far.url());
    until("the list to be read again", || (far.count("tools/list") >= 2).then_some(()));
    until("the answer to the ping", || {
        far.seen()
            .into_iter()
            .find(|seen| seen.body["id"] == "p" && seen.body["result"].is_object())
    });
    let again = far.seen().into_iter().filter(|seen| seen.verb == "GET").nth(1).unwrap();
    assert_eq!(again.header("last-event-id"), Some(canary!("-event")));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn questions_of_a_legacy_server_reach_the_caller() {
    let sandbox = Sandbox::new();
    let (answered, told) = std::sync::mpsc::channel();
    let (answered, told) = (std::sync::Mutex::new(answered), std::sync::Mutex::new(told));
    let rest = legacy(move |seen, out| {
        out.stream();
        out.event(r#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{}}"#);
        let answer: String = told.lock().unwrap().recv().unwrap();
        out.event(&seen.result(&said(&answer)));
        out.end();
    });
    let far = Far::start(move |seen, out| {
        if seen.body["id"] == "q" {
            answered.lock().unwrap().send(seen.text.clone()).unwrap();
        }
        rest(seen, out);
    });
    let _daemon = start(&sandbox, &far.url());
    let mut command = sandbox.command();
    command.arg("bridge");
    let mut bridge = Lines::start(command);
    bridge.greet(&json!({ "elicitation": {} }));
    let call = bridge.start_call("far__echo", &json!({}));
    let question = bridge.take("the question", |line| line.contains("elicitation/create"));
    let question: Value = serde_json::from_str(&question).unwrap();
    let answer =
        json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "accept" } });
    bridge.write(&answer.to_string());
    assert!(text(&bridge.answer(call)).contains("accept"));
}

#[test]
fn one_url_is_served_without_a_daemon() {
    let sandbox = Sandbox::new();
    let far = Far::start(legacy(echo));
    let mut client = Lines::inline(&sandbox, &[&far.url()]);
    assert!(text(&client.call("echo", &json!({}))).contains("tools/call"));
    assert_eq!(client.finish(), Some(0));
    far.wait_for("DELETE");
}

#[test]
fn a_subscription_that_breaks_is_asked_for_again() {
    let sandbox = Sandbox::new();
    let rest = modern(echo);
    let streams = AtomicUsize::new(0);
    let far = Far::start(move |seen, out| match seen.method() {
        "server/discover" => out.json(&seen.result(&json!({ "resultType": "complete",
            "supportedVersions": ["2026-07-28"], "ttlMs": 0, "cacheScope": "private",
            "capabilities": { "tools": { "listChanged": true } } }))),
        "subscriptions/listen" => {
            out.stream();
            out.part(": here\n\n");
            match streams.fetch_add(1, Ordering::SeqCst) {
                0 => out.cut(),
                _ => out.wait_for_close(),
            }
        }
        _ => rest(seen, out),
    });
    let mut daemon = start(&sandbox, &far.url());
    until("the list to be read again", || (far.count("tools/list") >= 2).then_some(()));
    until("the second subscription", || (far.count("subscriptions/listen") == 2).then_some(()));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn more_calls_than_there_is_room_for_wait() {
    let sandbox = Sandbox::new();
    let (running, most) = (AtomicUsize::new(0), std::sync::Arc::new(AtomicUsize::new(0)));
    let seen_most = most.clone();
    let far = Far::start(modern(move |seen, out| {
        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        // The first ones wait until as many run as ever may.
        until("the others", || (most.load(Ordering::SeqCst) >= 256).then_some(()));
        running.fetch_sub(1, Ordering::SeqCst);
        echo(seen, out);
    }));
    let _daemon = start(&sandbox, &far.url());
    let mut bridge = Lines::bridge(&sandbox);
    let calls: Vec<u64> =
        (0..300).map(|n| bridge.start_call("far__echo", &json!({ "n": n }))).collect();
    for (n, id) in calls.into_iter().enumerate() {
        assert!(text(&bridge.answer(id)).contains(&format!(r#""n":{n}}}"#)));
    }
    assert_eq!(seen_most.load(Ordering::SeqCst), 256);
}

#[test]
fn connections_are_used_again() {
    let sandbox = Sandbox::new();
    let far = Far::start(modern(|seen, out| {
        if seen.body["params"]["arguments"]["n"] == 0 {
            return echo(seen, out);
        }
        out.stream();
        out.event(&seen.result(&said("done")));
        out.end();
    }));
    let _daemon = start(&sandbox, &far.url());
    let mut bridge = Lines::bridge(&sandbox);
    for n in 0..40 {
        text(&bridge.call("far__echo", &json!({ "n": n % 2 })));
    }
    assert!(far.connections() <= 6, "{} connections", far.connections());
}
