//! Clients that do not read, that ask for too much, and that ask in batches: what is theirs reaches
//! them, and nobody else notices.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::support::{Daemon, Lines, Sandbox, callmux, config, hostile, until};

const GREETING: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"silent","version":"1"}}}"#;
/// What six of them come to is more than a session may leave in memory.
const IMAGE: usize = 14_000_000;
const IMAGES: usize = 6;

fn daemon(sandbox: &Sandbox, more: &str) -> Daemon {
    let path = hostile();
    let counter = [callmux(), "example-server", "counter"];
    let text = config(&[("h", &[path.to_str().unwrap()]), ("counter", &counter)]);
    sandbox.write("config/callmux/config.toml", &format!("{more}{text}"));
    let daemon = Daemon::start(sandbox);
    for name in ["h", "counter"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    daemon
}

/// A client that has written everything it wants and reads nothing.
struct Silent(Child);

impl Silent {
    fn start(sandbox: &Sandbox, words: &[&str], lines: &[String]) -> Self {
        let mut command = sandbox.command();
        command.args(words).stdin(Stdio::piped());
        let mut child = command.spawn();
        let input = child.stdin.as_mut().unwrap();
        input.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
        input.flush().unwrap();
        Self(child)
    }

    /// Now it reads: so many lines.
    fn read(&mut self, count: usize) -> Vec<String> {
        let lines = BufReader::new(self.0.stdout.as_mut().unwrap()).lines();
        lines.take(count).map(Result::unwrap).collect()
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn count(sandbox: &Sandbox, log: &str, what: &str) -> usize {
    let text = std::fs::read_to_string(sandbox.path(log)).unwrap_or_default();
    text.lines().filter(|line| *line == what).count()
}

/// The calls of six images at the server with this prefix.
fn images(sandbox: &Sandbox, prefix: &str) -> Vec<String> {
    let call = |id: usize| {
        let (log, gate) = (sandbox.path("log"), sandbox.path("gate"));
        let arguments = json!({ "bytes": IMAGE, "log": log, "gate": gate });
        let params = json!({ "name": format!("{prefix}gated"), "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
    };
    std::iter::once(GREETING.to_owned()).chain((1..=IMAGES).map(call)).collect()
}

/// Lets the server answer, and waits until it has written all of it.
fn let_it_answer(sandbox: &Sandbox) {
    until("the calls at the server", || {
        (count(sandbox, "log", "received") == IMAGES).then_some(())
    });
    sandbox.write("gate", "");
    for number in 1..=IMAGES {
        until("an answer", || (count(sandbox, "log", "written") >= number).then_some(()));
    }
}

fn are_whole(answers: &[String]) {
    let mut ids: Vec<u64> = Vec::new();
    for answer in answers {
        let answer: Value = serde_json::from_str(answer).unwrap();
        ids.push(answer["id"].as_u64().unwrap());
        if answer["id"] != 0 {
            let data = answer["result"]["content"][0]["data"].as_str().unwrap();
            assert!(data.len() == IMAGE && data.bytes().all(|byte| byte == b'A'));
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..=IMAGES as u64).collect::<Vec<_>>());
}

#[test]
fn a_client_that_does_not_read_loses_nothing_and_costs_nobody() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, "");
    let memory = daemon.memory_kib();
    let mut silent = Silent::start(&sandbox, &["bridge"], &images(&sandbox, "h__"));
    let_it_answer(&sandbox);
    daemon.wait_for("client_behind", |_| true);
    // Others of the same server are served meanwhile.
    let mut neighbour = Lines::bridge(&sandbox);
    for n in 0..20 {
        let answer = neighbour.call("h__mirror", &json!({ "value": { "content": [], "n": n } }));
        assert_eq!(answer["result"]["n"], n);
    }
    until("most of it on disk", || {
        (daemon.memory_kib().saturating_sub(memory) < 64 * 1024).then_some(())
    });
    assert!(silent.0.try_wait().unwrap().is_none(), "its session goes on");
    are_whole(&silent.read(1 + IMAGES));
    assert_eq!(daemon.count("session_closed", |_| true), 0);
}

#[test]
fn an_inline_client_that_does_not_read_loses_nothing() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let words = ["--plain", "--", path.to_str().unwrap()];
    sandbox.write("config/callmux/config.toml", "max_result = \"0B\"\n");
    let mut silent = Silent::start(&sandbox, &words, &images(&sandbox, ""));
    let_it_answer(&sandbox);
    are_whole(&silent.read(1 + IMAGES));
}

#[test]
fn a_flood_of_questions_reaches_a_client_as_sixteen() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox, "");
    let mut neighbour = Lines::bridge(&sandbox);
    let mut command = sandbox.command();
    command.arg("bridge");
    let mut client = Lines::start(command);
    client.greet(&json!({ "elicitation": {} }));
    let flood = client.start_call("h__ask_often", &json!({ "times": 4000, "bytes": 8000 }));
    let answer = client.answer(flood);
    assert_eq!(answer["result"]["content"][0]["text"], "sixteen were asked", "{answer}");
    let asked = client.waiting();
    let asked = asked.iter().filter(|line| line.contains("elicitation/create")).count();
    assert_eq!(asked, 16);
    for client in [&mut neighbour, &mut client] {
        let answer = client.call("h__mirror", &json!({ "value": { "content": [], "n": 1 } }));
        assert_eq!(answer["result"]["n"], 1, "{answer}");
    }
}

