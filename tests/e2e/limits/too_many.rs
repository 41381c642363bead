//! 429: what is too early whatever its body says is told so before the body is read.

use serde_json::{Value, json};

use super::{ONE, Rig, TRIES, ping};
use crate::support::http::Reply;
use crate::support::speaker::{Era, Speaker};
use crate::support::wires::Streamable;
use crate::support::{Http, raw};

/// Calls until it is too early.
fn until_too_many(rig: &Rig, http: &mut Http) -> (usize, Reply) {
    for before in 0..TRIES {
        let reply = http.modern("tools/call", &ping(), &[]);
        if reply.status == 429 {
            return (before, reply);
        }
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    panic!("it was never too early: {}", rig.daemon.told());
}

#[test]
fn a_call_that_is_too_early_whatever_its_body_says_is_told_so_before_that_is_read() {
    let rig = Rig::new(ONE);
    let mut http = Http::tcp(&rig.daemon);
    let (let_in, reply) = until_too_many(&rig, &mut http);
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{reply:?}");
    let error = &reply.json()["error"];
    assert_eq!(error["data"]["code"], "rate_limited", "{reply:?}");
    assert_eq!(error["data"]["retry_after_seconds"], seconds, "{reply:?}");
    assert_eq!(rig.carried_out(), let_in);
    let limited = |fact: &Value| fact["outcome"] == "limited" && fact["tool"] == "one__ping";
    rig.daemon.wait_for_count("call_finished", 1, limited);

    // No byte of the body is there yet.
    let mut waiting = Http::tcp(&rig.daemon);
    let headers = [
        "Host: localhost",
        "Content-Type: application/json",
        "Accept: application/json",
        "Content-Length: 100000",
        "MCP-Protocol-Version: 2026-07-28",
        "Mcp-Method: tools/call",
        "Mcp-Name: one__ping",
    ];
    let headers = headers.map(str::to_owned);
    waiting.send_raw("POST /mcp HTTP/1.1", &headers, b"");
    assert_eq!(waiting.read_head().status, 429);
}

#[test]
fn what_is_not_counted_goes_through_and_so_does_everything_that_does_not_say_what_it_is() {
    let rig = Rig::new(ONE);
    let mut http = Http::tcp(&rig.daemon);
    until_too_many(&rig, &mut http);
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("tools/call", json!({ "name": "callmux_status", "arguments": {} })),
        (
            "tools/call",
            json!({ "name": "callmux_parallel", "arguments": { "calls": [
            { "tool": "one__ping", "arguments": {} }, { "tool": "one__ping", "arguments": {} }
        ] } }),
        ),
    ] {
        let reply = http.modern(method, &params, &[]);
        assert_eq!(reply.status, 200, "{method}: {reply:?}");
    }
    // A legacy client's body has to be read; it is told inside the result.
    let mut legacy = Http::tcp(&rig.daemon).legacy(&json!({}));
    let told = (0..TRIES).find_map(|_| {
        let reply = legacy.call("one__ping", &json!({}));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body.contains("rate_limited").then(|| reply.json())
    });
    super::check_told(&told.expect("it was never too early"));
    // Streams are never counted, nor what is no request.
    let mut stream = Http::tcp(&rig.daemon);
    stream.session.clone_from(&legacy.session);
    stream.start_bare("GET", "/mcp", &[]);
    assert_eq!(stream.read_head().status, 200);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#;
    assert_eq!(legacy.post(note, &[]).status, 202);
    assert!(matches!(legacy.bare("DELETE", "/mcp", &[]).status, 200..=299));
}

#[test]
fn who_goes_on_with_a_call_is_not_too_early() {
    let rig = Rig::new(ONE);
    let mut client =
        Speaker::greet(Box::new(Streamable::tcp(&rig.daemon, true)), Era::Modern).unwrap();
    let asked = client.call("every__elicit", "{}").unwrap();
    let state = raw::text(&asked, &["requestState"]);
    let answer = r#""inputResponses":{"question":{"action":"decline"}}"#;
    let params = format!(r#""name":"every__elicit","requestState":"{state}",{answer}"#);
    // Others of the same user are too early, and are told inside the result as long as this one is open.
    let mut http = Http::tcp(&rig.daemon);
    let told = (0..TRIES).find_map(|_| {
        let reply = http.modern("tools/call", &ping(), &[]);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body.contains("rate_limited").then_some(())
    });
    assert!(told.is_some());
    let done = client.request("tools/call", &params).unwrap();
    assert!(done.contains(r#""answer":{"action":"decline"}"#), "{done}");
    until_too_many(&rig, &mut http);
}
