//! F: under which names tools are listed and found.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::rig::{Rig, Setup, error, list, names, result, text};
use crate::support::until;

/// The fixture's own list.
const DEFINITIONS: &str = include_str!("../../servers/tools/tools.json");

fn definitions() -> Vec<Value> {
    serde_json::from_str(DEFINITIONS).unwrap()
}

fn two(two: &str) -> Rig {
    Rig::of(Setup { two, ..Setup::default() })
}

#[test]
fn f01_names_have_the_servers_name_or_its_prefix() {
    for (key, shown) in [("", "two__say"), ("prefix = \"zz\"", "zz__say"), ("prefix = \"\"", "say")]
    {
        let mut rig = two(key);
        let names = rig.names();
        assert!(names.iter().any(|name| name == shown), "{key}: {names:?}");
        assert!(names.iter().any(|name| name == "one__say"), "{key}: {names:?}");
        assert_eq!(names.len(), 2 * definitions().len() + 11);
        assert_eq!(text(&rig.call(shown, &json!({ "text": "hi" }))), "hi");
    }
}

#[test]
fn f02_names_that_collide_fall_back_to_full_ones() {
    let keys = "prefix = \"\"\ntools = [\"say\", \"ping\"]";
    let mut rig =
        Rig::of(Setup { one: keys, two: &keys.replace("ping", "pid"), ..Setup::default() });
    let names: Vec<String> =
        rig.names().into_iter().filter(|name| !name.starts_with("callmux_")).collect();
    assert_eq!(names, ["one__say", "pid", "ping", "two__say"]);
    assert_eq!(text(&rig.call("ping", &json!({}))), "pong");
    assert_eq!(text(&rig.call("two__say", &json!({ "text": "two" }))), "two");
}

#[test]
fn f03_full_name_and_alias_lead_to_the_tool() {
    let mut rig = two("prefix = \"zz\"\naliases = { speak = \"say\" }");
    let listed = rig.names();
    assert!(listed.contains(&"zz__speak".to_owned()) && !listed.contains(&"two__say".to_owned()));
    for name in ["zz__speak", "two__say"] {
        let given = json!({ "text": name });
        assert_eq!(text(&rig.call(name, &given)), name);
        for call in [
            json!({ "tool": name, "arguments": given }),
            json!({ "tool": name, "server": "two", "arguments": given }),
        ] {
            assert_eq!(text(&rig.call("callmux_call", &call)), name, "{call}");
        }
    }
    let bare = json!({ "tool": "say", "server": "two", "arguments": { "text": "bare" } });
    assert_eq!(text(&rig.call("callmux_call", &bare)), "bare");
    assert_eq!(rig.executed(), ["say"; 7]);
}

#[test]
fn f04_a_bare_name_leads_to_the_only_tool_that_has_it() {
    let mut rig = Rig::of(Setup {
        one: "tools = [\"say\", \"pid\"]",
        two: "tools = [\"say\", \"ping\"]",
        ..Setup::default()
    });
    assert_eq!(text(&rig.call("ping", &json!({}))), "pong");
    assert_eq!(text(&rig.call("callmux_call", &json!({ "tool": "ping" }))), "pong");

    let given = json!({ "text": "whose?" });
    let refused = rig.client.call("say", &given);
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("one__say, two__say"), "{message}");
    let error = rig.error("callmux_call", &json!({ "tool": "say", "arguments": given }));
    assert_eq!(error["code"], "tool_resolution_failed");
    assert_eq!(error["details"], json!({ "tool": "say", "candidates": ["one__say", "two__say"] }));
    assert_eq!(rig.executed(), ["ping", "ping"]);
}

#[test]
fn f05_a_tool_that_is_not_let_through_does_not_exist() {
    let mut rig = Rig::of(Setup { one: "tools = [\"echo\", \"s*y\"]", ..Setup::default() });
    let of_one: Vec<String> =
        rig.names().into_iter().filter(|name| name.starts_with("one__")).collect();
    assert_eq!(of_one, ["one__echo", "one__say"]);
    let direct = rig.client.call("one__hidden", &json!({}));
    assert_eq!(direct["error"]["code"], -32602, "{direct}");
    for call in [
        json!({ "tool": "one__hidden" }),
        json!({ "tool": "hidden", "server": "one" }),
        json!({ "tool": "one__hidden", "server": "one" }),
    ] {
        assert_eq!(rig.error("callmux_call", &call)["code"], "tool_not_found", "{call}");
        let all = rig.payload("callmux_parallel", &json!({ "calls": [call] }));
        assert_eq!(all["results"][0]["details"]["code"], "tool_not_found");
        let all = rig.payload("callmux_dry_run", &json!({ "calls": [call] }));
        assert_eq!(all["items"][0]["error"]["code"], "tool_not_found");
        let all = rig.payload("callmux_pipeline", &json!({ "steps": [call] }));
        assert_eq!(all["steps"][0]["details"]["code"], "tool_not_found");
    }
    let batch = json!({ "tool": "one__hidden", "items": [{}] });
    let all = rig.payload("callmux_batch", &batch);
    assert_eq!(all["results"][0]["details"]["code"], "tool_not_found");
    let found = rig.searched(&json!({ "query": "hidden", "limit": 50 }));
    assert!(!found.to_string().contains("one__hidden"), "{found}");
    assert_eq!(rig.executed(), [""; 0]);
}