#[test]
fn calls_that_hang_take_nobody_elses_place() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, "max_calls = 200\n");
    let mut neighbour = Lines::bridge(&sandbox);
    let mut greedy = Lines::bridge(&sandbox);
    let calls: Vec<Value> = (0..200).map(|_| json!({ "tool": "h__hang" })).collect();
    // More than the server has places.
    for _ in 0..21 {
        greedy.start_call("callmux_parallel", &json!({ "calls": calls }));
    }
    let refused = daemon.wait_for("call_finished", |fact| fact["outcome"] == "not_sent");
    let reason = refused["message"].as_str().unwrap();
    assert!(reason.contains("this session has") && reason.contains("server h"), "{reason}");
    let answer = neighbour.call("h__mirror", &json!({ "value": { "content": [], "n": 1 } }));
    assert_eq!(answer["result"]["n"], 1, "{answer}");
    let answer = greedy.call("counter__increment", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 1, "other servers have places");
}

/// A client of the revision that has batches.
fn batching(mut client: Lines) -> Lines {
    let params = json!({
        "protocolVersion": "2025-03-26", "capabilities": {},
        "clientInfo": { "name": "old", "version": "1" },
    });
    let answer = client.request("initialize", &params);
    assert_eq!(answer["result"]["protocolVersion"], "2025-03-26");
    client.write(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    client
}

fn batch(prefix: &str) -> String {
    format!(
        r#"[{{"jsonrpc":"2.0","id":11,"method":"ping"}},{{"jsonrpc":"2.0","method":"notifications/x"}},{{"jsonrpc":"2.0","id":12,"method":"tools/call","params":{{"name":"{prefix}increment"}}}},7]"#
    )
}

fn is_answered(client: &Lines) {
    let list = client.take("the answers", |line| line.starts_with('['));
    let list: Vec<Value> = serde_json::from_str(&list).unwrap();
    assert_eq!(list.len(), 3, "{list:?}");
    let of = |id: Value| list.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(of(json!(11))["result"], json!({}));
    assert_eq!(of(json!(12))["result"]["structuredContent"]["value"], 1);
    assert_eq!(of(Value::Null)["error"]["code"], -32600);
}

#[test]
fn a_batch_over_a_bridge_is_answered_in_one_list_over_the_end_of_a_daemon() {
    let sandbox = Sandbox::new();
    let mut daemon = daemon(&sandbox, "");
    let mut command = sandbox.command();
    command.arg("bridge");
    let mut client = batching(Lines::start(command));
    client.write(&batch("counter__"));
    is_answered(&client);
    daemon.kill();
    client.write(&batch("counter__"));
    let _daemon = Daemon::start(&sandbox);
    is_answered(&client);

    let mut later = Lines::bridge(&sandbox);
    later.write(&batch("counter__"));
    let refused = later.take("the refusal", |line| line.contains("-32600"));
    assert!(refused.contains("batch"), "{refused}");
}

#[test]
fn a_batch_inline_is_answered_in_one_list() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["--plain", "--", callmux(), "example-server", "counter"]);
    let mut client = batching(Lines::start(command));
    client.write(&batch(""));
    is_answered(&client);
}
