//! What clients list where the config says nothing about it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::search::listing;
use crate::support::far::{Far, Out, Seen, modern, said};
use crate::support::{Daemon, Lines, Sandbox};

const OWN: [&str; 4] =
    ["callmux_get_result", "callmux_parallel", "callmux_search_tools", "callmux_call"];

/// A daemon with so many tools of about a hundred tokens each.
fn daemon(sandbox: &Sandbox, tools: usize) -> (Daemon, crate::support::far::Far) {
    let about =
        "Does what its name says with the thing that it is given, and tells how that ended. ";
    let tool = |n: usize| (format!("tool_{n}"), about.repeat(5));
    let far = listing((0..tools).map(tool).collect());
    let text = format!("[servers.far]\nurl = {:?}\ndescription = \"Things\"\n", far.url());
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    (daemon, far)
}

/// The tools that a client of this name lists, and what it is told.
fn seen(sandbox: &Sandbox, name: &str) -> (Vec<Value>, String) {
    let mut command = sandbox.command();
    command.arg("bridge");
    let mut client = Lines::start(command);
    let hello = client.greet_as(name, &json!({}));
    let told = hello["result"]["instructions"].as_str().unwrap_or_default().to_owned();
    let list = client.request("tools/list", &json!({}));
    (list["result"]["tools"].as_array().unwrap().clone(), told)
}

fn named(tools: &[Value], is_own: bool) -> Vec<&str> {
    let names = tools.iter().map(|tool| tool["name"].as_str().unwrap());
    names.filter(|name| name.starts_with("callmux_") == is_own).collect()
}

#[test]
fn what_the_tools_cost_decides_what_is_listed() {
    for (count, listed, own) in [(20, 20, 1), (40, 40, 2), (60, 60, 4), (300, 0, 4)] {
        let sandbox = Sandbox::new();
        let _daemon = daemon(&sandbox, count);
        let (tools, told) = seen(&sandbox, "test");
        assert_eq!(named(&tools, false).len(), listed, "of {count}");
        let shown: BTreeSet<&str> = named(&tools, true).into_iter().collect();
        assert_eq!(shown, OWN[..own].iter().copied().collect(), "of {count}");
        // Who sees no tools is told where there are some.
        assert_eq!(told.contains("far (300 tools): Things"), listed == 0, "{told}");
    }
}

#[test]
fn a_client_that_loads_tools_on_demand_lists_all_and_has_ours_at_once() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox, 300);
    let (tools, told) = seen(&sandbox, "claude-code");
    assert_eq!((named(&tools, false).len(), named(&tools, true).len()), (300, 3), "{told}");
    for tool in &tools {
        let is_own = tool["name"].as_str().unwrap().starts_with("callmux_");
        assert_eq!(tool["_meta"]["anthropic/alwaysLoad"] == true, is_own, "{tool}");
    }
}

#[test]
fn who_may_not_call_a_tool_is_not_told_that_it_is_there() {
    let sandbox = Sandbox::new();
    let (_daemon, _far) = {
        let far = listing((0..4).map(|n| (format!("tool_{n}"), "Does it.".to_owned())).collect());
        let rules = "[[access.rules]]\nid = \"no\"\ntools = [\"far__tool_0\"]\neffect = \"deny\"\n\
                     [[access.rules]]\nid = \"yes\"\neffect = \"allow\"\n";
        let text =
            format!("exposure = \"meta-only\"\n[servers.far]\nurl = {:?}\n{rules}", far.url());
        sandbox.write("config/callmux/config.toml", &text);
        let daemon = Daemon::start(&sandbox);
        daemon.wait_for("server_ready", |fact| fact["server"] == "far");
        (daemon, far)
    };
    let (_, told) = seen(&sandbox, "test");
    assert!(told.contains("far (3 tools)"), "{told}");
}

#[test]
fn what_a_server_wants_known_is_told_with_its_first_tool_that_is_found() {
    let wanted = "Ask before you change anything. ".repeat(30) + "The very last word.";
    let discovered = json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"],
        "capabilities": { "tools": {} }, "ttlMs": 0, "cacheScope": "private", "instructions": wanted });
    let list = json!({ "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "tools": [
        { "name": "file_bug", "description": "Files a bug.", "inputSchema": { "type": "object" } }] });
    let rest = modern(|seen: &Seen, out: &mut Out| out.json(&seen.result(&said("here"))));
    let far = Far::start(move |seen, out| match seen.method() {
        "server/discover" => out.json(&seen.result(&discovered)),
        "tools/list" => out.json(&seen.result(&list)),
        _ => rest(seen, out),
    });
    for (exposure, is_begun) in [("meta-only", true), ("full", false)] {
        let sandbox = Sandbox::new();
        let text = format!("exposure = {exposure:?}\n[servers.far]\nurl = {:?}\n", far.url());
        sandbox.write("config/callmux/config.toml", &text);
        let daemon = Daemon::start(&sandbox);
        daemon.wait_for("server_ready", |fact| fact["server"] == "far");
        let mut command = sandbox.command();
        command.arg("bridge");
        let mut client = Lines::start(command);
        let hello = client.greet_as("test", &json!({}));
        let told = hello["result"]["instructions"].as_str().unwrap();
        assert!(told.contains("Ask before you change anything."), "{told}");
        assert_eq!(told.contains("The very last word."), !is_begun, "{told}");
        let found: Vec<bool> = (0..2)
            .map(|_| {
                let answer = client.call("callmux_search_tools", &json!({ "query": "bug" }));
                let text = answer["result"]["content"][0]["text"].as_str().unwrap();
                assert!(text.starts_with("far__file_bug"), "{text}");
                text.contains("The very last word.")
            })
            .collect();
        assert_eq!(found, [is_begun, false], "{exposure}");
    }
}
