//! The one gate: what it denies reaches no server and is seen by nobody, on whatever way it is wanted, and
//! each act leaves one entry.
//!
//! Only a build for development can be told what to deny without a rule in the config.

#![cfg(debug_assertions)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::far::{Far, Out, Seen, modern, said};
use crate::support::speaker::{Era, Speaker};
use crate::support::wires::Streamable;
use crate::support::{Daemon, Http, Lines, Sandbox, callmux, every, raw, tools, until};

/// What servers hear of us in any case.
const OWN: [&str; 8] = [
    "server/discover",
    "initialize",
    "notifications/initialized",
    "ping",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
];

const RECIPE: &str = r#"
[recipes.greet]
expose = true
tool = "one__echo"
arguments = { text = "hello" }
"#;

struct Rig {
    sandbox: Sandbox,
    daemon: Daemon,
    client: Lines,
}

impl Rig {
    /// Two servers with the same tools, and one with a bit of everything.
    fn denying(patterns: &str) -> Self {
        Self::within(Sandbox::new(), patterns, "")
    }

    /// The same with rules in the config.
    fn ruled(rules: &str) -> Self {
        Self::within(Sandbox::new(), "", rules)
    }

    /// Each way to deny the servers `one` and `every` as a whole.
    fn without_two_servers() -> [Self; 3] {
        [
            Self::denying("one every"),
            Self::ruled(
                "[[access.rules]]\nservers = [\"one\", \"every\"]\neffect = \"deny\"\n\
                 [[access.rules]]\neffect = \"allow\"\n",
            ),
            // By name, and nothing else.
            Self::ruled(
                "[[access.rules]]\nprincipals = [\"user:*\"]\nservers = [\"two\"]\neffect = \"allow\"\n",
            ),
        ]
    }

    /// The same with rules that can change; at first nothing is denied.
    fn lenient() -> Self {
        let sandbox = Sandbox::new();
        let rules = format!("@{}", sandbox.path("rules").display());
        Self::within(sandbox, &rules, "")
    }

    /// From now on this is denied.
    fn deny(&self, patterns: &str) {
        self.sandbox.write("rules", patterns);
        deny_with(&self.sandbox, &self.daemon);
    }

    fn within(sandbox: Sandbox, patterns: &str, rules: &str) -> Self {
        let path = |name: &str| sandbox.path(name).display().to_string();
        let (tools, every) = (tools().display().to_string(), every().display().to_string());
        let twin = |name: &str| {
            let log = path(&format!("{name}.log"));
            format!(
                "[servers.{name}]\ncommand = {tools:?}\nargs = [\"--log\", {log:?}, \"--name\", {name:?}]\n"
            )
        };
        let all = format!(
            "{}{}[servers.every]\ncommand = {every:?}\nargs = [\"--legacy\", \"--ledger\", {:?}]\n{RECIPE}{rules}",
            twin("one"),
            twin("two"),
            path("ledger"),
        );
        sandbox.write("config/callmux/config.toml", &all);
        let daemon = Daemon::start_with(&sandbox, &[("CALLMUX_DENIED", patterns)]);
        for server in ["one", "two", "every"] {
            daemon.wait_for("server_ready", |fact| fact["server"] == server);
        }
        let client = Lines::bridge(&sandbox);
        Self { sandbox, daemon, client }
    }

    /// The methods that the server with a bit of everything heard.
    fn heard(&self) -> Vec<String> {
        let ledger = std::fs::read_to_string(self.sandbox.path("ledger")).unwrap();
        let of = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
        ledger.lines().map(of).collect()
    }

    /// What the twin carried out.
    fn carried_out(&self, server: &str) -> usize {
        let log = self.sandbox.path(&format!("{server}.log"));
        let text = std::fs::read_to_string(log).unwrap_or_default();
        text.lines().filter(|line| line.contains("\"tool\"")).count()
    }

    /// The entries of acts: kind and outcome, counted.
    fn entries(&self) -> BTreeMap<(String, String), usize> {
        let mut all = BTreeMap::new();
        for line in self.daemon.told().lines() {
            let fact: Value = serde_json::from_str(line).unwrap();
            if fact["fact"] == "call_finished" {
                let word = |name: &str| fact[name].as_str().unwrap().to_owned();
                *all.entry((word("kind"), word("outcome"))).or_default() += 1;
            }
        }
        all
    }
}

/// Has the rules read again, which happens with another config.
fn deny_with(sandbox: &Sandbox, daemon: &Daemon) {
    let config = std::fs::read_to_string(sandbox.path("config/callmux/config.toml")).unwrap();
    sandbox.write("config/callmux/config.toml", &format!("max_calls = 77\n{config}"));
    daemon.wait_for("config_reloaded", |_| true);
}

