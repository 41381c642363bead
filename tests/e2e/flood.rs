//! Many clients that use the same request ids at the same time: no answer ever reaches a wrong one.
//!
//! The long form, once `cargo build --release --examples` is done:
//! `CALLMUX_CALLS=1000000 cargo test --release --test e2e equal_ids_of_many -- --nocapture`.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::json;

use crate::support::speaker::modern_meta;
use crate::support::wires::{Sse, Wire, mirrored};
use crate::support::{Daemon, Http, Lines, Sandbox, every, raw};

const CLIENTS: usize = 50;
const CALLS: usize = 20_000;
/// Calls in flight of a client whose wire carries several.
const WINDOW: usize = 20;

/// One call: its request, and what the answer must have in it.
struct Call {
    message: String,
    begin: String,
    within: String,
}

/// The ids are the same for every client, what is said is not.
fn call(client: usize, number: usize, is_modern: bool) -> Call {
    let server = ["old", "new"][(client + number) % 2];
    let id = if number.is_multiple_of(3) { format!("\"{number}\"") } else { number.to_string() };
    let arguments = format!(r#"{{"client":{client},"number":{number}}}"#);
    let meta = if is_modern { format!(r#","_meta":{{{}}}"#, modern_meta()) } else { String::new() };
    Call {
        message: format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{server}__echo","arguments":{arguments}{meta}}}}}"#
        ),
        begin: format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"#),
        within: format!(r#""structuredContent":{{"zeta":{arguments},"#),
    }
}

impl Call {
    fn is_answered_by(&self, answer: &str) -> bool {
        answer.starts_with(&self.begin) && answer.contains(&self.within)
    }
}

/// A client that has several calls in flight. Answers may come in any order.
fn pipelined(client: usize, calls: usize, is_modern: bool, wire: &mut dyn Wire) {
    let numbers: Vec<usize> = (1..=calls).collect();
    for window in numbers.chunks(WINDOW) {
        let calls: Vec<Call> =
            window.iter().map(|number| call(client, *number, is_modern)).collect();
        for call in &calls {
            wire.send(&call.message);
        }
        let mut answered = HashSet::new();
        for _ in &calls {
            let answer = wire.next().expect("an answer");
            let whose = calls.iter().position(|call| call.is_answered_by(&answer));
            let whose = whose.unwrap_or_else(|| panic!("client {client} was sent {answer}"));
            assert!(answered.insert(whose), "client {client} was sent twice: {answer}");
        }
    }
}

/// A client with one connection and one call at a time.
fn kept_alive(client: usize, calls: usize, is_modern: bool, mut http: Http) {
    if !is_modern {
        http = http.legacy(&json!({}));
    }
    for number in 1..=calls {
        let call = call(client, number, is_modern);
        let headers = if is_modern { mirrored(&call.message) } else { Vec::new() };
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = http.post(&call.message, &headers);
        let answer = reply.message();
        assert!(call.is_answered_by(&answer), "client {client} was sent {answer}");
    }
}

fn bridge(sandbox: &Sandbox, is_modern: bool) -> Lines {
    if !is_modern {
        return Lines::bridge(sandbox);
    }
    let mut command = sandbox.command();
    command.arg("bridge");
    Lines::start(command)
}

fn run(client: usize, calls: usize, sandbox: &Sandbox, daemon: &Daemon) {
    match client % 7 {
        0 => pipelined(client, calls, false, &mut bridge(sandbox, false)),
        1 => pipelined(client, calls, true, &mut bridge(sandbox, true)),
        2 => kept_alive(client, calls, false, Http::tcp(daemon)),
        3 => kept_alive(client, calls, true, Http::tcp(daemon)),
        4 => kept_alive(client, calls, false, Http::unix(daemon)),
        5 => kept_alive(client, calls, true, Http::unix(daemon)),
        _ => {
            let mut sse = Sse::open(daemon);
            sse.send(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"old","version":"1"}}}"#);
            assert_eq!(raw::get(&sse.next().unwrap(), &["id"]), Some("0"));
            pipelined(client, calls, false, &mut sse);
        }
    }
}

#[test]
fn a_flood_of_equal_ids_of_many_clients() {
    let calls = std::env::var("CALLMUX_CALLS").ok().and_then(|calls| calls.parse().ok());
    let each = calls.unwrap_or(CALLS) / CLIENTS;
    let sandbox = Sandbox::new();
    let path = every();
    let path = path.to_str().unwrap();
    let daemon =
        Daemon::with(&sandbox, &[("old", &[path, "--legacy"]), ("new", &[path, "--modern"])]);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (sandbox, daemon) = (&sandbox, &daemon);
            scope.spawn(move || run(client, each, sandbox, daemon));
        }
    });
    tell(each * CLIENTS, began.elapsed().as_secs_f64());
    assert_eq!(daemon.count("server_failed", |_| true), 0);
}

#[expect(clippy::print_stdout, reason = "the figures are for whoever runs the test by hand")]
fn tell(calls: usize, seconds: f64) {
    println!("{calls} calls of {CLIENTS} clients in {seconds:.1} s");
}
