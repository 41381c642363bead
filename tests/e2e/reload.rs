//! A config that changes while the daemon runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::json;

use crate::support::{
    Daemon, Http, Lines, Sandbox, canary, config, hostile, is_alive, tables, until,
};

const COUNTER: (&str, &[&str]) =
    ("counter", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "counter"]);
const SLOW: (&str, &[&str]) = ("slow", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "slow"]);
const TIME: (&str, &[&str]) = ("time", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "time"]);

const MAIN: &str = "config/callmux/config.toml";

/// Waits until the config was reloaded so many times.
fn reloaded(daemon: &Daemon, times: usize) {
    until("a reload", || (daemon.count("config_reloaded", |_| true) >= times).then_some(()));
}

fn tools(client: &mut Lines) -> Vec<String> {
    let list = client.request("tools/list", &json!({}));
    let tools = list["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn announcements(client: &Lines) -> usize {
    client.waiting().iter().filter(|line| line.contains("tools/list_changed")).count()
}

fn status(daemon: &Daemon) -> serde_json::Value {
    Http::unix(daemon).bare("GET", "/api/v1/status", &[]).json()
}

/// Saves a config: its directory, the new text.
type Save = fn(&Path, &str);

/// The ways in which programs save a file.
const STYLES: &[(&str, Save)] = &[
    ("in place", |dir, text| {
        let mut file = fs::OpenOptions::new().write(true).open(dir.join("config.toml")).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        file.set_len(text.len() as u64).unwrap();
    }),
    ("truncate and write", |dir, text| crate::support::overwrite(&dir.join("config.toml"), text)),
    ("rename over", |dir, text| {
        crate::support::overwrite(&dir.join(".config.toml.new"), text);
        fs::rename(dir.join(".config.toml.new"), dir.join("config.toml")).unwrap();
    }),
    ("backup and write", |dir, text| {
        fs::rename(dir.join("config.toml"), dir.join("config.toml~")).unwrap();
        crate::support::overwrite(&dir.join("config.toml"), text);
    }),
    ("delete and create", |dir, text| {
        fs::remove_file(dir.join("config.toml")).unwrap();
        crate::support::overwrite(&dir.join("config.toml"), text);
    }),
    ("another directory", |dir, text| {
        let (fresh, old) = (dir.with_file_name("fresh"), dir.with_file_name("old"));
        fs::create_dir(&fresh).unwrap();
        crate::support::overwrite(&fresh.join("config.toml"), text);
        fs::rename(dir, &old).unwrap();
        fs::rename(&fresh, dir).unwrap();
        fs::remove_dir_all(&old).unwrap();
    }),
    ("link to a directory", |dir, text| {
        // As Kubernetes mounts a ConfigMap, with `..data` exchanged by a rename.
        let version = |n: usize| dir.join(format!("..v{n}"));
        let next = (0..10).find(|n| !version(*n).exists()).unwrap();
        fs::create_dir(version(next)).unwrap();
        crate::support::overwrite(&version(next).join("config.toml"), text);
        symlink(version(next).file_name().unwrap(), dir.join("..data.new")).unwrap();
        fs::rename(dir.join("..data.new"), dir.join("..data")).unwrap();
        if !dir.join("config.toml").is_symlink() {
            symlink("..data/config.toml", dir.join("config.toml.new")).unwrap();
            fs::rename(dir.join("config.toml.new"), dir.join("config.toml")).unwrap();
        }
    }),
];

#[test]
fn every_way_of_saving_a_file_takes_effect() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let (dir, pid) = (sandbox.path("config/callmux"), daemon.server_pid("counter"));
    let mut times = 0;
    // Twice each: what is watched after one is not what was watched before.
    for (_, save) in STYLES.iter().flat_map(|style| [style, style]) {
        times += 1;
        let name = format!("time{times}");
        // A half-saved file is none of the ways.
        daemon.while_it_stands_still(|| save(&dir, &config(&[COUNTER, (&name, TIME.1)])));
        daemon.wait_for("config_reloaded", |fact| fact["added"] == *name);
        daemon.expect_count("config_reloaded", times, |_| true);
        daemon.wait_for("server_ready", |fact| fact["server"] == *name);
    }
    assert_eq!(daemon.server_pid("counter"), pid);
    assert!(is_alive(pid) && daemon.count("config_refused", |_| true) == 0);
}

