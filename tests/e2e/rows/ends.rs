//! Rows about processes that end when nobody expects it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{MAIN, counters, status};
use crate::support::{
    Daemon, Http, Lines, Sandbox, callmux, config, descendants, hostile, is_alive, until,
};

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

#[test]
fn s28_twenty_servers_die_at_once_and_all_come_back() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..20).map(|n| format!("c{n}")).collect();
    sandbox.write(MAIN, &counters(&names));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for_count("server_ready", 20, |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    let pids: Vec<u32> = names.iter().map(|name| daemon.server_pid(name)).collect();
    for pid in &pids {
        send(*pid, Signal::KILL);
    }
    until("all of them to be back", || {
        // It is told how things are throughout.
        let told = Http::unix(&daemon).bare("GET", "/api/v1/status", &[]).json();
        assert_eq!(told["servers"].as_array().unwrap().len(), 20, "{told}");
        (daemon.count("server_ready", |_| true) == 40).then_some(())
    });
    for name in &names {
        let answer = bridge.call(&format!("{name}__value"), &json!({}));
        assert_eq!(answer["result"]["structuredContent"]["value"], 0, "{answer}");
    }
    daemon.expect_count("server_started", 40, |_| true);
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
    assert_eq!(descendants(daemon.pid()).len(), 20);
}

/// What a daemon tells while it starts, in this order.
const MOMENTS: [&str; 5] =
    ["daemon_started", "config_loaded", "listening", "server_started", "daemon_ready"];

#[test]
fn r07_a_daemon_that_is_told_to_stop_while_it_starts_leaves_nothing() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let silent: (&str, &[&str]) = ("silent", &[path.to_str().unwrap(), "--at-start=never_ready"]);
    let counter: (&str, &[&str]) = ("counter", &[callmux(), "example-server", "counter"]);
    sandbox.write(MAIN, &config(&[counter, silent]));
    for moment in MOMENTS {
        let mut command = sandbox.command();
        let mut child = command.args(["serve", "--log-format", "json"]).spawn_heard();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut servers = Vec::new();
        let mut note = |line: &str| -> Value {
            let fact: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            servers.extend(fact["server_pid"].as_str().map(|pid| pid.parse::<u32>().unwrap()));
            fact["fact"].clone()
        };
        while note(&lines.next().expect(moment).unwrap()) != moment {}
        send(child.id(), Signal::TERM);
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        let status = until("the daemon's end", || child.try_wait().unwrap());
        for line in &rest {
            note(line);
        }
        // Before it listens to signals, it has nothing to put in order.
        let is_early = status.signal() == Some(15) && servers.is_empty();
        assert!(status.code() == Some(0) || is_early, "{moment}: {status}, {rest:?}");
        until("its servers' end", || (!servers.iter().any(|pid| is_alive(*pid))).then_some(()));
    }
    // Nor is anything in the way of the next.
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
}

#[test]
fn r09_a_daemon_that_dies_in_a_reload_starts_with_the_one_config_or_the_other() {
    let sandbox = Sandbox::new();
    let text = |round: usize| counters(&["first".to_owned(), format!("round{round}")]);
    sandbox.write(MAIN, &text(0));
    let mut daemon = Daemon::start(&sandbox);
    for round in 1..=8 {
        let name = format!("round{round}");
        sandbox.write(MAIN, &text(round));
        let reached = ["", "config_reloaded", "server_started", "server_ready"][round % 4];
        if !reached.is_empty() {
            daemon.wait_for(reached, |fact| {
                [&fact["added"], &fact["server"]].contains(&&json!(name))
            });
        }
        daemon.kill();
        // What is kept of a good config is whole.
        let kept = std::fs::read_dir(sandbox.path(".local/state/callmux/last-good")).unwrap();
        let kept: Vec<_> = kept.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(kept.len(), 1, "{kept:?}");
        let kept: Value =
            serde_json::from_str(&std::fs::read_to_string(&kept[0]).unwrap()).unwrap();
        let is_one = [round - 1, round].iter().any(|n| kept["files"][0]["text"] == text(*n));
        assert!(is_one, "{kept}");
        daemon = Daemon::start(&sandbox);
        let told = status(&sandbox);
        assert_eq!(told["config"]["in_force"], "current", "{told}");
        let servers = told["servers"].as_array().unwrap();
        let names: Vec<&Value> = servers.iter().map(|server| &server["name"]).collect();
        assert_eq!(names, ["first", &name]);
    }
}

#[test]
fn c05_a_storm_of_signals_is_a_few_reloads_and_the_last_config_counts() {
    const EDITS: usize = 20;
    let sandbox = Sandbox::new();
    let text = |n: usize| counters(&["first".to_owned(), format!("edit{n}")]);
    sandbox.write(MAIN, &text(0));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "first");
    let pid = daemon.server_pid("first");
    for n in 1..=EDITS {
        sandbox.write(MAIN, &text(n));
        (0..500).for_each(|_| daemon.signal(Signal::HUP));
    }
    let last = format!("edit{EDITS}");
    daemon.wait_for("server_ready", |fact| fact["server"] == *last);
    let told = status(&sandbox);
    let names: Vec<&Value> =
        told["servers"].as_array().unwrap().iter().map(|server| &server["name"]).collect();
    assert_eq!(names, [&json!(last), &json!("first")]);
    let reloads = daemon.count("config_reloaded", |_| true);
    assert!((1..=EDITS).contains(&reloads), "{reloads} reloads of {EDITS} edits");
    assert_eq!(daemon.count("config_refused", |_| true), 0);
    assert_eq!(daemon.server_pid("first"), pid);
}
