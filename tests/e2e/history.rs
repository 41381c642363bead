//! The history: what happened, looked up, whatever becomes of the daemon and of the file.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::{Daemon, Lines, Sandbox, callmux, canary, tables, until};

const CONFIG: &str = "config/callmux/config.toml";
const STATE: &str = ".local/state/callmux";
const FILE: &str = ".local/state/callmux/history.db";
const RULES: &str = r#"
[[access.rules]]
id = "no-reset"
tools = ["counter__reset"]
effect = "deny"

[[access.rules]]
effect = "allow"
"#;
/// Calls of each client under load.
const CALLS: usize = 500;

/// A config with a counter; `keys` of `[history]`.
fn config(keys: &str) -> String {
    let counter = tables(&[("counter", &[callmux(), "example-server", "counter"])]);
    format!("[history]\n{keys}\n{counter}{RULES}")
}

fn start(sandbox: &Sandbox, keys: &str) -> Daemon {
    sandbox.write(CONFIG, &config(keys));
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |_| true);
    daemon
}

fn reload(sandbox: &Sandbox, daemon: &Daemon, keys: &str) {
    let before = daemon.count("config_reloaded", |_| true);
    sandbox.write(CONFIG, &config(keys));
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
}

fn events(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String) {
    let output = sandbox.command().arg("events").args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// What is there, once it is at least so much.
fn found(sandbox: &Sandbox, args: &[&str], least: usize) -> Vec<Value> {
    let args = [&["--json"], args].concat();
    until(&format!("{least} events of {args:?}"), || {
        let (_, text) = events(sandbox, &args);
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let found: Vec<Value> = lines.collect();
        (found.len() >= least).then_some(found)
    })
}

fn calls(sandbox: &Sandbox, least: usize) -> Vec<Value> {
    found(sandbox, &["--kind", "call.end"], least)
}

#[test]
fn each_call_is_an_event_that_can_be_looked_up() {
    let sandbox = Sandbox::new();
    let mut daemon = start(&sandbox, "enabled = true\narguments = \"redacted\"");
    let mut client = Lines::bridge(&sandbox);
    let secret = canary!("-argument");
    client.call("counter__increment", &json!({ "by": 1, "password": secret }));
    client.call("counter__reset", &json!({ "token": secret }));
    client.call("counter__value", &json!({}));
    let calls = calls(&sandbox, 3);
    let ended: Vec<[&Value; 4]> = calls
        .iter()
        .map(|call| [&call["server"], &call["tool"], &call["outcome"], &call["rule"]])
        .collect();
    let expected = json!([
        ["counter", "counter__increment", "done", null],
        ["counter", "counter__reset", "denied", "no-reset"],
        ["counter", "counter__value", "done", null],
    ]);
    assert_eq!(json!(ended), expected);
    let principal = format!("user:{}", rustix::process::getuid().as_raw());
    for call in &calls {
        let who = [&call["principal"], &call["client"], &call["via"], &call["of"]];
        assert_eq!(json!(who), json!([principal, "test 1", "link", "tool"]));
        assert!(call["us"].is_u64() && call["in"].is_u64() && call["t"].is_string(), "{call}");
    }
    assert_eq!(calls[0]["arguments"]["by"], 1);
    // What else happened stands among them, in one order.
    let all = found(&sandbox, &[], 4);
    let kinds: HashSet<&str> = all.iter().filter_map(|event| event["kind"].as_str()).collect();
    for kind in ["server.ready", "session.opened", "tools.changed", "call.end"] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    assert!(all.windows(2).all(|two| two[0]["id"].as_i64() < two[1]["id"].as_i64()));

    let tool = |args: &[&str]| -> Vec<String> {
        let found = found(&sandbox, args, 0);
        found.iter().filter_map(|it| it["tool"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(tool(&["--outcome", "denied"]), ["counter__reset"]);
    assert_eq!(tool(&["--tool", "counter__v*"]), ["counter__value"]);
    assert_eq!(tool(&["--client", "test", "-n", "1"]), ["counter__value"]);
    assert_eq!(tool(&["--client", "tes"]).len() + tool(&["--since", "2099-01-01"]).len(), 0);
    assert_eq!(tool(&["--server", "counter", "--since", "1h"]).len(), 3);
    let shown = events(&sandbox, &["--outcome", "denied"]).1;
    assert!(shown.contains("counter__reset (rule no-reset)"), "{shown}");
    assert!(events(&sandbox, &[]).1.lines().all(|line| line.chars().count() <= 80));
    let hours = found(&sandbox, &["--hours", "--tool", "counter__value"], 1);
    assert_eq!((&hours[0]["n"], &hours[0]["outcome"]), (&json!(1), &json!("done")));
    assert!(events(&sandbox, &["--hours"]).1.contains("counter__increment"));

    let mut command = sandbox.command();
    command.args(["events", "-f", "--json", "--outcome", "done", "--tool", "counter__v*"]);
    let following = Lines::start(command);
    following.take("the call that was", |line| line.contains("counter__value"));
    client.call("counter__reset", &json!({}));
    client.call("counter__value", &json!({}));
    assert!(following.next().contains("counter__value"));

    // Without a daemon, too, and with nothing in it that nobody is to know.
    daemon.stop();
    assert_eq!(self::calls(&sandbox, 5).len(), 5);
    let mode = fs::metadata(sandbox.path(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for entry in fs::read_dir(sandbox.path(STATE)).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("history.db") {
            let bytes = fs::read(entry.path()).unwrap();
            assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{entry:?}");
        }
    }
}

#[test]
fn where_none_is_wanted_there_is_none_and_a_reload_decides() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "");
    let mut client = Lines::bridge(&sandbox);
    client.call("counter__value", &json!({}));
    daemon.wait_for_count("call_finished", 1, |_| true);
    assert!(!sandbox.path(FILE).exists());
    let (code, said) = events(&sandbox, &[]);
    assert!(code == Some(69) && said.contains("`enabled = true` in `[history]`"), "{said}");

    reload(&sandbox, &daemon, "enabled = true");
    client.call("counter__value", &json!({}));
    assert_eq!(calls(&sandbox, 1).len(), 1);
    reload(&sandbox, &daemon, "enabled = false");
    client.call("counter__value", &json!({}));
    daemon.wait_for_count("call_finished", 3, |_| true);
    // What came before that is in it by the time that the next is, and nothing else.
    reload(&sandbox, &daemon, "enabled = true\nmax_rows = 5000");
    client.call("counter__increment", &json!({ "by": 1 }));
    let tools = found(&sandbox, &["--tool", "counter__*"], 2);
    let tools: Vec<&Value> = tools.iter().map(|call| &call["tool"]).collect();
    assert_eq!(json!(tools), json!(["counter__value", "counter__increment"]));
}

#[test]
fn a_daemon_that_is_killed_under_load_has_each_call_once_at_most_and_goes_on() {
    let sandbox = Sandbox::new();
    let mut daemon = start(&sandbox, "enabled = true");
    let mut clients: Vec<Lines> = (0..4).map(|_| Lines::bridge(&sandbox)).collect();
    for _ in 0..CALLS {
        for client in &mut clients {
            client.start_call("counter__value", &json!({}));
        }
    }
    let answers = || clients.iter().map(|client| client.waiting().len()).sum::<usize>();
    until("some answers", || (answers() > CALLS).then_some(()));
    let before = calls(&sandbox, CALLS / 2).len();
    daemon.kill();
    // What was there is there, and can be read without a daemon.
    assert!(calls(&sandbox, 1).len() >= before);
    let mut daemon = start(&sandbox, "enabled = true");
    until("an answer to each call", || (answers() >= 4 * CALLS).then_some(()));
    daemon.stop();
    let all = found(&sandbox, &[], before);
    let ids: Vec<&str> = all.iter().filter_map(|event| event["call"].as_str()).collect();
    let once: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "a call is there twice");
    let gaps: Vec<&Value> = all.iter().filter(|event| event["kind"] == "history.gap").collect();
    assert!(gaps.iter().any(|gap| gap["fields"]["cut_off"] == true), "{gaps:?}");
    let sums = found(&sandbox, &["--hours", "--tool", "counter__value"], 1);
    let counted: u64 = sums.iter().filter_map(|hour| hour["n"].as_u64()).sum();
    assert_eq!(counted, ids.len() as u64);
}

#[test]
fn a_broken_file_is_moved_aside_and_one_that_cannot_be_written_stops_no_call() {
    let sandbox = Sandbox::new();
    sandbox.write(FILE, &"no database ".repeat(1000));
    let mut daemon = start(&sandbox, "enabled = true");
    let told = daemon.wait_for("history_set_aside", |_| true);
    let aside = told["set_aside"].as_str().unwrap();
    assert!(fs::read_to_string(aside).unwrap().starts_with("no database"));
    let mut client = Lines::bridge(&sandbox);
    client.call("counter__value", &json!({}));
    assert_eq!(calls(&sandbox, 1)[0]["outcome"], "done");
    daemon.stop();

    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path(FILE)).unwrap();
    let daemon = start(&sandbox, "enabled = true");
    daemon.wait_for("history_unwritable", |fact| fact["reason"].is_string());
    let mut client = Lines::bridge(&sandbox);
    for _ in 0..3 {
        assert!(client.call("counter__value", &json!({}))["result"]["isError"] != true);
    }
    let found = until("a finding", || {
        let output = sandbox.command().args(["status", "--json"]).output().unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).ok()?;
        let findings = status["findings"].as_array()?.clone();
        findings.into_iter().find(|it| it["message"].to_string().contains("history cannot be"))
    });
    assert_eq!(found["severity"], "problem");
    daemon.expect_count("history_unwritable", 1, |_| true);
}

#[test]
fn no_more_is_kept_than_is_wanted() {
    let sandbox = Sandbox::new();
    let _daemon = start(&sandbox, "enabled = true\nmax_rows = 20");
    let mut client = Lines::bridge(&sandbox);
    for _ in 0..60 {
        client.call("counter__value", &json!({}));
    }
    client.call("counter__increment", &json!({ "by": 1 }));
    found(&sandbox, &["--tool", "counter__increment"], 1);
    let kept = until("no more than is wanted", || {
        let kept = found(&sandbox, &[], 1);
        (kept.len() <= 20).then_some(kept)
    });
    assert_eq!((kept.len(), &kept[19]["tool"]), (20, &json!("counter__increment")));
}
