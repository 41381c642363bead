//! HTTP with SSE, the transport of revision 2024-11-05.

use serde_json::{Value, json};

use crate::support::{Daemon, Http, Sandbox, callmux, hostile};

fn start(sandbox: &Sandbox) -> Daemon {
    let path = hostile();
    let servers: [(&str, &[&str]); 3] = [
        ("counter", &[callmux(), "example-server", "counter"]),
        ("slow", &[callmux(), "example-server", "slow"]),
        ("h", &[path.to_str().unwrap()]),
    ];
    Daemon::with(sandbox, &servers)
}

/// A session: its stream, and a connection for what it sends.
struct Session {
    stream: Http,
    sending: Http,
    /// Where it is to POST.
    endpoint: String,
}

impl Session {
    fn open(mut stream: Http, sending: Http) -> Self {
        stream.start_bare("GET", "/sse", &[]);
        let head = stream.read_head();
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
        let first = stream.read_chunk().unwrap();
        let endpoint = first.strip_prefix("event: endpoint\ndata: ").unwrap().trim_end().to_owned();
        let id = endpoint.strip_prefix("/messages?sessionId=").unwrap();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        sending.heard.session(id);
        Self { stream, sending, endpoint }
    }

    fn tcp(daemon: &Daemon) -> Self {
        Self::open(Http::tcp(daemon), Http::tcp(daemon))
    }

    /// One that has said hello.
    fn greeted(daemon: &Daemon, capabilities: &Value) -> Self {
        let mut session = Self::tcp(daemon);
        session.greet("2024-11-05", capabilities);
        session
    }

    fn greet(&mut self, revision: &str, capabilities: &Value) {
        let params = json!({
            "protocolVersion": revision, "capabilities": capabilities,
            "clientInfo": { "name": "old", "version": "1" },
        });
        self.send(0, "initialize", &params);
        let answer = self.next();
        assert_eq!(
            (&answer["id"], &answer["result"]["protocolVersion"]),
            (&json!(0), &json!(revision))
        );
        self.write(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    }

    fn write(&mut self, message: &str) {
        let reply = self.sending.post_to(&self.endpoint, message, &[]);
        assert_eq!((reply.status, reply.body.as_str()), (202, ""), "{reply:?}");
    }

    fn send(&mut self, id: u64, method: &str, params: &Value) {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.write(&message.to_string());
    }

    fn call(&mut self, id: u64, tool: &str, arguments: &Value) {
        self.send(id, "tools/call", &json!({ "name": tool, "arguments": arguments }));
    }

    /// The next message on the stream.
    fn next(&mut self) -> Value {
        let event = self.stream.read_chunk().unwrap();
        let data =
            event.strip_prefix("event: message\ndata: ").unwrap_or_else(|| panic!("{event}"));
        serde_json::from_str(data.trim_end()).unwrap()
    }
}

#[test]
fn everything_but_what_the_client_says_comes_on_the_stream() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let ways =
        [(Http::tcp(&daemon), Http::tcp(&daemon)), (Http::unix(&daemon), Http::unix(&daemon))];
    for (stream, sending) in ways {
        let mut session = Session::open(stream, sending);
        session.greet("2024-11-05", &json!({}));
        session.send(1, "tools/list", &json!({}));
        let listed = session.next();
        assert!(listed["result"]["tools"].to_string().contains("counter__increment"), "{listed}");
        session.call(2, "counter__increment", &json!({}));
        let answer = session.next();
        assert_eq!(answer["id"], 2);
        assert!(answer["result"]["structuredContent"]["value"].is_number(), "{answer}");
        session.send(3, "no/such", &json!({}));
        assert_eq!(session.next()["error"]["code"], -32601);
        let params = json!({ "name": "slow__wait", "arguments": { "seconds": 0.2, "steps": 4 },
            "_meta": { "progressToken": "p" } });
        session.send(4, "tools/call", &params);
        for step in 1..=4 {
            let progress = session.next();
            assert_eq!(
                progress["params"]["progress"].as_f64(),
                Some(f64::from(step)),
                "{progress}"
            );
            assert_eq!(progress["params"]["progressToken"], "p");
        }
        assert_eq!(session.next()["id"], 4);
    }
    let opened = daemon.wait_for("session_opened", |_| true);
    assert_eq!((&opened["front"], &opened["revision"]), (&json!("sse"), &json!("2024-11-05")));
}

