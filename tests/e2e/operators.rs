//! What operators see and do: status, reload, single servers, a config that breaks.

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Child, Output};

use serde_json::{Value, json};

use crate::support::{
    CANARY, Daemon, Http, Lines, Sandbox, callmux, config, hostile, is_alive, tables, until,
};

const COUNTER: (&str, &[&str]) =
    ("counter", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "counter"]);
const SLOW: (&str, &[&str]) = ("slow", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "slow"]);
const MAIN: &str = "config/callmux/config.toml";
const BROKEN: &str = "[servers.counter]\ncommand = 7\nfoo = 1\n";

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn status(sandbox: &Sandbox) -> (Option<i32>, Value) {
    let (code, stdout, stderr) = run(sandbox, &["status", "--json"]);
    (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}")))
}

#[test]
fn without_a_daemon_every_verb_says_so() {
    let sandbox = Sandbox::new();
    for args in [
        &["status"][..],
        &["reload", "--wait"],
        &["restart", "x"],
        &["retry"],
        &["list"],
        &["config", "plan"],
    ] {
        let (code, stdout, stderr) = run(&sandbox, args);
        assert_eq!((code, stdout.as_str()), (Some(69), ""), "{args:?}");
        assert!(stderr.contains("no daemon is listening on"), "{stderr}");
    }
}

#[test]
fn the_status_tells_what_matters() {
    let sandbox = Sandbox::new();
    let servers = config(&[COUNTER]);
    let broken = "[servers.broken]\ncommand = \"no-such-command\"\n";
    let off = "[servers.off]\ncommand = \"x\"\nenabled = false\nenv = { T = \"canary7\" }\n";
    sandbox.write(MAIN, &format!("{servers}{off}"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    let _client = Lines::bridge(&sandbox);
    daemon.wait_for("session_opened", |_| true);
    let (code, told) = status(&sandbox);
    assert_eq!((code, &told["sessions"], &told["tools"]), (Some(0), &json!(1), &json!(3)));
    let counter = &told["servers"][0];
    assert_eq!(counter["pid"], daemon.server_pid("counter"));
    assert_eq!((&counter["phase"], &counter["tools"]), (&json!("ready"), &json!(3)));
    assert_eq!(told["disabled"], json!(["off"]));
    assert_eq!(told["config"]["in_force"], "current");

    sandbox.write(MAIN, &format!("{servers}{broken}"));
    daemon.wait_for("server_failed", |fact| fact["server"] == "broken");
    // Between two tries, not in the middle of one.
    let (code, told) = until("a server that waits", || {
        Some(status(&sandbox)).filter(|(_, told)| told["servers"][0]["phase"] == "waiting")
    });
    assert_eq!(code, Some(1), "{told}");
    assert!(told["servers"][0]["reason"].as_str().unwrap().contains("no-such-command"), "{told}");
    let (_, stdout, _) = run(&sandbox, &["status"]);
    for words in ["SERVER", "counter  ready", "broken ", "in force"] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    until("a server that waits, for people", || {
        let (_, stdout, _) = run(&sandbox, &["status"]);
        (stdout.contains("broken   waiting") && stdout.contains("try ")).then_some(())
    });
}

#[test]
fn nobody_looks_in_over_tcp() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    for (method, path) in [
        ("GET", "/api/v1/status"),
        ("GET", "/api/v1/plan"),
        ("POST", "/api/v1/reload"),
        ("POST", "/api/v1/servers/counter/stop"),
    ] {
        assert_eq!(Http::tcp(&daemon).bare(method, path, &[]).status, 404, "{method} {path}");
    }
    let mut unix = Http::unix(&daemon);
    assert_eq!(unix.bare("GET", "/api/v1/status", &[]).status, 200);
    assert_eq!(unix.bare("GET", "/api/v1/reload", &[]).status, 405);
    assert_eq!(unix.bare("POST", "/api/v1/servers/none/stop", &[]).status, 404);
    assert_eq!(unix.bare("POST", "/api/v1/servers/counter/explode", &[]).status, 404);
    let page = [("Origin", "http://evil.com")];
    assert_eq!(unix.bare("POST", "/api/v1/servers/counter/stop", &page).status, 403);
    assert_eq!(daemon.count("server_stopped", |_| true), 0);
}

#[test]
fn a_reload_can_be_planned_and_waited_for() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let (code, stdout, _) = run(&sandbox, &["reload", "--wait"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "nothing differs\n1 server untouched\n"));

    // What a plan says, and what a reload does, is what differs: names and keys, no values.
    let counter = format!("{}env = {{ T = \"canary7\" }}\n", config(&[COUNTER]));
    daemon.while_it_stands_still(|| {
        sandbox.write("config/callmux/conf.d/slow.toml", &tables(&[SLOW]));
        sandbox.write(MAIN, &format!("{counter}[http]\nlisten = [\"127.0.0.1:4\"]\n"));
    });
    let (code, stdout, _) = run(&sandbox, &["reload", "--wait"]);
    assert_eq!(code, Some(0));
    let expected =
        "added slow\nstarted anew counter (env)\nhttp.listen: when the daemon is started anew\n";
    // The daemon may have noticed by itself, and then nothing is left to do.
    assert!(stdout.starts_with(expected) || stdout.contains("nothing differs"), "{stdout}");
    let (_, told) = status(&sandbox);
    assert_eq!(told["servers"].as_array().unwrap().len(), 2, "it is in force");
    assert_eq!(told["config"]["at_next_start"], json!(["http.listen"]));
    let (code, stdout, _) = run(&sandbox, &["config", "plan", "--json"]);
    let plan: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &plan["unchanged"]), (Some(0), &json!(["counter", "slow"])));
    let (code, _, stderr) = run(&sandbox, &["config", "plan", "--config", "other.toml"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("the daemon reads "), "{stderr}");

    sandbox.write(MAIN, BROKEN);
    let (code, _, told) = run(&sandbox, &["reload", "--wait"]);
    let (_, _, checked) = run(&sandbox, &["config", "check"]);
    let (_, _, planned) = run(&sandbox, &["config", "plan"]);
    assert_eq!(code, Some(65));
    assert!(told == checked && told == planned && told.lines().count() == 2, "{told}{checked}");
    assert_eq!(run(&sandbox, &["reload"]).0, Some(0), "nobody waited");
    let (code, told) = status(&sandbox);
    assert_eq!((code, &told["config"]["in_force"]), (Some(65), &json!("earlier")));
    assert!(is_alive(daemon.server_pid("counter")));
}

