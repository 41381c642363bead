//! Rules about what servers say of their tools.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Daemon, Lines, Sandbox, tools};

const MAIN: &str = "config/callmux/config.toml";
const READING: &str = r#"
[[access.rules]]
id = "reading"
hints = ["read_only"]
effect = "allow"
"#;

/// Two servers of the same program, of which the first is taken at its word.
fn write(sandbox: &Sandbox, others: &str, rules: &str) {
    let program = tools().display().to_string();
    let one = format!("[servers.one]\ncommand = {program:?}\ntrusted = true\n");
    let other = format!("[servers.other]\ncommand = {program:?}\n{others}");
    sandbox.write(MAIN, &format!("{one}{other}{rules}"));
}

fn tools_of(client: &mut Lines) -> Vec<Value> {
    let list = client.request("tools/list", &json!({}));
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
    tools.clone()
}

/// Their names, without our own.
fn names(tools: &[Value]) -> BTreeSet<String> {
    let names = tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
    names.filter(|name| !name.starts_with("callmux_")).collect()
}

fn may_call(client: &mut Lines, tool: &str) -> bool {
    client.call(tool, &json!({}))["error"].is_null()
}

#[test]
fn only_what_a_trusted_server_calls_read_only_is_allowed() {
    let sandbox = Sandbox::new();
    write(&sandbox, "", "");
    let daemon = Daemon::start(&sandbox);
    for server in ["one", "other"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    let rule = |others: &str, rules: &str| {
        let before = daemon.count("config_reloaded", |_| true);
        write(&sandbox, others, rules);
        daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    };
    let mut client = Lines::bridge(&sandbox);
    let all = tools_of(&mut client);
    let says = |tool: &&Value| tool["annotations"]["readOnlyHint"] == true;
    let reading: Vec<Value> = all.iter().filter(says).cloned().collect();
    let reading = names(&reading);
    let of_one: BTreeSet<String> =
        reading.iter().filter(|name| name.starts_with("one__")).cloned().collect();
    assert!(of_one.contains("one__counter") && reading.contains("other__counter"), "{reading:?}");
    assert!(reading.len() < names(&all).len(), "{reading:?}");

    rule("", READING);
    assert_eq!(names(&tools_of(&mut client)), of_one);
    assert!(may_call(&mut client, "one__counter"));
    for denied in ["one__mutate", "other__counter", "other__mutate"] {
        assert!(!may_call(&mut client, denied), "{denied}");
    }
    // Each call that a tool of ours makes is judged by its own tool.
    let calls = json!({ "calls": [{ "tool": "one__counter" }, { "tool": "one__mutate" }] });
    let answer = client.call("callmux_parallel", &calls).to_string();
    assert!(answer.contains("no tool") && !answer.contains("executed"), "{answer}");

    rule("trusted = true\n", READING);
    assert_eq!(names(&tools_of(&mut client)), reading, "both are believed now");
    assert!(may_call(&mut client, "other__counter") && !may_call(&mut client, "other__mutate"));

    let named = READING.replace("hints", "tools = [\"one__*\"]\nhints");
    rule("trusted = true\n", &named);
    assert_eq!(names(&tools_of(&mut client)), of_one, "both lists have to fit");

    let output = sandbox.command().args(["access", "rules"]).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("hints read_only"), "{out}");
    let test = |words: &[&str]| {
        let output = sandbox.command().args(["access", "test"]).args(words).output().unwrap();
        output.status.code()
    };
    assert_eq!(test(&["one__counter"]), Some(1), "nothing is known of it");
    assert_eq!(test(&["one__counter", "--hint", "read_only"]), Some(0));
    assert_eq!(test(&["one__counter", "--hint", "idempotent"]), Some(1));
}
