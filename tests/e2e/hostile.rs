//! Servers that misbehave: each is named in the error, its neighbours feel nothing, memory stays
//! bounded, no process and no descriptor is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Daemon, Http, Sandbox, callmux, config, descendants, hostile, until};

/// Calls a neighbour without a pause until told to stop, and fails on anything but success.
struct Neighbour {
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbour {
    fn start(daemon: &Daemon) -> Self {
        let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (told, counted) = (stop.clone(), calls.clone());
        let mut client = Http::tcp(daemon).legacy(&json!({}));
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                let reply = client.call("good__increment", &json!({}));
                assert!(
                    reply.json()["result"]["structuredContent"]["value"].is_number(),
                    "{reply:?}"
                );
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { stop, calls, thread: Some(thread) }
    }

    /// Waits for so many more calls to have succeeded.
    fn goes_on(&self) {
        let before = self.calls.load(Ordering::Relaxed);
        until("the neighbour's calls", || {
            (self.calls.load(Ordering::Relaxed) > before + 5).then_some(())
        });
    }

    fn finish(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().expect("the neighbour felt nothing");
    }
}

fn daemon(sandbox: &Sandbox) -> Daemon {
    let path = hostile();
    let servers: [(&str, &[&str]); 2] =
        [("bad", &[path.to_str().unwrap()]), ("good", &[callmux(), "example-server", "counter"])];
    let text =
        config(&servers).replace("[servers.good]", "stop_timeout = \"300ms\"\n[servers.good]");
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(sandbox);
    for name in ["bad", "good"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    daemon
}

fn failure(answer: &Value) -> (&str, &str) {
    let failure = &answer["result"]["_meta"]["callmux/failure"];
    (failure["outcome"].as_str().unwrap_or("?"), failure["reason"].as_str().unwrap_or("?"))
}

/// Every misdeed that costs its call, and the words that name it.
const MISDEEDS: &[(&str, &str)] = &[
    ("not_json", "is not JSON"),
    ("half_line", "in the middle of a message"),
    ("exit", "exit code 5"),
    ("crash", "SIGABRT"),
    ("giant_line", "a line longer than"),
    ("close_output", "closed its output"),
];

#[test]
fn each_misdeed_is_named_and_hurts_nobody_else() {
    let sandbox = Sandbox::new();
    let mut daemon = daemon(&sandbox);
    let neighbour = Neighbour::start(&daemon);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    neighbour.goes_on();
    let (memory, descriptors) = (daemon.memory_kib(), daemon.descriptors());
    for (misdeed, words) in MISDEEDS {
        let answer = client.call(&format!("bad__{misdeed}"), &json!({})).json();
        let (outcome, reason) = failure(&answer);
        assert_eq!(outcome, "outcome_unknown", "{misdeed}: {answer}");
        assert!(reason.contains("server bad") && reason.contains(words), "{misdeed}: {reason}");
        // The next call finds the server well again.
        let next = client.call("bad__mirror", &json!({ "value": { "content": [] } })).json();
        assert!(next["result"]["content"].is_array(), "{misdeed}: {next}");
        neighbour.goes_on();
    }
    let grown = daemon.memory_kib().saturating_sub(memory);
    assert!(grown < 64 * 1024, "{grown} KiB more than before");
    until("descriptors back to what they were", || {
        (daemon.descriptors() <= descriptors).then_some(())
    });
    neighbour.finish();
    until("one process for each server", || (descendants(daemon.pid()).len() == 2).then_some(()));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_call_is_sent_again_only_where_that_does_no_harm() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let words = [path.to_str().unwrap()];
    let text = config(&[("strict", &words), ("trusted", &words), ("named", &words)])
        .replace("[servers.trusted]", "[servers.trusted]\ntrusted = true")
        .replace("[servers.named]", "[servers.named]\nreplay = [\"exit_*\"]");
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(&sandbox);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let mut call = |server: &str| {
        let marker = sandbox.path(server);
        client.call(&format!("{server}__exit_once"), &json!({ "marker": marker })).json()
    };
    for server in ["trusted", "named"] {
        let answer = call(server);
        assert_eq!(answer["result"]["content"][0]["text"], "this time it worked", "{answer}");
    }
    let answer = call("strict");
    assert_eq!(failure(&answer).0, "outcome_unknown", "nobody vouches for it: {answer}");
}

#[test]
fn what_a_server_says_twice_or_to_nobody_goes_nowhere() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    for n in 0..20 {
        let answer = client.call("bad__twice", &json!({})).json();
        assert_eq!(answer["result"]["content"][0]["text"], "first", "{n}");
        let answer = client.call("bad__strangers", &json!({})).json();
        assert_eq!(answer["result"]["content"][0]["text"], "mine", "{n}");
    }
    daemon.wait_for("server_misbehaved", |fact| {
        fact["message"].as_str().unwrap().contains("an answer to no request")
    });
}

#[test]
fn large_results_that_were_passed_on_leave_no_memory_behind() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox);
    let call = |size: usize| {
        let text = "x".repeat(size);
        let result = json!({ "content": [{ "type": "text", "text": text }] });
        let mut client = Http::tcp(&daemon).legacy(&json!({}));
        let answer = client.call("bad__mirror", &json!({ "value": result })).json();
        assert_eq!(answer["result"]["isError"], json!(null), "{size}");
    };
    call(10);
    let before = daemon.memory_kib();
    // Of sizes that the allocator takes from its heap, and finds no single place for.
    for size in [300 << 10, 1 << 20, 3 << 20, 1 << 20, 2 << 20] {
        std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(move || call(size)))));
    }
    // The window onto the server's output stays: it is as large as what was read at once.
    let window = 4 << 10;
    until("the memory to be given back", || {
        (daemon.memory_kib() < before + window + (2 << 10)).then_some(())
    });
}

