//! Servers that write in a slightly wrong way.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::remote::{failed, start, text};
use crate::support::far::{Far, Out, Seen, legacy, modern, said};
use crate::support::{Daemon, Lines, Sandbox, hostile};

const CONTENT: &str = "café \u{1f980}";

fn mirrored(bridge: &mut Lines, server: &str) -> Value {
    let value = json!({ "content": [{ "type": "text", "text": CONTENT }] });
    bridge.call(&format!("{server}__mirror"), &json!({ "value": value }))
}

/// Ways to write that do no harm, and what is told of each.
const WRITES: [(&str, Option<&str>); 8] = [
    ("text", None),
    ("float", None),
    ("bom", Some("something else in the line of a message")),
    ("colours", Some("something else in the line of a message")),
    ("progress", Some("something else in the line of a message")),
    ("words", Some("something else in the line of a message")),
    ("behind", Some("something else in the line of a message")),
    ("latin1", Some("is not UTF-8")),
];

#[test]
fn what_a_server_writes_in_a_slightly_wrong_way_is_understood_and_named() {
    let sandbox = Sandbox::new();
    let mut config = String::new();
    for (writes, _) in WRITES {
        config += &format!(
            "[servers.{writes}]\ncommand = {:?}\nargs = [\"--writes={writes}\"]\n",
            hostile()
        );
    }
    sandbox.write("config/callmux/config.toml", &config);
    let daemon = Daemon::start(&sandbox);
    let mut bridge = Lines::bridge(&sandbox);
    for (writes, told) in WRITES {
        daemon.wait_for("server_ready", |fact| fact["server"] == writes);
        let answer = mirrored(&mut bridge, writes);
        let expected =
            if writes == "latin1" { CONTENT.replace('é', "\u{fffd}") } else { CONTENT.to_owned() };
        // What lies beyond Latin-1 is written as it is.
        assert_eq!(text(&answer), expected, "{writes}");
        if let Some(told) = told {
            daemon.wait_for("server_misbehaved", |fact| {
                fact["server"] == writes && fact["message"].as_str().unwrap().contains(told)
            });
        } else {
            let count = daemon.count("server_misbehaved", |fact| fact["server"] == writes);
            assert_eq!(count, 0, "{writes}");
        }
    }
    assert_eq!(daemon.count("server_failed", |_| true), 0, "{}", daemon.told());
}

#[test]
fn an_error_without_an_id_answers_the_only_call() {
    let sandbox = Sandbox::new();
    let config = format!(
        "[servers.s]\ncommand = {:?}\nargs = [\"--writes=null\"]\ncall_timeout = \"1h\"\n",
        hostile()
    );
    sandbox.write("config/callmux/config.toml", &config);
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    let answer = mirrored(&mut bridge, "s");
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    assert_eq!(answer["error"]["message"], "what was that?");
}

/// A gzip file with this in it.
fn packed(text: &str) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is everywhere");
    gzip.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    gzip.wait_with_output().unwrap().stdout
}

fn pack(out: &mut Out, kind: &str, text: &str) {
    let packed = packed(text);
    let length = packed.len();
    let head =
        format!("Content-Type: {kind}\r\nContent-Encoding: gzip\r\nContent-Length: {length}");
    out.raw(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes());
    out.raw(&packed);
}

fn bytes(out: &mut Out, head: &str, body: &[u8]) {
    let length = body.len();
    out.raw(format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {length}\r\n\r\n").as_bytes());
    out.raw(body);
}

const ODD: [&str; 14] = [
    "mark",
    "mark in a stream",
    "latin1",
    "latin1 in a stream",
    "empty event",
    "gzip",
    "gzip in a stream",
    "untyped stream",
    "stream as text",
    "stream as bytes",
    "untyped",
    "text id",
    "float id",
    "null id",
];

fn answer_oddly(seen: &Seen, out: &mut Out) {
    let how = seen.body["params"]["arguments"]["how"].as_str().unwrap();
    let answer = seen.result(&said(CONTENT));
    let latin1 = |text: &str| {
        let at = text.find('é').unwrap();
        [&text.as_bytes()[..at], b"\xe9", &text.as_bytes()[at + 'é'.len_utf8()..]].concat()
    };
    let (json, events) =
        ("Content-Type: application/json\r\n", "Content-Type: text/event-stream\r\n");
    let stream = format!("event: message\ndata: {answer}\n\n");
    match how {
        "mark" => out.json(&format!("\u{feff}{answer}")),
        "mark in a stream" => bytes(out, events, format!("\u{feff}data: {answer}\n\n").as_bytes()),
        "latin1" => bytes(out, json, &latin1(&answer)),
        "latin1 in a stream" => bytes(out, events, &latin1(&stream)),
        "empty event" => bytes(out, events, format!("event:\ndata: {answer}\n\n").as_bytes()),
        "gzip" => pack(out, "application/json", &answer),
        "gzip in a stream" => pack(out, "text/event-stream", &stream),
        "untyped stream" => bytes(out, "", stream.as_bytes()),
        "stream as text" => bytes(out, "Content-Type: text/plain\r\n", stream.as_bytes()),
        "stream as bytes" => {
            bytes(out, "Content-Type: application/octet-stream\r\n", stream.as_bytes());
        }
        "untyped" => bytes(out, "", answer.as_bytes()),
        "text id" => {
            let id = seen.body["id"].to_string();
            out.json(&json!({ "jsonrpc": "2.0", "id": id, "result": said(CONTENT) }).to_string());
        }
        "float id" => {
            let id = format!("\"id\":{}", seen.body["id"]);
            out.json(&answer.replace(&id, &format!("{id}.0")));
        }
        _ => {
            let error = json!({ "code": -32001, "message": CONTENT });
            out.json(&json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string());
        }
    }
}

#[test]
fn what_a_remote_server_answers_in_a_slightly_wrong_way_is_understood() {
    for is_modern in [false, true] {
        let far = if is_modern {
            Far::start(modern(answer_oddly))
        } else {
            Far::start(legacy(answer_oddly))
        };
        let sandbox = Sandbox::new();
        let daemon = start(&sandbox, &far.url());
        let mut bridge = Lines::bridge(&sandbox);
        for how in ODD {
            let answer = bridge.call("far__echo", &json!({ "how": how }));
            if how == "null id" {
                assert_eq!(answer["error"]["message"], CONTENT, "{answer}");
                continue;
            }
            let expected =
                CONTENT.replace('é', if how.contains("latin1") { "\u{fffd}" } else { "é" });
            assert_eq!(
                answer["result"]["content"][0]["text"], expected,
                "{how}, modern: {is_modern}: {answer}"
            );
        }
        daemon.wait_for("server_misbehaved", |fact| {
            fact["message"].as_str().unwrap().contains("bytes that are no characters")
        });
        assert_eq!(daemon.count("server_failed", |_| true), 0, "{}", daemon.told());
    }
}

#[test]
fn an_encoding_that_nobody_asked_for_is_named() {
    let sandbox = Sandbox::new();
    let far = Far::start(modern(|_, out| {
        out.whole("200 OK", &["Content-Type: application/json", "Content-Encoding: br"], "xyz");
    }));
    let _daemon = start(&sandbox, &far.url());
    let answer = Lines::bridge(&sandbox).call("far__echo", &json!({}));
    failed(&answer, "outcome_unknown", "in the encoding `br`");
}
