//! Servers that take only so many calls at once: `max_concurrency`.

use serde_json::{Value, json};

use crate::support::{Daemon, Http, Lines, Sandbox, config, hostile, until};

pub fn start(sandbox: &Sandbox, keys: &str) -> Daemon {
    let path = hostile();
    let text = config(&[("x", &[path.to_str().unwrap(), "calm"])]);
    sandbox.write("config/callmux/config.toml", &format!("{text}{keys}\n"));
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |_| true);
    daemon
}

/// A call that its server begins at once and ends when [`open`] says so.
pub fn gated(sandbox: &Sandbox, name: &str) -> Value {
    let (log, gate) = (sandbox.path(&format!("{name}.log")), sandbox.path(&format!("{name}.gate")));
    json!({ "log": log, "gate": gate, "bytes": 1 })
}

pub fn open(sandbox: &Sandbox, name: &str) {
    sandbox.write(&format!("{name}.gate"), "");
}

/// Whether the server has got the call.
pub fn has_come(sandbox: &Sandbox, name: &str) -> bool {
    sandbox.path(&format!("{name}.log")).exists()
}

pub fn wait_for(sandbox: &Sandbox, name: &str) {
    until(&format!("the call {name}"), || has_come(sandbox, name).then_some(()));
}

/// Calls in flight, and those that wait.
pub fn load(daemon: &Daemon) -> (u64, u64) {
    let told = Http::unix(daemon).bare("GET", "/api/v1/status", &[]).json();
    let server = &told["servers"][0];
    (server["in_flight"].as_u64().unwrap_or(0), server["waiting"].as_u64().unwrap_or(0))
}

pub fn expect_load(daemon: &Daemon, expected: (u64, u64)) {
    until(&format!("{expected:?} calls"), || (load(daemon) == expected).then_some(()));
}

#[test]
fn one_agents_many_calls_do_not_keep_another_ones_waiting() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "max_concurrency = 2");
    let (mut many, mut one) = (Lines::bridge(&sandbox), Lines::bridge(&sandbox));
    let begin =
        |client: &mut Lines, name: &str| client.start_call("x__gated", &gated(&sandbox, name));
    let ids: Vec<u64> = (0..40).map(|n| begin(&mut many, &format!("many{n}"))).collect();
    expect_load(&daemon, (2, 38));
    let its = begin(&mut one, "one");
    expect_load(&daemon, (2, 39));
    wait_for(&sandbox, "many0");
    wait_for(&sandbox, "many1");

    let told = sandbox.command().arg("status").output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("2 of 2 calls in flight, 39 waiting"), "{told}");

    // The oldest of those that wait comes first, then the other session's, before all the rest.
    open(&sandbox, "many0");
    wait_for(&sandbox, "many2");
    open(&sandbox, "many1");
    wait_for(&sandbox, "one");
    assert!(!has_come(&sandbox, "many3"));
    open(&sandbox, "one");
    assert!(one.answer(its)["result"]["content"].is_array());
    wait_for(&sandbox, "many3");

    (2..40).for_each(|n| open(&sandbox, &format!("many{n}")));
    for id in ids {
        let answer = many.answer(id);
        assert!(answer["result"]["content"].is_array(), "{answer}");
    }
    expect_load(&daemon, (0, 0));
}

#[test]
fn a_call_whose_turn_does_not_come_in_time_is_not_sent_and_says_why() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let text = crate::support::tables(&[("x", &[path.to_str().unwrap(), "calm"])]);
    sandbox.write("config/callmux/config.toml", &format!("{text}max_concurrency = 1\n"));
    let daemon = Daemon::start(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    let first = client.start_call("x__gated", &gated(&sandbox, "first"));
    wait_for(&sandbox, "first");
    let late = json!({ "tool": "x__gated", "arguments": gated(&sandbox, "late"), "timeoutMs": 50 });
    let late = client.call("callmux_call", &late);
    let told = late["result"].to_string();
    for part in
        ["not_sent", "had no room for it in time", "1 calls are in flight", "max_concurrency"]
    {
        assert!(told.contains(part), "{told}");
    }
    expect_load(&daemon, (1, 0));
    open(&sandbox, "first");
    client.answer(first);
    // Whatever comes later on the same way comes after it.
    open(&sandbox, "last");
    client.call("x__gated", &gated(&sandbox, "last"));
    assert!(has_come(&sandbox, "last") && !has_come(&sandbox, "late"));

    let status = client.call("callmux_status", &json!({ "server": "x" }));
    let status = status["result"]["structuredContent"]["servers"][0].clone();
    assert_eq!((&status["maxConcurrency"], &status["waiting"]), (&json!(1), &json!(0)), "{status}");
}

