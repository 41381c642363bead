//! Remote sessions whose end is told in another way than the specification has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::remote::{config, echo, failed, start, text};
use crate::support::far::{Far, Out, SESSION, Seen, legacy};
use crate::support::{Daemon, Lines, Sandbox, until};

/// A legacy server that gives each session a number, and which sessions it knows.
fn with_sessions(
    sessions: Arc<Sessions>,
    refuse: impl Fn(&Seen, &mut Out) + Send + Sync + 'static,
) -> Far {
    let rest = legacy(echo);
    Far::start(move |seen, out| {
        let named = seen.header("mcp-session-id").unwrap_or_default();
        let newest = sessions.newest.load(Ordering::SeqCst);
        match seen.method() {
            "initialize" => {
                let number = sessions.newest.fetch_add(1, Ordering::SeqCst) + 1;
                let result = json!({ "protocolVersion": "2025-06-18",
                    "serverInfo": { "name": "far", "version": "1" },
                    "capabilities": { "tools": {} } });
                let session = format!("Mcp-Session-Id: {SESSION}{number}");
                sessions.is_gone.store(false, Ordering::SeqCst);
                out.whole(
                    "200 OK",
                    &["Content-Type: application/json", &session],
                    &seen.result(&result),
                );
            }
            "tools/call"
                if sessions.is_gone.load(Ordering::SeqCst)
                    || sessions.is_spiteful.load(Ordering::SeqCst)
                    || named != format!("{SESSION}{newest}") =>
            {
                refuse(seen, out);
            }
            _ => rest(seen, out),
        }
    })
}

#[derive(Default)]
struct Sessions {
    newest: AtomicUsize,
    /// The newest is gone, too.
    is_gone: AtomicBool,
    /// Every call is refused, whatever its session.
    is_spiteful: AtomicBool,
}

/// claude-code#27425, affine#301, fastmcp#121, zilla#2525.
const GONE: [(&str, &str); 10] = [
    ("400 Bad Request", ""),
    ("400 Bad Request", "Invalid session ID"),
    (
        "400 Bad Request",
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}"#,
    ),
    (
        "400 Bad Request",
        r#"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Bad Request: No valid session ID provided"}}"#,
    ),
    ("409 Conflict", ""),
    ("410 Gone", ""),
    (
        "404 Not Found",
        r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32001,"message":"Session not found"}}"#,
    ),
    (
        "200 OK",
        r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32001,"message":"Session not found"}}"#,
    ),
    (
        "200 OK",
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request"}}"#,
    ),
    (
        "500 Internal Server Error",
        r#"{"error":"HTTP 400: {\"error\":{\"code\":-32000,\"message\":\"No valid session ID provided\"}}"}"#,
    ),
];

fn refuse_as(status: &str, body: &str, seen: &Seen, out: &mut Out) {
    let body = body.replace("ID,", &format!("{},", seen.body["id"]));
    let kind = if body.starts_with('{') { "application/json" } else { "text/plain" };
    out.whole(status, &[&format!("Content-Type: {kind}")], &body);
}

#[test]
fn affine_301_a_session_that_is_gone_is_begun_anew_however_that_is_told() {
    for (status, body) in GONE {
        let sandbox = Sandbox::new();
        let sessions = Arc::<Sessions>::default();
        let far =
            with_sessions(sessions.clone(), move |seen, out| refuse_as(status, body, seen, out));
        let _daemon = start(&sandbox, &far.url());
        let mut bridge = Lines::bridge(&sandbox);
        text(&bridge.call("far__echo", &json!({})));
        sessions.is_gone.store(true, Ordering::SeqCst);
        // Several at once do not end one another.
        let ids: Vec<u64> = (0..4).map(|_| bridge.start_call("far__echo", &json!({}))).collect();
        for id in ids {
            let answer = bridge.answer(id);
            assert!(text(&answer).contains("tools/call"), "{status} {body}: {answer}");
        }
        assert_eq!(far.count("initialize"), 2, "{status} {body}");
    }
}

#[test]
fn what_is_refused_in_a_new_session_as_well_is_passed_on() {
    for (status, body) in GONE {
        if status.starts_with("404") {
            continue;
        }
        let sandbox = Sandbox::new();
        let sessions = Arc::<Sessions>::default();
        let far =
            with_sessions(sessions.clone(), move |seen, out| refuse_as(status, body, seen, out));
        let _daemon = start(&sandbox, &far.url());
        let mut bridge = Lines::bridge(&sandbox);
        text(&bridge.call("far__echo", &json!({})));
        sessions.is_spiteful.store(true, Ordering::SeqCst);
        let answer = bridge.call("far__echo", &json!({}));
        let is_refused =
            answer["error"].is_object() || answer["result"]["_meta"]["callmux/failure"].is_object();
        assert!(is_refused, "{status} {body}: {answer}");
        assert_eq!((far.count("initialize"), far.count("tools/call")), (2, 3), "{status} {body}");
        sessions.is_spiteful.store(false, Ordering::SeqCst);
        text(&bridge.call("far__echo", &json!({})));
        assert_eq!(far.count("initialize"), 2, "the session goes on");
    }
}

/// A call that runs shows that its session is there: another that is refused does not end it.
#[test]
fn a_refusal_beside_a_call_that_runs_is_passed_on() {
    let sandbox = Sandbox::new();
    let go_on = Arc::<AtomicBool>::default();
    let waits = go_on.clone();
    let far =
        Far::start(legacy(move |seen, out| match seen.body["params"]["arguments"]["n"].as_u64() {
            Some(0) => {
                until("the other call's end", || waits.load(Ordering::SeqCst).then_some(()));
                echo(seen, out);
            }
            Some(_) => out.whole("400 Bad Request", &[], "no"),
            None => echo(seen, out),
        }));
    sandbox.write("config/callmux/config.toml", &config(&far.url()));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    let runs = bridge.start_call("far__echo", &json!({ "n": 0 }));
    until("the call", || (far.count("tools/call") == 1).then_some(()));
    let refused = bridge.start_call("far__echo", &json!({ "n": 1 }));
    failed(&bridge.answer(refused), "outcome_unknown", "HTTP status 400");
    go_on.store(true, Ordering::SeqCst);
    text(&bridge.answer(runs));
    assert_eq!(far.count("initialize"), 1);
}
