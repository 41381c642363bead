//! What legacy HTTP sessions can rely on: their streams, and that they go on.

use serde_json::json;

use crate::support::{Daemon, Http, Sandbox, callmux, hostile};

fn start(sandbox: &Sandbox) -> Daemon {
    let path = hostile();
    let servers: [(&str, &[&str]); 2] =
        [("slow", &[callmux(), "example-server", "slow"]), ("h", &[path.to_str().unwrap()])];
    Daemon::with(sandbox, &servers)
}

/// Another connection of the same session.
fn beside(daemon: &Daemon, http: &Http) -> Http {
    let mut other = Http::tcp(daemon);
    other.session.clone_from(&http.session);
    other
}

/// Opens the standing stream, and returns it with the id of its first event.
fn listen(daemon: &Daemon, http: &Http, more: &[(&str, &str)]) -> (Http, String) {
    let mut listening = beside(daemon, http);
    listening.start_bare("GET", "/mcp", more);
    assert_eq!(listening.read_head().status, 200);
    let id = id_of(&listening.read_chunk().unwrap());
    (listening, id)
}

fn id_of(event: &str) -> String {
    event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned()
}

#[test]
fn what_is_not_read_keeps_no_other_call_of_the_session() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    let (_listening, _) = listen(&daemon, &http, &[]);
    let mut stream = beside(&daemon, &http);
    let body = json!({ "jsonrpc": "2.0", "id": "stream", "method": "tools/call",
        "params": { "name": "slow__wait", "arguments": { "seconds": 1, "steps": 500 },
            "_meta": { "progressToken": "p" } } });
    stream.start_post(&body.to_string(), &[]);
    // More than all buffers on the way hold.
    let mut big = beside(&daemon, &http);
    let body = json!({ "jsonrpc": "2.0", "id": "big", "method": "tools/call",
        "params": { "name": "h__big", "arguments": { "bytes": 14_000_000 } } });
    big.start_post(&body.to_string(), &[]);
    daemon.wait_for("call_finished", |fact| fact["server"] == "h");
    for n in 0..50 {
        let answer = http.call("h__mirror", &json!({ "value": { "n": n } })).json();
        assert_eq!(answer["result"]["n"], n);
    }
    daemon.wait_for("call_finished", |fact| fact["server"] == "slow");
    assert!(big.read().body.len() > 14_000_000);
    let events = stream.read().events();
    assert!(events.last().unwrap().contains("waited 1 s"), "{:?}", events.last());
}

#[test]
fn streams_of_an_earlier_daemon_are_not_mistaken() {
    let sandbox = Sandbox::new();
    let mut daemon = start(&sandbox);
    let http = Http::tcp(&daemon).legacy(&json!({}));
    let (_, standing) = listen(&daemon, &http, &[]);
    let mut calling = beside(&daemon, &http);
    calling.start_post(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"h__hang"}}"#,
        &[],
    );
    calling.read_head();
    let response = id_of(&calling.read_chunk().unwrap());
    daemon.kill();
    let daemon = start(&sandbox);
    let (mut listening, again) = listen(&daemon, &http, &[("Last-Event-ID", &standing)]);
    assert_ne!(again, standing);
    let lost = beside(&daemon, &http).bare("GET", "/mcp", &[("Last-Event-ID", &response)]);
    assert_eq!((lost.status, lost.json()["error"]["code"].as_i64()), (400, Some(-32600)));
    // Its standing stream is still there.
    let mut http = beside(&daemon, &http);
    http.request("tools/list", &json!({}));
    http.call("h__grow", &json!({}));
    assert!(listening.read_chunk().unwrap().contains("list_changed"));
}
