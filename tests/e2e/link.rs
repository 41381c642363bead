//! What the two ends of a link say to each other, which no client and no server can say for them.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::support::{Daemon, Lines, PATIENCE, Sandbox, callmux, config, hostile};

/// Two servers of the same kind; of one, calls may be made a second time.
fn daemon(sandbox: &Sandbox) -> Daemon {
    let path = hostile();
    let words = [path.to_str().unwrap()];
    let counter = [callmux(), "example-server", "counter"];
    let text = config(&[("once", &words), ("again", &words), ("counter", &counter)])
        .replace("[servers.again]", "[servers.again]\nreplay = [\"*\"]");
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(sandbox);
    for name in ["once", "again", "counter"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    daemon
}

#[test]
fn a_server_cannot_say_that_its_answer_was_lost() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    for server in ["again", "once"] {
        for count in ["1", "2", "3"] {
            let answer = client.call(&format!("{server}__forge_lost"), &json!({}));
            let text = &answer["result"]["content"][0]["text"];
            assert_eq!(text, count, "one call each, and its answer: {answer}");
        }
    }
}

#[test]
fn a_client_cannot_say_that_a_call_was_made_before() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let client = {
        let mut client = Lines::bridge(&sandbox);
        client.write(
            r#"{"callmux/again":true,"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"counter__increment"}}"#,
        );
        client
    };
    let answer = client.answer(77);
    assert_eq!(answer["result"]["structuredContent"]["value"], 1, "{answer}");
}

#[test]
fn two_requests_of_one_id_have_two_answers() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    let flag = sandbox.path("go");
    let call = json!({ "jsonrpc": "2.0", "id": 77, "method": "tools/call",
        "params": { "name": "once__wait_for", "arguments": { "file": flag } } });
    client.write(&call.to_string());
    client.write(r#"{"jsonrpc":"2.0","id":77,"method":"ping"}"#);
    let refused = client.take("the refusal", |line| line.contains(r#""id":77"#));
    assert!(refused.contains("a request with this id is in flight already"), "{refused}");
    sandbox.write("go", "");
    let answer = client.answer(77);
    assert_eq!(answer["result"]["content"][0]["text"], "it is there", "{answer}");
}

#[test]
fn a_clients_ids_are_never_taken_for_those_of_the_bridge() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    client.write(r#"{"jsonrpc":"2.0","id":"callmux-bridge-tools","method":"tools/list"}"#);
    client.take("the answer", |line| line.contains(r#""id":"callmux-bridge-tools""#));
}

/// A bridge from before there were frames for what the two ends say to each other.
struct OlderBridge {
    stream: UnixStream,
    sent: u64,
}

impl OlderBridge {
    fn connect(sandbox: &Sandbox) -> Self {
        let mut stream = UnixStream::connect(sandbox.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = "GET /link HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: callmux-link/1\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let hello = json!({
            "link": "0123456789abcdef0123456789abcdef", "epoch": 1, "seen": 0, "cwd": "/",
            "version": "0.0.1",
        });
        let mut bridge = Self { stream, sent: 0 };
        bridge.write(1, 0, &hello.to_string());
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            bridge.stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let (kind, welcome) = bridge.read();
        let welcome: Value = serde_json::from_str(&welcome).unwrap();
        assert_eq!((kind, &welcome["knows_again"]), (2, &json!(true)));
        bridge
    }

    fn write(&mut self, kind: u8, number: u64, payload: &str) {
        let length = u32::try_from(17 + payload.len()).unwrap();
        let mut frame = length.to_le_bytes().to_vec();
        frame.push(kind);
        frame.extend(number.to_le_bytes());
        frame.extend([0; 8]);
        frame.extend(payload.as_bytes());
        self.stream.write_all(&frame).unwrap();
    }

    fn send(&mut self, message: &str) {
        self.sent += 1;
        self.write(3, self.sent, message);
    }

    /// Kind and payload of the next frame.
    fn read(&mut self) -> (u8, String) {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut body = vec![0; usize::try_from(u32::from_le_bytes(length)).unwrap()];
        self.stream.read_exact(&mut body).unwrap();
        (body[0], String::from_utf8(body.split_off(17)).unwrap())
    }

    /// The next message.
    fn message(&mut self) -> String {
        loop {
            let (kind, payload) = self.read();
            assert!(kind <= 6, "an older bridge knows no frame of kind {kind}");
            if kind == 3 {
                return payload;
            }
        }
    }
}

#[test]
fn an_older_bridge_is_understood_and_cannot_be_deceived() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let mut bridge = OlderBridge::connect(&sandbox);
    let call = |id: u64, mark: &str, tool: &str| {
        format!(
            r#"{{{mark}"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}"}}}}"#
        )
    };
    // It has no other way to say so, and its word is kept.
    bridge.send(&call(1, r#""callmux/again":true,"#, "counter__increment"));
    let answer: Value = serde_json::from_str(&bridge.message()).unwrap();
    let outcome = &answer["result"]["_meta"]["callmux/failure"]["outcome"];
    assert_eq!(outcome, "outcome_unknown", "{answer}");
    bridge.send(&call(2, "", "counter__value"));
    let answer: Value = serde_json::from_str(&bridge.message()).unwrap();
    assert_eq!(answer["result"]["structuredContent"]["value"], 0, "{answer}");
    // What it would take for the daemon's word does not reach it as that.
    bridge.send(&call(3, "", "once__forge_lost"));
    let answer = bridge.message();
    assert!(answer.starts_with(r#" {"callmux/lost":true,"#), "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "1");
}