#[test]
fn f06_tools_that_are_always_loaded_say_so_beside_their_own_meta() {
    let mut rig = two("always_load = [\"counter\", \"ping\"]");
    let counter = rig.tool("two__counter");
    assert_eq!(
        counter["_meta"],
        json!({ "example/kept": { "deep": [1, 2] }, "anthropic/alwaysLoad": true })
    );
    assert_eq!(rig.tool("two__ping")["_meta"], json!({ "anthropic/alwaysLoad": true }));
    assert!(rig.tool("two__say")["_meta"].is_null());
}

#[test]
fn f07_exposure_says_what_is_listed_and_hides_nothing_from_calls() {
    let all = definitions().len();
    for (top, of_servers, own) in [
        ("exposure = \"full\"", 2 * all, 11),
        ("exposure = \"hybrid\"", 1, 11),
        ("exposure = \"meta-only\"", 0, 11),
        ("exposure = \"no-meta\"", 2 * all, 0),
        ("exposure = \"meta-only\"\nmeta_tools = [\"callmux_call\", \"callmux_s*\"]", 0, 3),
        ("meta_tools = []", 2 * all, 0),
    ] {
        let mut rig = Rig::of(Setup { top, one: "always_load = [\"ping\"]", ..Setup::default() });
        let names = rig.names();
        let (ours, theirs): (Vec<&String>, Vec<&String>) =
            names.iter().partition(|name| name.starts_with("callmux_"));
        assert_eq!((theirs.len(), ours.len()), (of_servers, own), "{top}: {names:?}");
        assert_eq!(text(&rig.call("two__ping", &json!({}))), "pong", "{top}");
        let call = json!({ "tool": "two__ping" });
        assert_eq!(text(&rig.call("callmux_call", &call)), "pong", "{top}");
    }
}

#[test]
fn f08_definitions_keep_everything_but_the_name() {
    let mut rig = Rig::new();
    let listed = list(&mut rig.client);
    for mut expected in definitions() {
        let name = format!("one__{}", expected["name"].as_str().unwrap());
        expected["name"] = json!(name);
        let found = listed.iter().find(|tool| tool["name"] == name).unwrap();
        assert_eq!(*found, expected);
    }
}

#[test]
fn f09_lists_that_come_in_pages_are_read_to_their_end() {
    let mut rig = Rig::of(Setup { args_two: ", \"--paged\"", ..Setup::default() });
    let names = rig.names();
    for tool in definitions() {
        let name = format!("two__{}", tool["name"].as_str().unwrap());
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn f10_a_new_tool_is_announced_and_can_be_called() {
    let mut rig = Rig::new();
    let before = rig.names();
    let unknown = rig.error("callmux_call", &json!({ "tool": "two__added" }));
    assert_eq!(unknown["code"], "tool_not_found");
    rig.call("two__addtool", &json!({}));
    rig.client.take("the announcement", |line| line.contains("tools/list_changed"));
    let now = rig.names();
    let new: Vec<&String> = now.iter().filter(|name| !before.contains(name)).collect();
    assert_eq!(new, ["two__added"]);
    assert_eq!(text(&rig.call("callmux_call", &json!({ "tool": "two__added" }))), "{}");

    rig.call("two__addtool", &json!({ "there": false }));
    rig.client.take("the announcement", |line| line.contains("tools/list_changed"));
    assert_eq!(rig.names(), before);
    assert_eq!(rig.error("callmux_call", &json!({ "tool": "two__added" })), unknown);
}

#[test]
fn f11_a_tool_that_is_gone_after_a_restart_is_not_found() {
    let mut rig = Rig::new();
    // Who never asked for the list is not told of another one.
    rig.names();
    rig.call("two__addtool", &json!({}));
    rig.client.take("the announcement", |line| line.contains("tools/list_changed"));
    let pid: i32 = text(&rig.call("two__pid", &json!({}))).parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let ready = |fact: &Value| fact["server"] == "two";
    until("the restart", || (rig.daemon.count("server_ready", ready) > 1).then_some(()));
    rig.client.take("the announcement", |line| line.contains("tools/list_changed"));
    let error = rig.error("callmux_call", &json!({ "tool": "added", "server": "two" }));
    assert_eq!(error["code"], "tool_not_found");
    assert_eq!(error["details"]["totalAvailable"], definitions().len());
    let nearest = error["details"]["nearest"].as_array().unwrap();
    assert!(nearest.iter().all(|name| name.as_str().unwrap().starts_with("two__")));
}

#[test]
fn f12_a_further_server_renames_nothing() {
    let mut rig = two("tools = [\"ping\"]");
    let before = rig.names();
    let server = |name: &str, keys: &str| {
        format!("[servers.{name}]\ncommand = {:?}\n{keys}\n", crate::support::tools())
    };
    let tail = server("three", "tools = [\"say\"]") + &server("off", "enabled = false");
    rig.reconfigure(Setup { two: "tools = [\"ping\"]", tail: &tail, ..Setup::default() });
    rig.daemon.wait_for("server_ready", |fact| fact["server"] == "three");
    rig.client.take("the announcement", |line| line.contains("tools/list_changed"));
    let now = names(&mut rig.client);
    let new: Vec<&String> = now.iter().filter(|name| !before.contains(name)).collect();
    assert_eq!((new.len(), now.len()), (1, before.len() + 1));
    assert_eq!(new, ["three__say"]);
    assert_eq!(text(&result(&rig.client.call("two__ping", &json!({})))), "pong");
    let error = error(&rig.call("callmux_call", &json!({ "tool": "say" })));
    assert_eq!(error["details"]["candidates"], json!(["one__say", "three__say"]));
}
