//! Rules about the process that asks: its program, and where that works.

use std::path::Path;

use serde_json::{Value, json};

use crate::access::Holder;
use crate::support::{Daemon, Http, Lines, Sandbox, callmux, tools, until};

const MAIN: &str = "config/callmux/config.toml";
/// Starts a bridge and stays its parent.
const STARTS: &str = "\"$0\" bridge; exit $?";

struct Place {
    sandbox: Sandbox,
    daemon: Daemon,
}

impl Place {
    fn new(rules: &str) -> Self {
        let sandbox = Sandbox::new();
        for program in ["claude", "codex"] {
            // Two programs, whatever they are made of.
            std::fs::copy("/bin/sh", sandbox.path(program)).unwrap();
        }
        for dir in ["work/one", "elsewhere"] {
            std::fs::create_dir_all(sandbox.path(dir)).unwrap();
        }
        write(&sandbox, rules);
        let daemon = Daemon::start(&sandbox);
        for server in ["counter", "tools"] {
            daemon.wait_for("server_ready", |fact| fact["server"] == server);
        }
        Self { sandbox, daemon }
    }

    /// Other rules, which are in force.
    fn rule(&self, rules: &str) {
        let before = self.daemon.count("config_reloaded", |_| true);
        write(&self.sandbox, rules);
        self.daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    }

    /// A bridge that this program started in this directory.
    fn bridge(&self, program: &str, dir: &str) -> Lines {
        let path = self.sandbox.path(program);
        let mut command = self.sandbox.program(path.to_str().unwrap());
        command.args(["-c", STARTS, callmux()]).current_dir(self.sandbox.path(dir));
        let mut bridge = Lines::start(command);
        bridge.greet(&json!({}));
        bridge
    }
}

fn write(sandbox: &Sandbox, rules: &str) {
    let rules = rules.replace("HOME", sandbox.path("").canonicalize().unwrap().to_str().unwrap());
    let servers = format!(
        "[servers.counter]\ncommand = {:?}\nargs = [\"example-server\", \"counter\"]\n\
         [servers.tools]\ncommand = {:?}\n",
        callmux(),
        tools().display().to_string()
    );
    sandbox.write(MAIN, &format!("{servers}{rules}"));
}

/// Of which servers a list has tools: of the first, of the second.
fn servers_of(list: &Value) -> [bool; 2] {
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
    ["counter__", "tools__"]
        .map(|prefix| tools.iter().any(|tool| tool["name"].as_str().unwrap().starts_with(prefix)))
}

fn listed(client: &mut Lines) -> [bool; 2] {
    servers_of(&client.request("tools/list", &json!({})))
}

/// Whether both servers may be called.
fn called(client: &mut Lines) -> [bool; 2] {
    ["counter__value", "tools__ping"]
        .map(|tool| client.call(tool, &json!({}))["result"]["content"].is_array())
}

const NARROW: &str = r#"
[[access.rules]]
id = "claude"
exe = ["claude"]
servers = ["counter"]
effect = "allow"

[[access.rules]]
id = "work"
cwd = ["HOME/work/*"]
servers = ["tools"]
effect = "allow"
"#;

#[test]
fn who_started_a_bridge_and_where_decides_what_it_may() {
    let place = Place::new(NARROW);
    for (program, dir, expected) in [
        ("claude", "elsewhere", [true, false]),
        ("codex", "work/one", [false, true]),
        ("claude", "work/one", [true, true]),
        ("codex", "elsewhere", [false, false]),
    ] {
        let mut bridge = place.bridge(program, dir);
        assert_eq!(listed(&mut bridge), expected, "{program} in {dir}");
        assert_eq!(called(&mut bridge), expected, "{program} in {dir}");
    }
    // What speaks to the socket itself is what it is, and what comes over TCP is nothing that is known.
    let mut direct = Http::unix(&place.daemon).legacy(&json!({}));
    assert_eq!(servers_of(&direct.request("tools/list", &json!({})).json()), [false; 2]);
    place.rule(&NARROW.replace("[\"claude\"]", &format!("[\"{}\"]", own())));
    assert_eq!(servers_of(&direct.request("tools/list", &json!({})).json()), [true, false]);
    let call = json!({ "name": "counter__value", "arguments": {} });
    let mut modern = Http::unix(&place.daemon);
    assert!(modern.modern("tools/call", &call, &[]).json()["result"]["content"].is_array());
    let sent_on = [("X-Forwarded-For", "192.0.2.1")];
    let answer = modern.modern("tools/call", &call, &sent_on).json();
    assert!(answer["error"].is_object(), "whoever is behind a proxy is not that proxy: {answer}");
    let mut near = Http::tcp(&place.daemon).legacy(&json!({}));
    assert_eq!(servers_of(&near.request("tools/list", &json!({})).json()), [false; 2]);
}