#[test]
fn many_reloads_leave_nothing_behind() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let mut client = Lines::bridge(&sandbox);
    let (dir, pid) = (sandbox.path("config/callmux"), daemon.server_pid("counter"));
    let (_, swap) = STYLES.iter().find(|(style, _)| *style == "another directory").unwrap();
    let watches = || {
        let infos = fs::read_dir(format!("/proc/{}/fdinfo", daemon.pid())).unwrap();
        let texts = infos.filter_map(|info| fs::read_to_string(info.unwrap().path()).ok());
        texts.map(|text| text.matches("inotify wd").count()).sum::<usize>()
    };
    let mut before = None;
    for round in 1..=8 {
        // Each is seen, and nothing in between.
        daemon.while_it_stands_still(|| swap(&dir, &config(&[COUNTER, TIME])));
        daemon.wait_for_count("config_reloaded", round, |fact| fact["added"] == "time");
        client.call("counter__increment", &json!({}));
        daemon.while_it_stands_still(|| swap(&dir, &config(&[COUNTER])));
        daemon.wait_for_count("config_reloaded", round, |fact| fact["removed"] == "time");
        let settled = || (daemon.count("server_stopped", |_| true) == round).then(&watches);
        let found = until("the end of the added server", || {
            let found = (daemon.descriptors(), settled()?);
            let (descriptors, watches) = *before.get_or_insert(found);
            (found.0 <= descriptors && found.1 <= watches).then_some(found)
        });
        assert!(found.1 > 0);
    }
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 8);
    assert_eq!(daemon.server_pid("counter"), pid);
}

#[test]
fn only_what_differs_is_touched() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER, SLOW]);
    let mut client = Lines::bridge(&sandbox);
    client.call("counter__increment", &json!({}));
    let (counter, slow) = (daemon.server_pid("counter"), daemon.server_pid("slow"));

    // Nothing at all.
    sandbox.write(MAIN, &format!("# a remark\n{}", config(&[COUNTER, SLOW])));
    daemon.signal(Signal::HUP);
    // One server another process, one other limits, one more server.
    let changed = format!("{}env = {{ A = \"canary7-1\" }}\n", config(&[COUNTER, SLOW]));
    let changed = changed.replace("[servers.slow]", "call_timeout = \"7s\"\n[servers.slow]");
    sandbox.write(MAIN, &format!("{changed}{}", tables(&[TIME])));
    let fact = daemon.wait_for("config_reloaded", |_| true);
    assert_eq!(
        (&fact["added"], &fact["removed"], &fact["restarted"], &fact["adjusted"]),
        (&json!("time"), &json!(""), &json!("slow"), &json!("counter"))
    );
    until("another process", || (daemon.server_pid("slow") != slow).then_some(()));
    until("the end of the old one", || (!is_alive(slow)).then_some(()));
    assert_eq!(daemon.server_pid("counter"), counter);
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 1, "it kept its state");
    daemon.wait_for("server_ready", |fact| fact["server"] == "time");

    sandbox.write(MAIN, &config(&[COUNTER]));
    reloaded(&daemon, 2);
    daemon.wait_for("server_stopped", |fact| fact["server"] == "time");
    assert_eq!(tools(&mut client).len(), 3);
    let gone = client.call("time__now", &json!({}));
    assert!(gone["error"]["message"].as_str().unwrap().contains("unknown tool"), "{gone}");
}

#[test]
fn a_client_hears_once_of_what_changed_and_never_of_what_did_not() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let mut client = Lines::bridge(&sandbox);
    let before = client.request("tools/list", &json!({}))["result"].clone();
    // Another process with the same tools.
    sandbox.write(MAIN, &format!("{}env = {{ A = \"canary7-1\" }}\n", config(&[COUNTER])));
    reloaded(&daemon, 1);
    let ready = |n| daemon.count("server_ready", |fact| fact["server"] == "counter") >= n;
    until("it is ready again", || ready(2).then_some(()));
    assert_eq!(client.request("tools/list", &json!({}))["result"], before);
    assert_eq!(announcements(&client), 0);

    // Three servers more, each ready in its own time, and one less.
    let path = hostile();
    let odd: (&str, &[&str]) = ("odd", &[path.to_str().unwrap()]);
    sandbox.write(MAIN, &config(&[SLOW, TIME, odd]));
    client.take("the announcement", |line| line.contains("tools/list_changed"));
    let after = tools(&mut client);
    for server in ["slow__", "time__", "odd__"] {
        assert!(after.iter().any(|tool| tool.starts_with(server)), "{after:?}");
    }
    assert!(!after.iter().any(|tool| tool.starts_with("counter__")), "{after:?}");
    client.call("time__now", &json!({}));
    assert_eq!(announcements(&client), 0);
    daemon.expect_count("tools_changed", 2, |_| true);
}

