//! Bad input gets an error that names the thing; the daemon stays up and no server hears of it.

mod methods;

use serde_json::json;

use crate::support::{CANARY, Daemon, Http, Lines, Sandbox, callmux};

fn start(sandbox: &Sandbox) -> Daemon {
    Daemon::with(sandbox, &[("counter", &[callmux(), "example-server", "counter"])])
}

#[test]
fn bad_messages_are_answered_by_the_book() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    let mut bridge = Lines::bridge(&sandbox);
    let table: &[(&str, u16, i64, &str)] = &[
        ("nonsense", 400, -32700, "not JSON"),
        ("{\"jsonrpc\":\"2.0\"", 400, -32700, "not JSON"),
        ("7", 400, -32600, "expected a JSON object"),
        ("[]", 400, -32600, "batch"),
        ("{}", 400, -32600, "`jsonrpc`"),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600, "`id`"),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, 400, -32600, "`method`"),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, 400, -32600, "`id` occurs twice"),
        (r#"{"jsonrpc":"2.0","id":1,"Method":"ping"}"#, 400, -32600, "only in case"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#, 200, -32601, "no/such"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#, 200, -32602, "`params` is missing"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}"#,
            200,
            -32602,
            "cursor",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, 200, -32602, "`params` is missing"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
            200,
            -32602,
            "`params.name`",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"counter__value","arguments":7}}"#,
            200,
            -32602,
            "`params.arguments`",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"counter__value","name":"x"}}"#,
            200,
            -32602,
            "twice",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":""}}"#,
            200,
            -32602,
            "unknown tool",
        ),
    ];
    for (body, status, code, words) in table {
        let reply = http.post(body, &[]);
        assert_eq!(
            (reply.status, reply.json()["error"]["code"].as_i64()),
            (*status, Some(*code)),
            "{body}"
        );
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{body}: {message}");
        bridge.write(body);
        let answer: serde_json::Value = serde_json::from_str(&bridge.next()).unwrap();
        assert_eq!(answer["error"]["code"], *code, "over the bridge: {body}");
    }
    assert_eq!(
        http.call("counter__value", &json!({})).json()["result"]["structuredContent"]["value"],
        0
    );
    assert_eq!(
        bridge.call("counter__value", &json!({}))["result"]["structuredContent"]["value"],
        0
    );
}

#[test]
fn bad_requests_are_refused_with_the_right_status() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let check = |more: &[(&str, &str)], status: u16| {
        let mut http = Http::tcp(&daemon).legacy(&json!({}));
        let reply = http.post(ping, more);
        assert_eq!(reply.status, status, "{more:?}");
    };
    check(&[], 200);
    check(&[("Content-Type", "text/plain")], 415);
    check(&[("Content-Type", "application/json; charset=utf-8")], 200);
    check(&[("Content-Encoding", "gzip")], 415);
    check(&[("MCP-Protocol-Version", "1999-01-01")], 400);
    check(&[("MCP-Protocol-Version", "2025-06-18")], 200);
    check(&[("Mcp-Session-Id", CANARY)], 404);
    check(&[("Accept", "application/json")], 200);
    let mut http = Http::tcp(&daemon);
    assert_eq!(http.bare("PUT", "/mcp", &[]).status, 405);
    assert_eq!(http.bare("GET", "/mcp", &[]).status, 405);
    let large = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#,
        "x".repeat(5 << 20)
    );
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    let reply = http.post(&large, &[]);
    assert_eq!(reply.status, 413);
    assert!(reply.body.contains("http.max_body"), "{}", reply.body);
}

#[test]
fn browsers_are_kept_out_of_every_endpoint() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    for path in ["/mcp", "/health", "/ready", "/link", "/elsewhere"] {
        for (header, value) in [
            ("Origin", "http://evil.com"),
            ("Origin", "null"),
            ("Host", "evil.com"),
            ("Host", "localhost.evil.com"),
        ] {
            let mut http = Http::tcp(&daemon);
            let host = if header == "Host" { value } else { &daemon.address };
            let mut headers = vec![format!("Host: {host}")];
            if header == "Origin" {
                headers.push(format!("Origin: {value}"));
            }
            http.send_raw(&format!("GET {path} HTTP/1.1"), &headers, b"");
            assert_eq!(http.read().status, 403, "{path} {header}: {value}");
        }
    }
    let mut own = Http::tcp(&daemon);
    let headers =
        [format!("Host: {}", daemon.address), format!("Origin: http://{}", daemon.address)];
    own.send_raw("GET /health HTTP/1.1", &headers, b"");
    assert_eq!(own.read().status, 200);
    let mut unix = Http::unix(&daemon);
    assert_eq!(unix.bare("GET", "/health", &[("Origin", "http://evil.com")]).status, 403);
}

#[test]
fn what_is_no_http_at_all_hurts_nobody() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    for nonsense in [
        "",
        "\0\0\0\0",
        "GET\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
    ] {
        let mut stream = std::os::unix::net::UnixStream::connect(&daemon.socket).unwrap();
        std::io::Write::write_all(&mut stream, nonsense.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        assert!(!answer.contains("200 OK"), "{nonsense:?}: {answer}");
        // Over TCP whoever has left by half may be hung up on, which resets the connection.
        let mut stream = std::net::TcpStream::connect(&daemon.address).unwrap();
        std::io::Write::write_all(&mut stream, nonsense.as_bytes()).unwrap();
        drop(stream.shutdown(std::net::Shutdown::Write));
        let mut answer = Vec::new();
        drop(std::io::Read::read_to_end(&mut stream, &mut answer));
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains("200 OK"), "{nonsense:?}: {answer}");
    }
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    assert_eq!(http.request("ping", &json!({})).status, 200);
}

#[test]
fn equal_ids_of_many_clients_never_meet() {
    let sandbox = Sandbox::new();
    let path = crate::support::hostile();
    let daemon = Daemon::with(&sandbox, &[("h", &[path.to_str().unwrap()])]);
    std::thread::scope(|scope| {
        for client in 0..16 {
            let daemon = &daemon;
            scope.spawn(move || {
                let mut http = Http::tcp(daemon).legacy(&json!({}));
                for n in 0..100 {
                    let nonce = format!("{client}-{n}");
                    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                        "params": { "name": "h__mirror", "arguments": { "value": { "nonce": nonce } } } });
                    assert_eq!(http.post(&body.to_string(), &[]).json()["result"]["nonce"], nonce.as_str());
                }
            });
        }
    });
}