/// The name of the program of this test.
fn own() -> String {
    let own = std::env::current_exe().unwrap();
    Path::new(own.file_name().unwrap()).display().to_string()
}

/// Rules that nobody had when a bridge came hold for it, too, and hold again after it has come back.
#[test]
fn what_stands_already_is_judged_by_rules_that_come_later() {
    let place = Place::new("");
    let (mut claude, mut codex) = (place.bridge("claude", "work/one"), place.bridge("codex", ""));
    let mut near = Http::tcp(&place.daemon).legacy(&json!({}));
    let mut over_tcp = || servers_of(&near.request("tools/list", &json!({})).json());
    assert_eq!([listed(&mut claude), listed(&mut codex), over_tcp()], [[true; 2]; 3]);
    place.rule(
        r#"
[[access.rules]]
id = "no-counting"
exe = ["codex"]
servers = ["counter"]
effect = "deny"

[[access.rules]]
principals = ["user:*"]
effect = "allow"
"#,
    );
    assert_eq!(listed(&mut claude), [true; 2]);
    assert_eq!((listed(&mut codex), called(&mut codex)), ([false, true], [false, true]));
    // In doubt a rule that denies is about everybody.
    assert_eq!(over_tcp(), [false, true]);
    let denied = place.daemon.wait_for("call_finished", |fact| fact["outcome"] == "denied");
    assert_eq!(denied["rule"], "no-counting", "{denied}");

    let Place { sandbox, mut daemon } = place;
    daemon.kill();
    let daemon = Daemon::start(&sandbox);
    for server in ["counter", "tools"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    assert_eq!((listed(&mut claude), called(&mut claude)), ([true; 2], [true; 2]));
    assert_eq!((listed(&mut codex), called(&mut codex)), ([false, true], [false, true]));
}

/// A token says who asks; the process is still the one that presents it.
#[test]
fn a_token_may_be_of_use_to_one_program_alone() {
    let rules = "\n[[access.rules]]\nid = \"ci\"\nprincipals = [\"token:ci\"]\nexe = [\"OWN\"]\n\
                 effect = \"allow\"\n";
    let place = Place::new(&rules.replace("OWN", &own()));
    let output = place.sandbox.command().args(["token", "new", "ci"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    until("the token is known", || {
        let header = format!("Bearer {token}");
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let reply = Http::unix(&place.daemon).post(ping, &[("Authorization", &header)]);
        (reply.status != 401).then_some(())
    });
    let mut here = Holder::new(Http::unix(&place.daemon), &token);
    assert!(here.call("counter__value", &json!({}))["result"].is_object());
    let mut far = Holder::new(Http::tcp(&place.daemon), &token);
    assert!(far.call("counter__value", &json!({}))["error"].is_object());
}

#[test]
fn what_a_rule_wants_to_know_is_told() {
    let place = Place::new(NARROW);
    let run = |words: &[&str]| {
        let output = place.sandbox.command().args(["access"]).args(words).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (_, out) = run(&["rules"]);
    assert!(out.contains("by claude") && out.contains("/work/*"), "{out}");
    let test = |words: &[&str]| run(&[&["test"], words].concat());
    assert_eq!(test(&["counter__value"]).0, Some(1), "nothing is known");
    assert_eq!(test(&["counter__value", "--exe", "/usr/bin/claude"]).0, Some(0));
    assert_eq!(test(&["counter__value", "--exe", "/usr/bin/codex"]).0, Some(1));
    let work = place.sandbox.path("").canonicalize().unwrap().join("work/one");
    assert_eq!(test(&["tools__ping", "--cwd", work.to_str().unwrap()]).0, Some(0));
    place.rule("\n[[access.rules]]\nid = \"no\"\nunits = [\"a.scope\"]\neffect = \"deny\"\n");
    let (code, out) = test(&["tools__ping"]);
    assert!(code == Some(1) && out.contains("its process is not known"), "{out}");
    let (code, out) = test(&["tools__ping", "--unit", "b.scope"]);
    assert!(code == Some(1) && out.contains("no access rule allows it"), "{out}");
}