#[test]
fn servers_ask_and_announce_on_the_stream() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut session = Session::greeted(&daemon, &json!({ "elicitation": {} }));
    session.send(1, "tools/list", &json!({}));
    session.next();
    session.call(2, "h__ask", &json!({}));
    let question = session.next();
    assert_eq!(question["method"], "elicitation/create");
    let answer =
        json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } });
    session.write(&answer.to_string());
    assert_eq!(session.next()["result"]["answered"]["action"], "decline");
    session.call(3, "h__grow", &json!({}));
    let told = [session.next(), session.next()];
    let is_told = |message: &Value| message["method"] == "notifications/tools/list_changed";
    assert!(told.iter().any(is_told) && told.iter().any(|message| message["id"] == 3), "{told:?}");
}

#[test]
fn sessions_with_the_same_ids_do_not_meet() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut one = Session::greeted(&daemon, &json!({}));
    let mut other = Session::greeted(&daemon, &json!({}));
    for id in 1..20 {
        one.call(id, "h__mirror", &json!({ "value": { "whose": "one" } }));
        other.call(id, "h__mirror", &json!({ "value": { "whose": "other" } }));
    }
    let whose = |session: &mut Session| -> Vec<Value> {
        (1..20).map(|_| session.next()["result"]["whose"].clone()).collect()
    };
    assert!(whose(&mut one).iter().all(|whose| whose == "one"));
    assert!(whose(&mut other).iter().all(|whose| whose == "other"));
    // A call that is taken back has no answer, and its id is free again.
    one.call(50, "h__hang", &json!({}));
    one.write(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":50}}"#);
    daemon.wait_for("call_finished", |fact| fact["outcome"] == "cancelled");
    one.call(50, "counter__value", &json!({}));
    assert_eq!(one.next()["result"]["structuredContent"]["value"], 0);
}

#[test]
fn a_stream_that_nobody_reads_loses_nothing_and_keeps_nobody() {
    const ANSWERS: u64 = 30;
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut unread = Session::greeted(&daemon, &json!({}));
    let mut busy = Session::greeted(&daemon, &json!({}));
    // Together more than may wait for one client.
    for id in 1..=ANSWERS {
        unread.call(id, "h__big", &json!({ "bytes": 4_000_000 }));
        busy.call(id, "counter__increment", &json!({}));
        assert_eq!(busy.next()["id"], id);
        // The server answers others all the while.
        busy.call(1000, "h__mirror", &json!({ "value": {} }));
        assert_eq!(busy.next()["id"], 1000);
    }
    daemon.wait_for("client_behind", |_| true);
    let mut ids: Vec<u64> = (0..ANSWERS)
        .map(|_| {
            let answer = unread.next();
            assert!(answer["result"].to_string().len() > 4_000_000);
            answer["id"].as_u64().unwrap()
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=ANSWERS).collect::<Vec<_>>());
    assert_eq!(daemon.count("session_closed", |_| true), 0);
}

#[test]
fn a_session_ends_with_its_stream() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut session = Session::greeted(&daemon, &json!({}));
    session.call(1, "h__hang", &json!({}));
    let Session { stream, mut sending, endpoint } = session;
    drop(stream);
    daemon.wait_for("session_closed", |_| true);
    daemon.wait_for("call_finished", |fact| fact["outcome"] == "cancelled");
    let reply = sending.post_to(&endpoint, r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#, &[]);
    assert_eq!(reply.status, 404);
    let mut again = Session::greeted(&daemon, &json!({}));
    assert_ne!(again.endpoint, endpoint);
    again.call(1, "counter__value", &json!({}));
    assert_eq!(again.next()["id"], 1);
}

