//! Servers that speak HTTP with SSE (2024-11-05), and those that only seem to.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::remote::{config, echo, failed, start, text};
use crate::support::far::{Far, Out, Seen, Stream, older, said, vacant};
use crate::support::{CANARY, Daemon, Http, Lines, Sandbox, callmux, until};

/// Answers on the stream.
fn echo_there(seen: &Seen, out: &mut Out, stream: &Stream) {
    out.whole("202 Accepted", &[], "Accepted");
    stream.event(&seen.result(&said(&seen.text)));
}

/// A daemon with this server and further lines for it.
fn start_with(sandbox: &Sandbox, url: &str, lines: &str) -> Daemon {
    sandbox.write("config/callmux/config.toml", &format!("{}{lines}\n", config(url)));
    Daemon::start(sandbox)
}

/// Why the server could not be started.
fn reason(daemon: &Daemon) -> String {
    let fact = daemon.wait_for("server_failed", |_| true);
    fact["reason"].as_str().unwrap().to_owned()
}

#[test]
fn callmux_itself_speaks_it() {
    for lines in ["", "transport = \"sse\""] {
        let (near, far) = (Sandbox::new(), Sandbox::new());
        let behind = Daemon::with(&far, &[("counter", &[callmux(), "example-server", "counter"])]);
        let _daemon = start_with(&near, &format!("http://{}/sse", behind.address), lines);
        let mut bridge = Lines::bridge(&near);
        let answer = bridge.call("far__counter__increment", &json!({ "by": 4 }));
        assert_eq!(answer["result"]["structuredContent"]["value"], 4, "{answer}");
        let answer = bridge.call("callmux_status", &json!({ "detail": true }));
        assert!(answer.to_string().contains(r#"\"transport\":\"sse\""#), "{answer}");
    }
}

#[test]
fn it_is_tried_when_a_post_is_of_no_use() {
    for status in ["400 Bad Request", "404 Not Found", "405 Method Not Allowed"] {
        let sandbox = Sandbox::new();
        let rest = older(Stream::default(), echo_there);
        let far = Far::start(move |seen, out| match (seen.verb.as_str(), seen.path.as_str()) {
            ("POST", "/mcp") if status.starts_with("400") => {
                out.whole(status, &["Content-Type: application/json"], &seen.error(-32000));
            }
            ("POST", "/mcp") => out.whole(status, &[], "no such page"),
            _ => rest(seen, out),
        });
        let lines = "headers = { X-Key = \"canary7\" }";
        let mut daemon = start_with(&sandbox, &far.url(), lines);
        let ready = daemon.wait_for("server_ready", |_| true);
        let message = ready["message"].as_str().unwrap();
        assert!(ready["era"] == "legacy" && message.ends_with("2024-11-05"), "{ready}");
        let mut bridge = Lines::bridge(&sandbox);
        for _ in 0..3 {
            assert!(text(&bridge.call("far__echo", &json!({ "n": 1 }))).contains("tools/call"));
        }
        let params = json!({ "name": "far__echo", "arguments": {} });
        let answer = Http::tcp(&daemon).modern("tools/call", &params, &[]).json();
        assert!(!text(&answer).contains("io.modelcontextprotocol/protocolVersion"), "{answer}");
        assert_eq!((far.count("GET"), far.count("tools/call")), (1, 4), "one stream for all");
        assert!(far.seen().iter().all(|seen| seen.header("x-key") == Some(CANARY)));
        assert_eq!(daemon.stop(), Some(0));
    }
}

#[test]
fn it_is_not_tried_for_other_reasons() {
    for (status, lines) in [
        ("401 Unauthorized", ""),
        ("403 Forbidden", ""),
        ("500 Internal Server Error", ""),
        ("405 Method Not Allowed", "transport = \"streamable-http\""),
    ] {
        let sandbox = Sandbox::new();
        let far = Far::start(move |_, out| out.whole(status, &[], ""));
        let daemon = start_with(&sandbox, &far.url(), lines);
        let reason = reason(&daemon);
        assert!(reason.contains(status) && !reason.contains("SSE"), "{reason}");
        assert_eq!(far.count("GET"), 0, "{status}");
    }
}

#[test]
fn both_failures_are_told() {
    let sandbox = Sandbox::new();
    let far = Far::start(|seen, out| match seen.verb.as_str() {
        "GET" => out.whole("401 Unauthorized", &[], ""),
        _ => out.whole("400 Bad Request", &[], &seen.error(-32602)),
    });
    let reason = reason(&start_with(&sandbox, &far.url(), ""));
    for words in ["streamable HTTP (HTTP status 400", "-32602", "SSE (HTTP status 401"] {
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn it_alone_is_spoken_where_the_config_says_so() {
    let sandbox = Sandbox::new();
    let far = Far::start(older(Stream::default(), echo_there));
    let daemon = start_with(&sandbox, &far.url(), "transport = \"sse\"");
    daemon.wait_for("server_ready", |_| true);
    text(&Lines::bridge(&sandbox).call("far__echo", &json!({})));
    assert!(far.seen().iter().all(|seen| seen.verb == "GET" || seen.path != "/mcp"));
    assert_eq!(far.count("server/discover"), 0, "the server is too old for that");
}

#[test]
fn nothing_is_sent_to_an_endpoint_of_another_origin() {
    let (sandbox, other) = (Sandbox::new(), Far::start(echo));
    let elsewhere = format!("event: endpoint\ndata: {}?session={CANARY}\n\n", other.url());
    let far = Far::start(move |_, out| {
        out.stream();
        out.part(&elsewhere);
        out.wait_for_close();
    });
    let lines = "transport = \"sse\"\nheaders = { Authorization = \"Bearer canary7\" }";
    let daemon = start_with(&sandbox, &far.url(), lines);
    let reason = reason(&daemon);
    assert!(reason.contains("of another origin (127.0.0.1)"), "{reason}");
    assert!(other.seen().is_empty());
    assert!(far.seen().iter().all(|seen| seen.verb == "GET"));
}

#[test]
fn a_stream_without_an_endpoint_is_of_no_use() {
    let check = |first: &'static str, words: &str| {
        let sandbox = Sandbox::new();
        let far = Far::start(move |_, out| {
            out.stream();
            out.part(first);
            out.end();
        });
        let reason = reason(&start_with(&sandbox, &far.url(), "transport = \"sse\""));
        assert!(reason.contains(words), "{reason}");
    };
    check("data: {}\n\n", "its stream of events ended");
    check("event: endpoint\ndata: http://[/?session=canary7\n\n", "is no address");
    let sandbox = Sandbox::new();
    let far = Far::start(|_, out| out.json("{}"));
    let reason = reason(&start_with(&sandbox, &far.url(), "transport = \"sse\""));
    assert!(reason.contains("no stream of events"), "{reason}");
}

#[test]
fn a_stream_that_ends_before_the_greeting_is_answered_ends_the_start() {
    let sandbox = Sandbox::new();
    let stream = Stream::default();
    let rest = older(stream.clone(), echo_there);
    let far = Far::start(move |seen, out| match seen.method() {
        "initialize" => {
            out.whole("202 Accepted", &[], "");
            stream.cut();
        }
        _ => rest(seen, out),
    });
    let reason = reason(&start_with(&sandbox, &far.url(), "transport = \"sse\""));
    assert!(reason.contains("its stream of events ended"), "{reason}");
}

#[test]
fn a_stream_that_is_cut_leaves_the_outcome_open() {
    let sandbox = Sandbox::new();
    let calls = AtomicUsize::new(0);
    let far = Far::start(older(Stream::default(), move |seen, out, stream| {
        if calls.fetch_add(1, Ordering::SeqCst) > 0 {
            return echo_there(seen, out, stream);
        }
        out.whole("202 Accepted", &[], "");
        stream.part(&format!("data: {}", &seen.result(&said("half"))[..20]));
        stream.cut();
    }));
    let daemon = start_with(&sandbox, &far.url(), "transport = \"sse\"");
    let mut bridge = Lines::bridge(&sandbox);
    failed(&bridge.call("far__echo", &json!({})), "outcome_unknown", "its stream of events ended");
    assert_eq!(far.count("tools/call"), 1, "it is not sent a second time");
    text(&bridge.call("far__echo", &json!({})));
    assert_eq!((far.count("GET"), far.count("initialize")), (2, 2));
    daemon.wait_for("server_failed", |_| true);
    daemon.expect_count("server_failed", 1, |_| true);
}

#[test]
fn an_event_that_is_too_long_ends_the_connection() {
    let sandbox = Sandbox::new();
    let calls = AtomicUsize::new(0);
    let far = Far::start(older(Stream::default(), move |seen, out, stream| {
        out.whole("202 Accepted", &[], "");
        match calls.fetch_add(1, Ordering::SeqCst) {
            0 => stream.event(&seen.result(&said(&"x".repeat(2_000_000)))),
            _ => stream.event(&seen.result(&said("fits"))),
        }
    }));
    let lines = "transport = \"sse\"\nmax_message = \"1MiB\"";
    let daemon = start_with(&sandbox, &far.url(), lines);
    let mut bridge = Lines::bridge(&sandbox);
    failed(&bridge.call("far__echo", &json!({})), "outcome_unknown", "raise `max_message`");
    daemon.wait_for("server_misbehaved", |_| true);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "fits");
}

#[test]
fn a_status_says_whether_a_call_was_accepted() {
    let sandbox = Sandbox::new();
    let lost = Mutex::new(false);
    let far = Far::start(older(Stream::default(), move |seen, out, stream| {
        let say = || stream.event(&seen.result(&said(&seen.text)));
        match seen.body["params"]["arguments"]["n"].as_u64().unwrap() {
            0 => {
                out.whole("200 OK", &["Content-Type: application/json"], "{\"ok\":true}");
                say();
            }
            // The answer may be there before anything is heard of the POST.
            1 => {
                say();
                out.whole("204 No Content", &[], "");
            }
            2 => out.whole("400 Bad Request", &[], "Could not parse message"),
            3 => out.whole("400 Bad Request", &[], &seen.error(-32602)),
            4 => out.whole("413 Payload Too Large", &[], ""),
            5 => out.whole("500 Internal Server Error", &[], ""),
            6 => out.cut(),
            // The session is gone, which the stream did not tell.
            _ if !std::mem::replace(&mut *lost.lock().unwrap(), true) => {
                out.whole("404 Not Found", &[], "Could not find session");
            }
            _ => echo_there(seen, out, stream),
        }
    }));
    let daemon = start_with(&sandbox, &far.url(), "transport = \"sse\"");
    let mut bridge = Lines::bridge(&sandbox);
    for n in [0, 1] {
        assert!(text(&bridge.call("far__echo", &json!({ "n": n }))).contains("tools/call"));
    }
    let mut check = |n: u64, outcome: &str, words: &str| {
        failed(&bridge.call("far__echo", &json!({ "n": n })), outcome, words);
    };
    check(2, "not_sent", "HTTP status 400");
    check(4, "not_sent", "HTTP status 413");
    check(5, "outcome_unknown", "HTTP status 500");
    check(6, "outcome_unknown", "its connection broke");
    let answer = bridge.call("far__echo", &json!({ "n": 3 }));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert_eq!((far.count("GET"), daemon.count("server_failed", |_| true)), (1, 0));
    text(&bridge.call("far__echo", &json!({ "n": 7 })));
    assert_eq!((far.count("GET"), far.count("initialize")), (2, 2));
    daemon.wait_for("server_failed", |fact| fact["reason"] == "its session is over");
}

#[test]
fn a_server_that_is_started_again_is_found_again() {
    let sandbox = Sandbox::new();
    let far = Far::at(vacant(), older(Stream::default(), echo_there));
    let (address, url) = (far.address, far.url());
    let daemon = start(&sandbox, &url);
    let mut bridge = Lines::bridge(&sandbox);
    text(&bridge.call("far__echo", &json!({})));
    drop(far);
    daemon.wait_for("server_failed", |_| true);
    let far = Far::at(address, older(Stream::default(), echo_there));
    text(&bridge.call("far__echo", &json!({})));
    assert_eq!(far.count("tools/call"), 1);
}

#[test]
fn a_call_is_taken_back() {
    let sandbox = Sandbox::new();
    let accept = |_: &Seen, out: &mut Out, _: &Stream| out.whole("202 Accepted", &[], "");
    let far = Far::start(older(Stream::default(), accept));
    let daemon = start_with(&sandbox, &far.url(), "transport = \"sse\"");
    daemon.wait_for("server_ready", |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    let id = bridge.start_call("far__echo", &json!({}));
    let call = far.wait_for("tools/call");
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": id } });
    bridge.write(&note.to_string());
    let note = far.wait_for("notifications/cancelled");
    assert_eq!(note.body["params"]["requestId"], call.body["id"]);
    assert_eq!(note.path, call.path);
}

#[test]
fn what_comes_beside_answers_is_heard() {
    let sandbox = Sandbox::new();
    let (stream, answers) = (Stream::default(), Mutex::new(Vec::new()));
    let rest = older(stream.clone(), |seen, out, stream| {
        out.whole("202 Accepted", &[], "");
        let token = &seen.body["params"]["_meta"]["progressToken"];
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/progress",
            "params": { "progressToken": token, "progress": 1 } });
        stream.event(&note.to_string());
        // Numbers that no float holds, an unknown member, and an event in two pieces.
        let result =
            r#"{"content":[{"type":"text","text":"é"}],"x":[1e400,12345678901234567890.10]}"#;
        let id = &seen.body["id"];
        stream.part("event: mess");
        stream.part(&format!(
            "age\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{id},\ndata: \"result\":{result}}}\n\n"
        ));
    });
    let far = Far::start(move |seen, out| {
        if seen.body.get("result").is_some() {
            answers.lock().unwrap().push(seen.clone());
        }
        rest(seen, out);
    });
    let mut daemon = start_with(&sandbox, &far.url(), "transport = \"sse\"");
    daemon.wait_for("server_ready", |_| true);
    stream.event(r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#);
    stream.event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    until("the list to be read again", || (far.count("tools/list") >= 2).then_some(()));
    until("the answer to the ping", || {
        far.seen().into_iter().find(|seen| seen.body["id"] == "p" && seen.path != "/mcp")
    });
    let mut bridge = Lines::bridge(&sandbox);
    let params = json!({ "name": "far__echo", "_meta": { "progressToken": "p" } });
    let id = bridge.send("tools/call", &params);
    let line: Value = serde_json::from_str(&bridge.next()).unwrap();
    assert_eq!(line["params"], json!({ "progressToken": "p", "progress": 1 }), "{line}");
    let line = bridge.take("the answer", |line| line.contains(&format!("\"id\":{id}")));
    assert!(line.contains(r#""x":[1e400,12345678901234567890.10]"#), "{line}");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn its_connections_are_used_again() {
    let sandbox = Sandbox::new();
    let far = Far::start(older(Stream::default(), |seen, out, stream| {
        // The answer comes first half of the time.
        if seen.body["params"]["arguments"]["n"] == 0 {
            return echo_there(seen, out, stream);
        }
        stream.event(&seen.result(&said("first")));
        out.whole("202 Accepted", &[], "Accepted");
    }));
    let daemon = start_with(&sandbox, &far.url(), "transport = \"sse\"");
    daemon.wait_for("server_ready", |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    for n in 0..40 {
        text(&bridge.call("far__echo", &json!({ "n": n % 2 })));
    }
    assert!(far.connections() <= 8, "{} connections", far.connections());
}
