//! A remote server that does everything wrong that HTTP allows: what the agent is told, and that
//! nobody else notices. What it was sent to prove us it repeats wherever it can.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::support::far::{Far, Out, Seen, legacy, modern, said};
use crate::support::{CANARY, Daemon, Lines, Sandbox, canary, until};

/// What nothing but the `call_timeout` ends. Everything else has ended long before the one that it is
/// called with, which is longer than a test waits.
const ENDLESS: [&str; 3] = ["silence", "stall", "stall in a stream"];
/// The `max_message` of the bad server.
const CAP: usize = 1 << 20;

/// What is done, how the call ends, a part of the reason, and how many requests the server sees.
const MISDEEDS: [(&str, &str, &str, usize); 30] = [
    ("reset", "outcome_unknown", "its connection broke", 1),
    ("close", "outcome_unknown", "its connection broke", 1),
    ("silence", "outcome_unknown", "did not answer within 3s", 1),
    ("stall", "outcome_unknown", "did not answer within 3s", 1),
    ("stall in a stream", "outcome_unknown", "did not answer within 3s", 1),
    ("cut", "outcome_unknown", "its connection broke", 1),
    ("cut in a stream", "outcome_unknown", "the stream of its answer ended", 1),
    ("400", "outcome_unknown", "HTTP status 400", 1),
    ("500", "outcome_unknown", "HTTP status 500", 1),
    ("502", "outcome_unknown", "HTTP status 502", 1),
    ("503", "outcome_unknown", "HTTP status 503", 1),
    ("429", "not_sent", "HTTP status 429", 1),
    ("401", "not_sent", "HTTP status 401", 1),
    ("403", "not_sent", "HTTP status 403", 1),
    ("no status", "outcome_unknown", "its connection broke", 1),
    ("a page", "outcome_unknown", "is no answer to the request", 1),
    ("an image", "outcome_unknown", "is no answer to the request", 1),
    ("nothing", "outcome_unknown", "without an answer", 1),
    ("a gzip bomb", "outcome_unknown", "raise `max_message`", 1),
    ("an endless body", "outcome_unknown", "raise `max_message`", 1),
    ("an endless event", "outcome_unknown", "raise `max_message`", 1),
    ("endless headers", "outcome_unknown", "its connection broke", 1),
    ("too little", "outcome_unknown", "its connection broke", 1),
    ("no JSON", "outcome_unknown", "is no answer to the request", 1),
    ("no JSON-RPC", "outcome_unknown", "is no answer to the request", 1),
    ("deep JSON", "outcome_unknown", "is no answer to the request", 1),
    ("another id", "outcome_unknown", "is no answer to the request", 1),
    ("elsewhere", "not_sent", "another origin", 1),
    ("elsewhere by GET", "not_sent", "302 Found: it points to http://127.0.0.1:", 1),
    ("in circles", "not_sent", "redirects more than", 4),
];

/// A gzip body of less than 1 MiB that stands for more than 800 MiB.
fn bomb() -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is everywhere");
    let mut input = gzip.stdin.take().unwrap();
    let zeros = std::thread::spawn(move || {
        let zeros = vec![0; 1 << 20];
        (0..64).for_each(|_| input.write_all(&zeros).unwrap());
    });
    let member = gzip.wait_with_output().unwrap().stdout;
    zeros.join().unwrap();
    // What is written behind one another is one file (RFC 1952, section 2.2).
    let bomb = member.repeat(13);
    assert!(bomb.len() < CAP, "{} bytes", bomb.len());
    bomb
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";