#[test]
fn a_server_stops_starts_and_restarts_when_it_is_told_to() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER, SLOW]);
    let mut client = Lines::bridge(&sandbox);
    let before = client.request("tools/list", &json!({}))["result"].clone();
    let (counter, slow) = (daemon.server_pid("counter"), daemon.server_pid("slow"));
    let expect = |args: &[&str], code: i32| {
        let (found, _, stderr) = run(&sandbox, args);
        assert_eq!(found, Some(code), "{args:?}: {stderr}");
        stderr
    };
    client.call("counter__increment", &json!({}));
    expect(&["restart", "counter"], 0);
    let restarted = until("another process", || {
        Some(daemon.server_pid("counter")).filter(|pid| *pid != counter)
    });
    assert!(!is_alive(counter) && is_alive(restarted));
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 0, "another process");

    expect(&["stop", "counter"], 0);
    assert!(!is_alive(restarted));
    let refused = client.call("counter__value", &json!({}));
    let failure = &refused["result"]["_meta"]["callmux/failure"];
    assert_eq!(failure["outcome"], "not_sent", "{refused}");
    assert!(failure.to_string().contains("callmux start counter"), "{failure}");
    // A reload does not overrule the operator.
    sandbox.write(MAIN, &format!("{}env = {{ A = \"canary7-1\" }}\n", config(&[SLOW, COUNTER])));
    expect(&["reload", "--wait"], 0);
    let (code, told) = status(&sandbox);
    assert_eq!((code, &told["servers"][0]["phase"]), (Some(0), &json!("stopped")), "{told}");

    expect(&["start", "counter"], 0);
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 0);
    expect(&["start", "counter"], 0);
    assert_eq!(client.request("tools/list", &json!({}))["result"], before);
    assert!(client.waiting().is_empty(), "{:?}", client.waiting());
    assert_eq!(daemon.server_pid("slow"), slow);
    assert!(expect(&["stop", "nobody"], 1).contains("has no server `nobody`"));
    assert!(expect(&["stop", "no/body"], 64).contains("no server's name"));

    sandbox
        .write("config/callmux/conf.d/bad.toml", "[servers.bad]\ncommand = \"no-such-command\"\n");
    daemon.wait_for("server_failed", |fact| fact["server"] == "bad");
    assert!(expect(&["start", "bad"], 1).contains("no-such-command"));
    daemon.wait_for("server_ordered", |fact| {
        fact["server"] == "counter" && fact["principal"].as_str().unwrap().starts_with("user:")
    });
}

/// A daemon whose socket is ours, as systemd's would be.
struct Activated(Child);

impl Activated {
    fn start(sandbox: &Sandbox) -> Self {
        let path = sandbox.socket();
        drop(std::fs::remove_file(&path));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let listener = OwnedFd::from(UnixListener::bind(&path).unwrap());
        // The socket is to be the third descriptor (sd_listen_fds(3)).
        let script = "LISTEN_FDS=1 exec \"$0\" serve --log-format json 3<&0 </dev/null";
        let mut shell = sandbox.program("sh");
        Self(shell.args(["-c", script, callmux()]).stdin(listener).spawn())
    }
}