#[test]
fn a_server_that_floods_or_reads_no_more_does_not_grow_in_us() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox);
    let neighbour = Neighbour::start(&daemon);
    neighbour.goes_on();
    let memory = daemon.memory_kib();
    let mut flooding = Http::tcp(&daemon).legacy(&json!({}));
    flooding.start_post(
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"bad__flood"}}"#,
        &[],
    );
    for _ in 0..5 {
        neighbour.goes_on();
    }
    // The server reads no more either: what is sent to it is refused before it fills our memory.
    let arguments = format!(r#"{{"value":"{}"}}"#, "x".repeat(3 << 20));
    let mut refused = String::new();
    for n in 0..20 {
        let mut client = Http::tcp(&daemon).legacy(&json!({}));
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{n},"method":"tools/call","params":{{"name":"bad__mirror","arguments":{arguments}}}}}"#
        );
        client.start_post(&body, &[]);
        neighbour.goes_on();
        let finished = |fact: &Value| fact["outcome"] == "not_sent";
        if daemon.count("call_finished", finished) > 0 {
            refused =
                daemon.wait_for("call_finished", finished)["message"].as_str().unwrap().to_owned();
            break;
        }
        std::mem::forget(client);
    }
    assert!(refused.contains("does not read its input"), "{refused}");
    let grown = daemon.memory_kib().saturating_sub(memory);
    assert!(grown < 64 * 1024, "{grown} KiB more than before");
    neighbour.finish();
}

#[test]
fn a_server_that_never_greets_delays_nobody() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let path = path.to_str().unwrap();
    let text = config(&[
        ("banner", &[path, "--at-start=banner"]),
        ("silent", &[path, "--at-start=silent"]),
        ("mute", &[path, "--at-start=never_ready"]),
        ("gone", &[path, "--at-start=exit"]),
        ("words", &[path, "--at-start=words"]),
        ("none", &["/no/such/program"]),
        ("good", &[callmux(), "example-server", "counter"]),
    ]);
    sandbox.write("config/callmux/config.toml", &format!("list_timeout = \"200ms\"\n{text}"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "good");
    daemon.wait_for("server_ready", |fact| fact["server"] == "banner");
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let call = client.call("good__value", &json!({})).json();
    assert_eq!(call["result"]["structuredContent"]["value"], 0);
    let listed = client.request("tools/list", &json!({})).json();
    let names = listed["result"]["tools"].to_string();
    assert!(
        names.contains("good__value")
            && names.contains("banner__mirror")
            && !names.contains("mute__")
    );
    daemon.wait_for("server_failed", |fact| {
        fact["server"] == "gone" && fact["reason"].as_str().unwrap().contains("exit code 7")
    });
    let words = daemon.wait_for("server_failed", |fact| fact["server"] == "words");
    assert!(words["reason"].as_str().unwrap().contains("cannot open the database"), "{words}");
    let none = daemon.wait_for("server_failed", |fact| fact["server"] == "none");
    assert!(
        none["reason"].as_str().unwrap().contains("`/no/such/program` does not exist"),
        "{none}"
    );
    // Silence on the probe means an older server, which is then greeted in its own way.
    daemon.wait_for("server_ready", |fact| fact["server"] == "silent" && fact["era"] == "legacy");
}

#[test]
fn a_server_that_ignores_the_end_of_its_input_is_ended() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let text = config(&[("stubborn", &[path.to_str().unwrap(), "--at-start=ignores_the_end"])]);
    sandbox.write("config/callmux/config.toml", &format!("{text}stop_timeout = \"100ms\"\n"));
    let mut daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let pid = daemon.server_pid("stubborn");
    assert_eq!(daemon.stop(), Some(0));
    assert!(!crate::support::is_alive(pid));
}

#[test]
fn a_second_signal_ends_what_is_still_stopping() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let text = config(&[("stubborn", &[path.to_str().unwrap(), "--at-start=ignores_the_end"])]);
    sandbox.write("config/callmux/config.toml", &format!("{text}stop_timeout = \"1h\"\n"));
    let mut daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let pid = daemon.server_pid("stubborn");
    daemon.signal(Signal::TERM);
    daemon.wait_for("daemon_stopped", |_| true);
    assert_eq!(daemon.stop(), Some(0));
    assert!(!crate::support::is_alive(pid));
}

#[test]
fn a_flood_on_stderr_is_read_and_cut_down() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let memory = daemon.memory_kib();
    let answer = client.call("bad__stderr_flood", &json!({})).json();
    assert_eq!(answer["result"]["content"][0]["text"], "written");
    let grown = daemon.memory_kib().saturating_sub(memory);
    assert!(grown < 16 * 1024, "{grown} KiB more than before");
    let lines = daemon.count("server_wrote", |fact| fact["server"] == "bad");
    assert!(lines < 5000, "{lines} of 100,000 lines were passed on");
}

#[test]
fn a_server_inherits_three_descriptors_and_a_closed_environment() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let text = config(&[("h", &[path.to_str().unwrap()])]);
    sandbox.write(
        "config/callmux/config.toml",
        &format!("{text}env = {{ OWN = \"canary7-own\" }}\ninherit_env = [\"XDG_CONFIG_HOME\"]\n"),
    );
    let daemon = Daemon::start(&sandbox);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let answer = client.call("h__environment", &json!({})).json();
    let told: Value =
        serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(told["fds"], 3);
    let mut names: Vec<&str> =
        told["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    let expected =
        ["CALLMUX_SERVER_RUN", "HOME", "OWN", "PATH", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"];
    assert_eq!(names, expected);
}