fn misbehave(seen: &Seen, out: &mut Out, elsewhere: &str, bomb: &[u8]) {
    let how = seen.body["params"]["arguments"]["how"].as_str().unwrap();
    let shown = seen.header("authorization").unwrap().to_owned() + seen.header("x-key").unwrap();
    let json_head = format!("{CHUNKED}Content-Type: application/json\r\n\r\n");
    match how {
        "reset" => out.reset(),
        "close" => out.cut(),
        "silence" => out.wait_for_close(),
        "stall" | "cut" => {
            out.raw(json_head.as_bytes());
            out.part(r#"{"jsonrpc":"2.0","#);
            if how == "cut" { out.cut() } else { out.wait_for_close() }
        }
        "stall in a stream" | "cut in a stream" => {
            out.stream();
            out.part(&format!("data: {{\"jsonrpc\":\"2.0\",\"said\":\"{shown}"));
            if how == "cut in a stream" { out.cut() } else { out.wait_for_close() }
        }
        "no status" => {
            out.raw(format!("{shown}\r\n\r\n").as_bytes());
            out.cut();
        }
        "a page" => out.whole("200 OK", &["Content-Type: text/html"], &format!("<p>{shown}</p>")),
        "an image" => out.whole("200 OK", &["Content-Type: image/png"], &shown),
        "nothing" => out.whole("204 No Content", &[], ""),
        "a gzip bomb" => {
            let kind = "Content-Type: application/json\r\nContent-Encoding: gzip";
            let length = bomb.len();
            out.raw(
                format!("HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
            );
            out.raw(bomb);
        }
        "an endless body" | "an endless event" => {
            if how == "an endless body" {
                out.raw(json_head.as_bytes());
            } else {
                out.stream();
            }
            let line = format!("data: {}\n", "x".repeat(1 << 16));
            while out.part(&line) {}
        }
        "endless headers" => {
            out.raw(b"HTTP/1.1 200 OK\r\n");
            let header = format!("X-More: {}\r\n", "x".repeat(8000));
            while out.raw(header.as_bytes()) {}
        }
        "too little" => {
            out.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}");
            out.cut();
        }
        "no JSON" => out.json(&format!("{{{shown}")),
        "no JSON-RPC" => out.json(&json!({ "said": shown }).to_string()),
        "deep JSON" => out.json(&"[".repeat(100_000)),
        "another id" => out.json(
            &json!({ "jsonrpc": "2.0", "id": 1_234_567, "result": { "said": shown } }).to_string(),
        ),
        "elsewhere" => out.whole("307 Temporary Redirect", &[elsewhere], &shown),
        "elsewhere by GET" => out.whole("302 Found", &[elsewhere], &shown),
        "in circles" => out.whole("308 Permanent Redirect", &["Location: /mcp"], &shown),
        status => out.whole(&format!("{status} No"), &["Content-Type: text/plain"], &shown),
    }
}

/// A daemon with a bad server and a good one, and who is to be asked for nothing.
struct Rig {
    sandbox: Sandbox,
    daemon: Daemon,
    bad: Far,
    good: Far,
    elsewhere: Far,
}

impl Rig {
    fn start(is_modern: bool, bomb: Arc<Vec<u8>>) -> Self {
        let elsewhere = Far::start(modern(echo));
        let location = format!("Location: {}?key={CANARY}", elsewhere.url());
        let call = move |seen: &Seen, out: &mut Out| match seen.body["params"]["name"].as_str() {
            Some("echo") if !seen.body["params"]["arguments"]["how"].is_null() => {
                misbehave(seen, out, &location, &bomb);
            }
            _ => echo(seen, out),
        };
        let bad = if is_modern { Far::start(modern(call)) } else { Far::start(legacy(call)) };
        let good = Far::start(modern(echo));
        let sandbox = Sandbox::new();
        sandbox.write("config/callmux/token", canary!("-token"));
        sandbox.write("config/callmux/key", canary!("-key"));
        let config = format!(
            "{}{}[servers.good]\nurl = {:?}\n",
            table("bad", &bad, "1h"),
            table("hasty", &bad, "3s"),
            good.url()
        );
        sandbox.write("config/callmux/config.toml", &config);
        let daemon = Daemon::start(&sandbox);
        for name in ["bad", "hasty", "good"] {
            daemon.wait_for("server_ready", |fact| fact["server"] == name);
        }
        Self { sandbox, daemon, bad, good, elsewhere }
    }

    /// Nothing that was sent to prove us is shown to anybody.
    fn shows_nothing(&self, answers: &[Value]) {
        self.sandbox.command().args(["status", "--json"]).output().unwrap();
        assert!(!format!("{answers:?}").contains(CANARY), "{answers:?}");
    }
}

/// The bad server, called with this `call_timeout`.
fn table(name: &str, bad: &Far, limit: &str) -> String {
    format!(
        "[servers.{name}]\nurl = {:?}\ncall_timeout = {limit:?}\nmax_message = \"1MiB\"\n\
         headers = {{ X-Key = \"${{file:key}}\" }}\n\
         auth = {{ type = \"bearer\", token = \"${{file:token}}\" }}\n",
        format!("{}?key=canary7-query", bad.url()),
    )
}

fn echo(seen: &Seen, out: &mut Out) {
    out.json(&seen.result(&said("served")));
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"))
}

fn check(rig: &Rig, client: &mut Lines, other: &mut Lines, how: &str) -> (Value, usize) {
    let before = rig.bad.count("tools/call");
    let tool = if ENDLESS.contains(&how) { "hasty__echo" } else { "bad__echo" };
    let id = client.start_call(tool, &json!({ "how": how }));
    until("the call", || (rig.bad.count("tools/call") > before).then_some(()));
    // While it does what it does.
    assert_eq!(text(&other.call("good__echo", &json!({}))), "served", "{how}");
    let answer = client.answer(id);
    (answer, rig.bad.count("tools/call") - before)
}

#[test]
fn each_misdeed_over_http_is_named_and_hurts_nobody_else() {
    let bomb = Arc::new(bomb());
    for is_modern in [false, true] {
        let rig = Rig::start(is_modern, bomb.clone());
        let (mut client, mut other) = (Lines::bridge(&rig.sandbox), Lines::bridge(&rig.sandbox));
        let (memory, mut answers, mut wrong) = (rig.daemon.memory_kib(), Vec::new(), Vec::new());
        for (how, outcome, words, requests) in MISDEEDS {
            let (answer, seen) = check(&rig, &mut client, &mut other, how);
            let failure = &answer["result"]["_meta"]["callmux/failure"];
            let reason = failure["reason"].as_str().unwrap_or_default();
            // A session may be gone; in the next one it is the same.
            let requests = if how == "400" && !is_modern { requests + 1 } else { requests };
            if failure["outcome"] != outcome || !reason.contains(words) || seen != requests {
                wrong.push(format!("{how}: {seen} requests, {answer}"));
            }
            answers.push(answer);
            let good = client.call("bad__echo", &json!({}));
            assert_eq!(text(&good), "served", "after {how}");
        }
        assert!(wrong.is_empty(), "modern: {is_modern}\n{}", wrong.join("\n"));
        let grown = rig.daemon.memory_kib().saturating_sub(memory);
        assert!(grown < 64 * 1024, "{grown} KiB");
        assert!(rig.bad.seen().iter().all(|seen| seen.header("accept-encoding").is_none()));
        assert_eq!(rig.elsewhere.connections(), 0);
        let is_over = |fact: &Value| fact["reason"] == "its session is over";
        rig.daemon.expect_count("server_failed", usize::from(!is_modern), is_over);
        rig.daemon.expect_count("server_failed", usize::from(!is_modern), |_| true);
        assert_eq!(rig.good.count("tools/call"), MISDEEDS.len());
        rig.shows_nothing(&answers);
    }
}

#[test]
fn a_reset_before_the_request_is_read_is_no_proof_of_anything() {
    let closing = |seen: &Seen, out: &mut Out| {
        let headers = ["Content-Type: application/json", "Connection: close"];
        out.whole("200 OK", &headers, &seen.result(&said("served")));
        out.cut();
    };
    let (sandbox, far) = (Sandbox::new(), Far::start(modern(closing)));
    sandbox.write("config/callmux/config.toml", &format!("[servers.far]\nurl = {:?}\n", far.url()));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut client = Lines::bridge(&sandbox);
    // Several at once leave no connection that is idle.
    let ids: Vec<u64> = (0..8).map(|_| client.start_call("far__echo", &json!({}))).collect();
    for id in ids {
        assert_eq!(text(&client.answer(id)), "served");
    }
    far.resets.store(true, Ordering::SeqCst);
    let before = far.seen().len();
    let answer = client.call("far__echo", &json!({}));
    let failure = &answer["result"]["_meta"]["callmux/failure"];
    assert_eq!(failure["outcome"], "outcome_unknown", "{answer}");
    assert_eq!(far.seen().len(), before, "it is not sent in another way");
    far.resets.store(false, Ordering::SeqCst);
    assert_eq!(text(&client.call("far__echo", &json!({}))), "served");
}

#[test]
fn a_refused_handshake_is_told_without_what_was_shown() {
    let (sandbox, far) = (
        Sandbox::new(),
        Far::start(|seen: &Seen, out: &mut Out| {
            let shown = seen.header("authorization").unwrap();
            let error = json!({ "code": -32000, "message": format!("no such key: {shown}") });
            out.json(
                &json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error }).to_string(),
            );
        }),
    );
    sandbox.write("config/callmux/token", canary!("-token"));
    let auth = "auth = { type = \"bearer\", token = \"${file:token}\" }";
    sandbox.write(
        "config/callmux/config.toml",
        &format!("[servers.far]\nurl = {:?}\n{auth}\n", far.url()),
    );
    let daemon = Daemon::start(&sandbox);
    let fact = daemon.wait_for("server_failed", |_| true);
    assert!(fact["reason"].as_str().unwrap().contains("no such key: Bearer (hidden)"), "{fact}");
}