#[test]
fn a_broken_config_changes_nothing_and_is_told() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let mut client = Lines::bridge(&sandbox);
    let pid = daemon.server_pid("counter");
    sandbox.write(MAIN, "[servers.counter]\ncomand = \"x\"\n");
    let fact = daemon.wait_for("config_refused", |_| true);
    let complaint = fact["config_complaint"].as_str().unwrap();
    assert!(complaint.contains("config.toml:1:10: servers.counter.command: "), "{complaint}");
    let told = status(&daemon);
    assert_eq!(told["config"]["in_force"], "earlier");
    let place = &told["config"]["complaints"][0];
    assert_eq!((&place["line"], &place["column"]), (&json!(1), &json!(10)), "{told}");
    // The same again is no news.
    sandbox.write(MAIN, "[servers.counter]\ncomand = \"x\"\n");
    sandbox.write("config/callmux/conf.d/more.toml", "[servers.more]\nargs = 7\n");
    daemon.wait_for("config_refused", |fact| fact["message"].to_string().contains("3 more"));
    daemon.expect_count("config_refused", 2, |_| true);
    fs::remove_file(sandbox.path(MAIN)).unwrap();
    fs::remove_file(sandbox.path("config/callmux/conf.d/more.toml")).unwrap();
    daemon.wait_for("config_refused", |fact| fact["message"].to_string().contains("is gone"));
    assert_eq!(
        client.call("counter__value", &json!({}))["result"]["structuredContent"]["value"],
        0
    );
    sandbox.write(MAIN, &config(&[COUNTER]));
    reloaded(&daemon, 1);
    assert_eq!(daemon.server_pid("counter"), pid);
    assert!(is_alive(pid) && announcements(&client) == 0);
    assert_eq!(status(&daemon)["config"]["in_force"], "current");
}

#[test]
fn a_secret_and_a_dropin_are_part_of_the_config() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let token = sandbox.path("secrets/here/token");
    let path = hostile();
    let odd = tables(&[("odd", &[path.to_str().unwrap()])]);
    let odd = format!("{odd}env = {{ TOKEN = \"${{file:{}}}\" }}\n", token.display());
    sandbox.write("config/callmux/conf.d/odd.toml", &odd);
    daemon.wait_for("server_unusable", |fact| fact["server"] == "odd");
    sandbox.write("secrets/here/token", canary!("-one"));
    daemon.wait_for("server_ready", |fact| fact["server"] == "odd");
    let pid = daemon.server_pid("odd");
    sandbox.write("secrets/here/token", canary!("-two"));
    until("a server with the new secret", || (daemon.server_pid("odd") != pid).then_some(()));
    fs::remove_file(sandbox.path("config/callmux/conf.d/odd.toml")).unwrap();
    daemon.wait_for("config_reloaded", |fact| fact["removed"] == "odd");
}

#[test]
fn a_config_that_comes_later_is_found() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    sandbox.write(MAIN, &config(&[COUNTER]));
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
}

#[test]
fn a_call_that_runs_gets_its_result() {
    let sandbox = Sandbox::new();
    let path: PathBuf = hostile();
    let slow: (&str, &[&str]) = ("slow", &[path.to_str().unwrap()]);
    let odd: (&str, &[&str]) = ("odd", &[path.to_str().unwrap()]);
    let patient = "drain_timeout = \"1h\"\n";
    sandbox.write(MAIN, &format!("{patient}{}", config(&[slow, odd])));
    let daemon = Daemon::start(&sandbox);
    for name in ["slow", "odd"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    let mut client = Lines::bridge(&sandbox);
    let (first, hanging) = (daemon.server_pid("slow"), daemon.server_pid("odd"));
    // Each call runs until there is a file of its name.
    let start = |client: &mut Lines, name: &str| {
        let id = client.start_call("slow__wait_for", &json!({ "file": sandbox.path(name) }));
        let asked = sandbox.path(&format!("{name}.asked"));
        until("the call to run", || asked.exists().then_some(()));
        id
    };
    let is_waited_for = |client: &Lines, id| client.answer(id).to_string().contains("it is there");
    let changed = start(&mut client, "changed");
    let text = format!("{patient}{}env = {{ A = \"canary7-1\" }}\n", config(&[odd, slow]));
    sandbox.write(MAIN, &text);
    reloaded(&daemon, 1);
    let removed = start(&mut client, "removed");
    daemon.wait_for_count("server_ready", 2, |fact| fact["server"] == "slow");
    assert!(is_alive(first), "it has a call to answer");
    sandbox.write("changed", "");
    assert!(is_waited_for(&client, changed));
    until("the end of the old process", || (!is_alive(first)).then_some(()));
    sandbox.write(MAIN, &format!("drain_timeout = \"200ms\"\n{}", config(&[odd])));
    reloaded(&daemon, 2);
    sandbox.write("removed", "");
    assert!(is_waited_for(&client, removed));

    // One that is never answered is cut off when the patience is over.
    let hang = client.start_call("odd__hang", &json!({}));
    client.call("odd__mirror", &json!({ "value": { "content": [] } }));
    sandbox.write(MAIN, &config(&[]));
    let lost = client.answer(hang);
    assert_eq!(lost["result"]["_meta"]["callmux/failure"]["outcome"], "outcome_unknown");
    until("the end of the last process", || (!is_alive(hanging)).then_some(()));
    assert_eq!(tools(&mut client).len(), 0);
    daemon.expect_count("server_started", 3, |_| true);
}