#[test]
fn a_call_that_waits_is_cancelled_and_never_reaches_its_server() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "max_concurrency = 1");
    let mut client = Lines::bridge(&sandbox);
    let first = client.start_call("x__gated", &gated(&sandbox, "first"));
    wait_for(&sandbox, "first");
    let second = client.start_call("x__gated", &gated(&sandbox, "second"));
    expect_load(&daemon, (1, 1));
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": second } });
    client.write(&cancel.to_string());
    expect_load(&daemon, (1, 0));
    open(&sandbox, "first");
    client.answer(first);
    open(&sandbox, "last");
    client.call("x__gated", &gated(&sandbox, "last"));
    assert!(!has_come(&sandbox, "second"));
}

#[test]
fn the_limit_follows_the_config_and_what_waits_outlives_a_restart_of_the_server() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "max_concurrency = 1");
    let mut client = Lines::bridge(&sandbox);
    let ids: Vec<u64> =
        (0..6).map(|n| client.start_call("x__gated", &gated(&sandbox, &format!("c{n}")))).collect();
    expect_load(&daemon, (1, 5));
    let path = hostile();
    let text = config(&[("x", &[path.to_str().unwrap(), "calm"])]);
    let config = "config/callmux/config.toml";
    sandbox.write(config, &format!("{text}max_concurrency = 3\n"));
    expect_load(&daemon, (3, 3));
    sandbox.write(config, &format!("{text}max_concurrency = 2\n"));
    until("the lower limit", || {
        let told = Http::unix(&daemon).bare("GET", "/api/v1/status", &[]).json();
        (told["servers"][0]["max_concurrency"] == 2).then_some(())
    });
    assert_eq!(load(&daemon), (3, 3), "what is in flight goes on");

    // Those that were with the server are answered or lost; those that waited were never sent, and go
    // to its next process.
    (0..3).for_each(|n| wait_for(&sandbox, &format!("c{n}")));
    let told = sandbox.command().args(["restart", "x"]).output().unwrap();
    assert!(told.status.success());
    expect_load(&daemon, (2, 1));
    let come = || (3..6).filter(|n| has_come(&sandbox, &format!("c{n}"))).count();
    until("two of the others", || (come() == 2).then_some(()));
    sandbox.write(config, &text);
    expect_load(&daemon, (3, 0));
    (0..6).for_each(|n| open(&sandbox, &format!("c{n}")));
    for (n, id) in ids.into_iter().enumerate() {
        let answer = client.answer(id);
        assert_eq!(answer["result"]["isError"] == true, n < 3, "{answer}");
    }
}

/// One floods, nine are polite, each with a token of their own: whose call is served when, not how long that takes.
#[test]
fn who_floods_keeps_nine_others_waiting_for_one_call_each_at_most() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "max_concurrency = 1");
    let join = |name: &str| {
        let before = daemon.count("config_reloaded", |_| true);
        let file = sandbox.path(&format!("token-{name}")).display().to_string();
        let made =
            sandbox.command().args(["token", "new", name, "--into", &file]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        daemon.wait_for_count("config_reloaded", before + 1, |_| true);
        let url = format!("http://{}", daemon.address);
        let mut command = sandbox.command();
        command.args(["bridge", "--url", &url, "--token-file", &file]);
        let mut bridge = Lines::start(command);
        bridge.greet(&json!({}));
        bridge
    };
    let mut flooder = join("flooder");
    let polite: Vec<String> = (0..9).map(|n| format!("polite{n}")).collect();
    let mut bridges: Vec<Lines> = polite.iter().map(|name| join(name)).collect();
    let floods: Vec<String> = (0..30).map(|n| format!("flood{n}")).collect();
    let mut ids: Vec<u64> =
        floods.iter().map(|name| flooder.start_call("x__gated", &gated(&sandbox, name))).collect();
    expect_load(&daemon, (1, 29));
    for (bridge, name) in bridges.iter_mut().zip(&polite) {
        ids.push(bridge.start_call("x__gated", &gated(&sandbox, name)));
    }
    expect_load(&daemon, (1, 38));
    let mut left: Vec<&String> = floods.iter().chain(&polite).collect();
    let mut served: Vec<&String> = Vec::new();
    while !left.is_empty() {
        // One at a time is with the server.
        let at = until("the next call", || left.iter().position(|name| has_come(&sandbox, name)));
        let name = left.remove(at);
        open(&sandbox, name);
        served.push(name);
    }
    let last = served.iter().rposition(|name| name.starts_with("polite")).unwrap();
    let before = served[..last].iter().filter(|name| name.starts_with("flood")).count();
    // The one that was with the server, and one turn.
    assert!(before <= 2, "{served:?}");
    for (at, id) in ids.into_iter().enumerate() {
        let client = if at < floods.len() { &mut flooder } else { &mut bridges[at - floods.len()] };
        assert!(client.answer(id)["result"]["content"].is_array());
    }
}