#[test]
fn what_is_wrong_is_said_with_a_status() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut session = Session::greeted(&daemon, &json!({}));
    let (endpoint, mut http) = (session.endpoint.clone(), Http::tcp(&daemon));
    let ping = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
    let mut check = |path: &str, body: &str, more: &[(&str, &str)], status: u16, code: i64| {
        let reply = http.post_to(path, body, more);
        assert_eq!(
            (reply.status, reply.json()["error"]["code"].as_i64()),
            (status, Some(code)),
            "{path} {body}: {reply:?}"
        );
    };
    let unknown = format!("/messages?sessionId={}", "0".repeat(32));
    check(&unknown, ping, &[], 404, -32600);
    check("/messages?sessionId=../../etc", ping, &[], 404, -32600);
    check(
        &endpoint.to_uppercase().replace("/MESSAGES?SESSIONID", "/messages?sessionId"),
        ping,
        &[],
        404,
        -32600,
    );
    check("/messages", ping, &[], 400, -32600);
    check(&endpoint, "{", &[], 400, -32700);
    check(&endpoint, "[]", &[], 400, -32600);
    check(&endpoint, r#"{"jsonrpc":"2.0","id":1}"#, &[], 400, -32600);
    check(
        &endpoint,
        &crate::support::http::modern_body("tools/list", &json!({})),
        &[],
        400,
        -32600,
    );
    check(&endpoint, ping, &[("Content-Type", "text/plain")], 415, -32600);
    check(&endpoint, ping, &[("Origin", "http://evil.example")], 403, -32600);
    check(&endpoint, ping, &[("Host", "evil.example")], 403, -32600);
    let refused = |method: &str, path: &str| Http::tcp(&daemon).bare(method, path, &[]);
    for (method, path) in [
        ("DELETE", "/sse"),
        ("PUT", "/sse"),
        ("POST", "/sse"),
        ("GET", &*endpoint),
        ("DELETE", &*endpoint),
    ] {
        assert_eq!(refused(method, path).status, 405, "{method} {path}");
    }
    let mut other_type = Http::tcp(&daemon);
    let headers = [format!("Host: {}", daemon.address), "Accept: application/json".to_owned()];
    other_type.send_raw("GET /sse HTTP/1.1", &headers, b"");
    assert_eq!(other_type.read().status, 406);
    assert!(refused("GET", "/elsewhere").body.contains("/sse"));
    // Nothing of it has done the session any harm.
    session.write(ping);
    assert_eq!(session.next(), json!({ "jsonrpc": "2.0", "id": 7, "result": {} }));
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("config/callmux/config.toml", "[http]\nmax_body = \"4KiB\"\n");
    let daemon = Daemon::start(&sandbox);
    let mut session = Session::greeted(&daemon, &json!({}));
    let big = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":"{}"}}"#, "x".repeat(5000));
    assert_eq!(session.sending.post_to(&session.endpoint, &big, &[]).status, 413);
}

#[test]
fn batches_are_answered_where_they_exist() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut session = Session::tcp(&daemon);
    session.greet("2025-03-26", &json!({}));
    session.write(
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#,
    );
    let answers = session.next();
    assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&json!(1), &json!(2)), "{answers}");
}

#[test]
fn a_stop_answers_what_is_in_flight_and_ends_the_stream() {
    let sandbox = Sandbox::new();
    sandbox.write("config/callmux/config.toml", "drain_timeout = \"5m\"\n");
    let mut idle_daemon = Daemon::start(&sandbox);
    let mut idle = Session::greeted(&idle_daemon, &json!({}));
    assert_eq!(idle_daemon.stop(), Some(0), "it does not wait for a stream without an end");
    assert_eq!(idle.stream.read_chunk(), None);
    let mut daemon = start(&sandbox);
    let mut session = Session::greeted(&daemon, &json!({}));
    session.call(1, "slow__wait", &json!({ "seconds": 0.5, "steps": 1 }));
    assert_eq!(daemon.stop(), Some(0));
    let answer = session.next();
    assert!(answer["id"] == 1 && answer.to_string().contains("waited 0.5 s"), "{answer}");
    assert_eq!(session.stream.read_chunk(), None);
}