impl Drop for Activated {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_daemon_with_a_broken_config_starts_with_the_last_good_one() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, BROKEN);
    let first = Activated::start(&sandbox);
    let (code, told) = status(&sandbox);
    assert_eq!((code, &told["config"]["in_force"]), (Some(65), &json!("nothing")));
    let token = "[servers.counter.env]\nTOKEN = \"${file:token}\"\n";
    sandbox.write("config/callmux/token", CANARY);
    sandbox.write(MAIN, &format!("{}{token}", config(&[COUNTER])));
    until("the good config", || (status(&sandbox).0 == Some(0)).then_some(()));
    drop(first);
    let dir = sandbox.path(".local/state/callmux/last-good");
    let kept = std::fs::read_dir(dir).unwrap().next().unwrap().unwrap();
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(kept.path()).unwrap().contains(CANARY));

    sandbox.write(MAIN, BROKEN);
    let _second = Activated::start(&sandbox);
    let (code, told) = status(&sandbox);
    assert_eq!((code, &told["config"]["in_force"]), (Some(65), &json!("last_good")), "{told}");
    assert_eq!(told["config"]["complaints"].as_array().unwrap().len(), 2);
    let mut client = Lines::bridge(&sandbox);
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 0, "{value}");
    let pid = status(&sandbox).1["servers"][0]["pid"].clone();
    sandbox.write(MAIN, &format!("# repaired\n{}{token}", config(&[COUNTER])));
    until("the good config", || (status(&sandbox).0 == Some(0)).then_some(()));
    assert_eq!(status(&sandbox).1["servers"][0]["pid"], pid);
    // Somebody who starts a daemon by hand sees at once what is wrong.
    sandbox.write(MAIN, BROKEN);
    assert_eq!(run(&sandbox, &["serve"]).0, Some(65));
}

#[test]
fn the_doctor_names_every_definition_that_is_not_shown() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let bad = ("bad", &[path.to_str().unwrap(), "--at-start=bad_definitions"][..]);
    sandbox.write(MAIN, &config(&[COUNTER, bad]));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "bad");
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    let (code, told) = status(&sandbox);
    assert_eq!(code, Some(0), "its other tools work");
    assert_eq!(
        (&told["servers"][0]["refused"], &told["servers"][1]["refused"]),
        (&json!(3), &json!(0))
    );

    let (code, stdout, _) = run(&sandbox, &["doctor"]);
    assert_eq!(code, Some(1), "{stdout}");
    for words in [
        "tool no schema is not shown: its name contains ' '",
        "tool boolean_schema is not shown: its `inputSchema` is no object",
        "is not shown: its name must have 1 to 128 characters",
        "3 problems, 1 note, 2 servers",
    ] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    let (_, stdout, _) = run(&sandbox, &["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&stdout).unwrap();
    let short = findings.as_array().unwrap().iter().find(|f| f["severity"] == "note").unwrap();
    let shown = short["message"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(shown.len(), 50, "{shown}");

    let mut client = Lines::bridge(&sandbox);
    client.greet(&json!({}));
    let list = client.request("tools/list", &json!({}));
    let names: Vec<&str> = list["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&shown.as_str()) && names.contains(&"bad__mirror"), "{names:?}");
    let full = format!("bad__{}", "l".repeat(60));
    for name in [shown, full] {
        let error = client.call(&name, &json!({}));
        assert!(
            !error["error"]["message"].as_str().unwrap_or_default().contains("unknown tool"),
            "{error}"
        );
    }
}

#[test]
fn two_servers_of_one_kind_are_told_apart_by_what_the_user_says() {
    let sandbox = Sandbox::new();
    let words = [callmux(), "example-server", "counter"];
    let mut text = config(&[("a", &words)]).replace("\"no-meta\"", "\"full\"");
    text += "description = \"Counts visits.\"\n";
    text += &tables(&[("b", &words)]);
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(&sandbox);
    for name in ["a", "b"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    let shown = sandbox.command().arg("status").output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.matches("Counts visits.").count(), 1, "{shown}");
    let answer =
        Lines::bridge(&sandbox).call("callmux_status", &json!({ "detail": true })).to_string();
    assert!(answer.contains("Counts visits."), "{answer}");
    sandbox.write("config/callmux/config.toml", &text.replace("visits", "guests"));
    let is_new = || {
        let shown = sandbox.command().args(["status", "--json"]).output().unwrap();
        String::from_utf8(shown.stdout).unwrap().contains("Counts guests.").then_some(())
    };
    until("the new words", is_new);
    assert_eq!(daemon.count("server_ready", |_| true), 2, "nothing was started for that");
}

#[test]
fn the_tools_are_listed_without_a_daemon() {
    let sandbox = Sandbox::new();
    let words = [callmux(), "example-server", "counter"];
    let text = config(&[("a", &words), ("b", &words), ("gone", &["/no/such"])]);
    let text = text.replace("[servers.b]", "[servers.b]\ntools = [\"increment\"]\nprefix = \"x\"");
    sandbox.write("config/callmux/config.toml", &text);
    let listed = sandbox.command().args(["list", "--no-daemon"]).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.status.success() && names.contains("a__increment\n"), "{names}");
    assert_eq!(names.lines().filter(|name| name.starts_with("x__")).count(), 1, "{names}");
    let told = String::from_utf8(listed.stderr).unwrap();
    assert!(told.contains("server gone: ") && told.contains("/no/such"), "{told}");
    sandbox.write("config/callmux/config.toml", &config(&[("gone", &["/no/such"])]));
    let listed = sandbox.command().args(["list", "--no-daemon"]).output().unwrap();
    assert_eq!(listed.status.code(), Some(1), "{listed:?}");
}
