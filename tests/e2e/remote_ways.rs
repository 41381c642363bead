//! Ways to a remote server: over a unix socket, when it is busy, when nobody says anything for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::remote::{config, echo, failed, start, text};
use crate::support::far::{Far, Out, Seen, Stream, legacy, modern, older, said};
use crate::support::{Daemon, Lines, Sandbox, until};

fn start_with(sandbox: &Sandbox, url: &str, lines: &str) -> Daemon {
    sandbox.write("config/callmux/config.toml", &format!("{}{lines}\n", config(url)));
    Daemon::start(sandbox)
}

#[test]
fn a_server_is_reached_over_a_unix_socket() {
    type Answer = Box<dyn Fn(&Seen, &mut Out) + Send + Sync>;
    let there = |seen: &Seen, out: &mut Out, stream: &Stream| {
        out.whole("202 Accepted", &[], "");
        stream.event(&seen.result(&said(&seen.text)));
    };
    let kinds: [(Answer, &str); 3] = [
        (Box::new(modern(echo)), "modern"),
        (Box::new(legacy(echo)), "legacy"),
        (Box::new(older(Stream::default(), there)), "legacy"),
    ];
    for (answer, era) in kinds {
        let sandbox = Sandbox::new();
        let far = Far::on(&sandbox.path("far.sock"), answer);
        let mut daemon = start_with(&sandbox, "http://tools/mcp?k=1", "socket = \"~/far.sock\"");
        assert_eq!(daemon.wait_for("server_ready", |_| true)["era"], era);
        let mut bridge = Lines::bridge(&sandbox);
        assert!(text(&bridge.call("far__echo", &json!({}))).contains("tools/call"));
        let first = &far.seen()[0];
        assert_eq!((first.path.as_str(), first.header("host")), ("/mcp?k=1", Some("tools")));
        assert_eq!(daemon.stop(), Some(0));
    }
}

#[test]
fn a_socket_that_is_not_there_is_waited_for() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("far.sock");
    let lines = format!("socket = {path:?}");
    let daemon = start_with(&sandbox, "http://tools/mcp", &lines);
    daemon.wait_for("server_failed", |fact| {
        fact["reason"].as_str().unwrap().starts_with("it cannot be reached: ")
    });
    let _far = Far::on(&path, modern(echo));
    daemon.wait_for("server_ready", |_| true);
    text(&Lines::bridge(&sandbox).call("far__echo", &json!({})));
}

#[test]
fn a_busy_server_is_asked_again_when_it_wants_that() {
    for is_modern in [true, false] {
        let tries = AtomicUsize::new(0);
        let call = move |seen: &Seen, out: &mut Out| match tries.fetch_add(1, Ordering::SeqCst) {
            0 => out.whole("503 Service Unavailable", &["Retry-After: 1"], "busy"),
            // A date that is over means: now.
            1 => {
                let date = "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT";
                out.whole("429 Too Many Requests", &[date], "");
            }
            _ => echo(seen, out),
        };
        let far = if is_modern { Far::start(modern(call)) } else { Far::start(legacy(call)) };
        let sandbox = Sandbox::new();
        let daemon = start(&sandbox, &far.url());
        let mut bridge = Lines::bridge(&sandbox);
        let began = Instant::now();
        text(&bridge.call("far__echo", &json!({})));
        assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
        assert_eq!(far.count("tools/call"), 3);
        assert_eq!(daemon.count("server_failed", |_| true), 0);
    }
}

#[test]
fn the_wait_for_a_busy_server_is_bounded() {
    let sandbox = Sandbox::new();
    let far = Far::start(legacy(|seen, out| {
        match seen.body["params"]["arguments"]["n"].as_u64().unwrap() {
            0 => out.whole("503 Service Unavailable", &["Retry-After: 61"], ""),
            1 => out.whole("429 Too Many Requests", &["Retry-After: 30"], ""),
            _ => out.whole("429 Too Many Requests", &["Retry-After: soon"], ""),
        }
    }));
    let hasty = format!("[servers.hasty]\nurl = {:?}\ncall_timeout = \"5s\"", far.url());
    let _daemon = start_with(&sandbox, &far.url(), &hasty);
    let mut bridge = Lines::bridge(&sandbox);
    failed(&bridge.call("far__echo", &json!({ "n": 0 })), "not_sent", "try again after 61 s");
    failed(&bridge.call("far__echo", &json!({ "n": 2 })), "not_sent", "HTTP status 429");
    // The other end says no within its 5 s, even where the machine is busy.
    failed(&bridge.call("hasty__echo", &json!({ "n": 1 })), "not_sent", "within 5s");
    assert_eq!(far.count("tools/call"), 3);
    assert_eq!(far.count("notifications/cancelled"), 0, "it has nothing to take back");
}

#[test]
fn a_server_that_is_busy_at_its_start_is_told_of() {
    let sandbox = Sandbox::new();
    let (is_busy, rest) = (Arc::new(AtomicBool::new(true)), legacy(echo));
    let busy = is_busy.clone();
    let far = Far::start(move |seen, out| {
        if seen.method() == "initialize" && busy.load(Ordering::SeqCst) {
            return out.whole("503 Service Unavailable", &["Retry-After: 30"], "");
        }
        rest(seen, out);
    });
    let daemon = start_with(&sandbox, &far.url(), "start_timeout = \"1s\"");
    let words = "503 Service Unavailable; try again after 30 s";
    daemon.wait_for("server_failed", |fact| fact["reason"].as_str().unwrap().contains(words));
    is_busy.store(false, Ordering::SeqCst);
    daemon.wait_for("server_ready", |_| true);
}

/// The timers of our sockets to this port, as proc_pid_net(5) has them: kind, and hundredths of a
/// second until it goes off.
fn timers(port: u16) -> Vec<(u64, u64)> {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let of_line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_ours = words[2].ends_with(&format!(":{port:04X}")) && words[3] == "01";
        let (kind, left) = words[5].split_once(':').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        is_ours.then(|| (number(kind), number(left)))
    };
    table.lines().skip(1).filter_map(of_line).collect()
}

#[test]
fn a_silent_connection_is_looked_after() {
    let sandbox = Sandbox::new();
    let far = Far::start(modern(|_, out| {
        out.stream();
        out.wait_for_close();
    }));
    let _daemon = start(&sandbox, &far.url());
    let mut bridge = Lines::bridge(&sandbox);
    bridge.start_call("far__echo", &json!({}));
    far.wait_for("tools/call");
    // Timer 2 asks whether the other end is still there.
    until("a timer of keep-alive", || {
        timers(far.address.port()).into_iter().find(|(kind, left)| *kind == 2 && *left <= 3000)
    });
}