fn modern_meta(capabilities: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "agent", "version": "7" },
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

/// Nothing in what a client reads leads to what it may not know of.
fn tells_nothing(what: &str, answer: &Value) {
    let text = answer.to_string();
    for hidden in ["one__", "every__", "every://b"] {
        assert!(!text.contains(hidden), "{what} tells of {hidden}: {text}");
    }
}

#[test]
fn what_is_denied_is_reached_on_no_way_and_told_of_on_none() {
    Rig::without_two_servers().into_iter().for_each(is_reached_on_no_way);
}

fn is_reached_on_no_way(mut rig: Rig) {
    let client = &mut rig.client;
    for (method, member) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let list = client.request(method, &json!({}));
        tells_nothing(method, &list);
        let names = list["result"][member].as_array().unwrap().len();
        assert_eq!(names > 0, member == "tools", "{list}");
    }
    // As one request for each kind of target, in the very words for what there is not.
    let item = "every://item/1";
    let requests = [
        ("tools/call", json!({ "name": "one__echo", "arguments": {} }), -32602),
        ("prompts/get", json!({ "name": "every__greet" }), -32602),
        ("resources/read", json!({ "uri": "every://a" }), -32002),
        ("resources/read", json!({ "uri": item }), -32002),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "every__greet" }, "argument": { "name": "who", "value": "" } }),
            -32602,
        ),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/resource", "uri": "every://item/{id}" }, "argument": { "name": "id", "value": "" } }),
            -32602,
        ),
        ("resources/subscribe", json!({ "uri": "every://a" }), -32002),
    ];
    for (method, params, code) in requests {
        let answer = client.request(method, &params);
        assert_eq!(answer["error"]["code"], code, "{method}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        let like_none = ["unknown tool", "unknown prompt", "resource not found"];
        assert!(like_none.iter().any(|words| message.starts_with(words)), "{method}: {message}");
        // What is near may be told where it may be known.
        let near = message.split("did you mean").nth(1).unwrap_or_default();
        tells_nothing(method, &json!(near));
    }
    let level = client.request("logging/setLevel", &json!({ "level": "debug" }));
    assert_eq!(level["result"], json!({}), "the level is the client's own, too");
    client.write(r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#);
    client.request("ping", &json!({}));
    rig.daemon.stop();
    let heard = rig.heard();
    assert!(heard.iter().all(|method| OWN.contains(&method.as_str())), "{heard:?}");
    assert_eq!(rig.carried_out("one"), 0);
}

#[test]
fn no_tool_of_ours_leads_past_the_gate() {
    Rig::without_two_servers().into_iter().for_each(leads_past_the_gate);
}

fn leads_past_the_gate(mut rig: Rig) {
    let client = &mut rig.client;
    let call = json!({ "tool": "one__echo", "arguments": {} });
    let ways = [
        ("callmux_call", call.clone()),
        ("callmux_call", json!({ "tool": "echo", "server": "one", "arguments": {} })),
        ("callmux_parallel", json!({ "calls": [call] })),
        ("callmux_batch", json!({ "tool": "one__echo", "items": [{ "arguments": {} }] })),
        ("callmux_pipeline", json!({ "steps": [call] })),
        ("callmux_recipe_run", json!({ "recipe": "greet", "arguments": {} })),
        ("callmux_recipe_greet", json!({})),
        ("callmux_dry_run", call.clone()),
        ("callmux_recipe_dry_run", json!({ "recipe": "greet", "arguments": {} })),
        ("callmux_cache_clear", json!({ "tool": "one__echo" })),
    ];
    for (tool, arguments) in ways {
        let answer = client.call(tool, &arguments);
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
        assert!(
            text.contains("tool_not_found") || text.contains("server_not_found"),
            "{tool}: {answer}"
        );
        let without_name = text.replace("one__echo", "");
        tells_nothing(tool, &json!(without_name));
    }
    for (tool, arguments) in [
        ("callmux_search_tools", json!({ "query": "echo the text", "limit": 50 })),
        ("callmux_search_tools", json!({ "limit": 50 })),
        ("callmux_status", json!({ "descriptions": true })),
    ] {
        tells_nothing(tool, &client.call(tool, &arguments));
    }
    // Of two tools with this name the other one is the only one.
    let bare = client.call("callmux_call", &json!({ "tool": "ping", "arguments": {} }));
    assert_eq!(bare["result"]["content"][0]["text"], "pong", "{bare}");
    until("the call at the other server", || (rig.carried_out("two") == 1).then_some(()));
    rig.daemon.stop();
    assert_eq!(rig.carried_out("one"), 0);
}

#[test]
fn each_act_leaves_one_entry_with_who_and_how() {
    let mut rig = Rig::denying("one/echo prompt:every log_level:two callmux/callmux_status");
    let client = &mut rig.client;
    client.call("one__echo", &json!({}));
    client.call("one__ping", &json!({}));
    client.call("callmux_status", &json!({}));
    client.call("callmux_call", &json!({ "tool": "one__echo", "arguments": {} }));
    client.request("prompts/get", &json!({ "name": "every__greet" }));
    let id = client.send("resources/read", &json!({ "uri": "every://a" }));
    // It has numbers that are none to most programs.
    client.take("the resource", |line| line.contains(&format!(r#""id":{id},"result""#)));
    client.request("resources/subscribe", &json!({ "uri": "every://a" }));
    client.request("logging/setLevel", &json!({ "level": "debug" }));
    client.request("tasks/list", &json!({}));
    client.write(r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#);
    client.request("ping", &json!({}));
    rig.daemon.stop();
    let expected = [
        ("tool", "denied", 3),
        ("tool", "done", 1),
        // The tool of ours by which one of those was wanted.
        ("tool", "refused", 1),
        ("prompt", "denied", 1),
        ("resource", "done", 1),
        ("subscription", "done", 1),
        ("log_level", "done", 1),
        ("tasks", "done", 1),
        ("roots", "done", 1),
    ];
    let expected = expected
        .map(|(kind, outcome, count)| ((kind.to_owned(), outcome.to_owned()), count))
        .into_iter()
        .collect::<BTreeMap<_, _>>();
    assert_eq!(rig.entries(), expected, "{}", rig.daemon.told());
    for line in rig.daemon.told().lines().filter(|line| line.contains("call_finished")) {
        let fact: Value = serde_json::from_str(line).unwrap();
        assert_eq!(fact["client"], "test 1", "{fact}");
        assert!(fact["principal"].as_str().unwrap().starts_with("user:"), "{fact}");
        assert!(fact["session"].is_string() && fact["duration_us"].is_string(), "{fact}");
    }
}

#[test]
fn a_modern_client_is_named_in_each_entry_and_its_session_is_told_once() {
    let mut rig = Rig::denying("");
    let meta = modern_meta(&json!({}));
    let mut bridge = rig.sandbox.command();
    bridge.arg("bridge");
    let mut client = Lines::start(bridge);
    for _ in 0..2 {
        let call = json!({ "name": "one__ping", "arguments": {}, "_meta": meta });
        let answer = client.request("tools/call", &call);
        assert_eq!(answer["result"]["content"][0]["text"], "pong", "{answer}");
    }
    client.finish();
    rig.daemon.stop();
    let is_agent = |fact: &Value| fact["client"] == "agent 7";
    rig.daemon.expect_count("session_opened", 1, is_agent);
    rig.daemon.expect_count("call_finished", 2, is_agent);
}

#[test]
fn a_stored_result_is_for_who_may_call_its_tool() {
    let mut rig = Rig::denying("");
    let large = rig.client.call("one__bigtext", &json!({ "lines": 45_000 }));
    let said = large["result"]["content"][0]["text"].as_str().unwrap();
    let said: Value = serde_json::from_str(said).unwrap();
    let wanted = json!({ "ref": said["_callmux"]["ref"] });
    let read = |client: &mut Lines| client.call("callmux_get_result", &wanted)["result"].clone();
    assert!(read(&mut rig.client)["isError"].is_null());
    rig.client.finish();
    rig.daemon.stop();
    let daemon = Daemon::start_with(&rig.sandbox, &[("CALLMUX_DENIED", "one/bigtext")]);
    daemon.wait_for("server_ready", |fact| fact["server"] == "one");
    let mut client = Lines::bridge(&rig.sandbox);
    let refused = read(&mut client);
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("there is no stored result"), "{refused}");
}

#[test]
fn a_round_goes_on_only_for_who_may_still_make_the_call() {
    let rig = Rig::lenient();
    let wire = Box::new(Streamable::tcp(&rig.daemon, true));
    let mut client = Speaker::greet(wire, Era::Modern).unwrap();
    let mut ask = || {
        let result = client.call("every__elicit", "{}").unwrap();
        assert_eq!(raw::text(&result, &["resultType"]), "input_required", "{result}");
        raw::text(&result, &["requestState"])
    };
    let (first, second) = (ask(), ask());
    let mut go_on = |state: &str| {
        let answer = r#""inputResponses":{"question":{"action":"decline"}}"#;
        let params = format!(r#""name":"every__elicit","requestState":"{state}",{answer}"#);
        client.request("tools/call", &params).unwrap()
    };
    assert!(go_on(&first).contains(r#""answer":{"action":"decline"}"#));
    rig.deny("every/elicit");
    let refused = go_on(&second);
    assert!(refused.contains("-32602") && refused.contains("unknown tool"), "{refused}");
    rig.daemon.wait_for_count("call_finished", 4, |_| true);
    let entries = rig.entries();
    let count = |outcome: &str| entries.get(&("tool".to_owned(), outcome.to_owned())).copied();
    assert_eq!((count("done"), count("denied")), (Some(3), Some(1)), "{entries:?}");
}

#[test]
fn tasks_are_for_who_may_know_of_them() {
    let tasks = json!({ "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } });
    let task = json!({ "taskId": "1", "status": "working", "createdAt": "2026-01-01T00:00:00Z",
        "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttl": null });
    let answer = move |seen: &Seen, out: &mut Out| match seen.method() {
        "initialize" => {
            let result = json!({ "protocolVersion": "2025-11-25",
                "serverInfo": { "name": "far", "version": "1" },
                "capabilities": { "tools": {}, "tasks": tasks } });
            out.json(&seen.result(&result));
        }
        "tools/list" => out.json(&seen.result(&json!({ "tools": [] }))),
        "tasks/list" => out.json(&seen.result(&json!({ "tasks": [task] }))),
        "tasks/get" | "tasks/cancel" => out.json(&seen.result(&task)),
        "server/discover" => out.json(&seen.error(-32601)),
        "GET" => out.whole("405 Method Not Allowed", &[], ""),
        _ => out.whole("202 Accepted", &[], ""),
    };
    let (sandbox, far) = (Sandbox::new(), Far::start(answer));
    let server = format!("[servers.far]\nurl = \"http://{}/mcp\"\n", far.address);
    sandbox.write("config/callmux/config.toml", &server);
    let rules = format!("@{}", sandbox.path("rules").display());
    let daemon = Daemon::start_with(&sandbox, &[("CALLMUX_DENIED", &rules)]);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut client = Lines::bridge(&sandbox);
    let mut ask = |method: &str, params: Value| client.request(method, &params);
    let listed = ask("tasks/list", json!({}));
    assert_eq!(listed["result"]["tasks"][0]["taskId"], "far:1", "{listed}");
    let got = ask("tasks/get", json!({ "taskId": "far:1" }));
    assert_eq!(got["result"]["taskId"], "far:1", "{got}");
    let unknown = ask("tasks/get", json!({ "taskId": "none:1" }));
    let heard = |method: &str| far.count(method);
    assert_eq!((heard("tasks/list"), heard("tasks/get")), (1, 1));
    sandbox.write("rules", "far");
    deny_with(&sandbox, &daemon);
    let listed = ask("tasks/list", json!({}));
    assert_eq!(listed["result"]["tasks"], json!([]), "{listed}");
    for method in ["tasks/get", "tasks/cancel", "tasks/result"] {
        let refused = ask(method, json!({ "taskId": "far:1" }));
        let expected = unknown["error"]["message"].as_str().unwrap().replace("none", "far");
        assert_eq!(refused["error"]["message"], expected, "{method}: {refused}");
    }
    let all = ["tasks/list", "tasks/get", "tasks/cancel", "tasks/result"].map(heard);
    assert_eq!(all, [1, 1, 0, 0], "the server hears nothing more");
}

/// The headers that a tool's definition asks for are looked at before the gate is asked.
#[test]
fn headers_that_are_missing_do_not_tell_that_there_is_a_tool() {
    let answer = |seen: &Seen, out: &mut Out| out.json(&seen.result(&said("north")));
    let (sandbox, far) = (Sandbox::new(), Far::start(modern(answer)));
    let server = format!("[servers.far]\nurl = \"http://{}/mcp\"\n", far.address);
    sandbox.write("config/callmux/config.toml", &server);
    for (denied, code) in [("", -32020), ("far", -32602)] {
        let daemon = Daemon::start_with(&sandbox, &[("CALLMUX_DENIED", denied)]);
        daemon.wait_for("server_ready", |fact| fact["server"] == "far");
        let mut client = Http::tcp(&daemon);
        let call = json!({ "name": "far__echo", "arguments": { "region": "north" } });
        let answer = client.modern("tools/call", &call, &[]).json();
        assert_eq!(answer["error"]["code"], code, "{denied}: {answer}");
    }
}

#[test]
fn operators_pass_the_gate_too() {
    let sandbox = Sandbox::new();
    sandbox.write("config/callmux/config.toml", "");
    let daemon = Daemon::start_with(&sandbox, &[("CALLMUX_DENIED", "administration:callmux")]);
    let mut command = sandbox.program(callmux());
    command.arg("status");
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the access rules deny it"), "{said}");
    let entry = daemon.wait_for("call_finished", |fact| fact["kind"] == "administration");
    assert_eq!(
        (&entry["outcome"], &entry["endpoint"]),
        (&json!("denied"), &json!("/api/v1/status"))
    );
}
