//! Large inputs and large results at callmux's own tools: what comes back, what goes on to a server
//! and what it takes are bounded.

use serde_json::{Value, json};

use super::rig::{Rig, payload, text};
use crate::support::{Daemon, Lines, Sandbox, every, until};

/// More than any name, path or query has.
const LARGE: usize = 300_000;
/// What an answer to nonsense may have, in bytes.
const SHORT: usize = 20_000;

fn numbers(bytes: usize) -> String {
    format!("[{}1]", "1,".repeat(bytes / 2 - 2))
}

fn say(text: &str) -> Value {
    json!({ "tool": "one__say", "arguments": { "text": text } })
}

fn mapping(names: usize, expression: &str) -> Value {
    let members = (0..names).map(|index| (format!("m{index}"), json!(expression)));
    Value::Object(members.collect())
}

/// What a server got in its only call of a tool, in bytes.
fn got(rig: &Rig, tool: &str) -> Vec<usize> {
    let lines = ["one", "two"].into_iter().flat_map(|server| rig.log(server));
    let calls = lines.filter(|line| line["tool"] == tool);
    calls.map(|line| line["arguments"].to_string().len()).collect()
}

#[test]
fn what_is_mapped_is_told_in_short_and_goes_on_whole() {
    let mut rig = Rig::new();
    let step = json!({ "tool": "two__mutate", "inputMapping": mapping(1, "$json") });
    let steps = json!({ "steps": [say(&numbers(LARGE)), step] });
    let found = rig.call("callmux_pipeline", &steps);
    let len = found.to_string().len();
    assert!(len < 3 * (64 << 10), "{len}");
    let told = payload(&found)["steps"][1]["mappedArguments"].to_string().len();
    assert!(told < 5000, "{told}");
    let got = got(&rig, "mutate");
    assert_eq!(got, [LARGE - 1 + r#"{"m0":}"#.len()]);
}

#[test]
fn what_is_mapped_has_a_bound_in_all() {
    let mut rig = Rig::new();
    let step = json!({ "tool": "two__mutate", "inputMapping": mapping(60, "$json") });
    let steps = json!({ "steps": [say(&numbers(LARGE)), step, { "tool": "two__ping" }] });
    let found = rig.call("callmux_pipeline", &steps);
    assert!(found.to_string().len() < 3 * (64 << 10));
    let all = payload(&found);
    assert_eq!((&all["status"], &all["failedStep"]), (&json!("failed"), &json!(1)));
    let failed = &all["steps"][1];
    assert_eq!(failed["details"]["code"], "argument_resolution_failed", "{failed}");
    assert!(failed["error"].as_str().unwrap().contains("16000000 bytes"), "{failed}");
    assert_eq!(rig.executed(), ["say"]);
}

/// A tool and arguments in which something is far too large.
fn nonsense() -> Vec<(&'static str, Value)> {
    let large = "x".repeat(LARGE);
    let digits: Value = serde_json::from_str(&"9".repeat(300)).unwrap_or(json!(-1));
    let one = json!({ "tool": "one__ping" });
    let named = json!({ "tool": large });
    let known = |name: &str, value: Value| json!({ "ref": "r_0", name: value });
    let mut unknown = json!({ "tool": "one__ping", "arguments": {} });
    unknown[&large] = json!(1);
    let mapped =
        |mapping: Value| json!({ "steps": [{ "tool": "one__ping", "inputMapping": mapping }] });
    vec![
        ("callmux_call", named.clone()),
        ("callmux_call", json!({ "tool": "ping", "server": large })),
        ("callmux_call", json!({ "tool": format!("callmux_{large}") })),
        ("callmux_call", json!({ "tool": "one__ping", "cwd": large })),
        ("callmux_call", json!({ "tool": "one__ping", "timeoutMs": large })),
        ("callmux_call", json!({ "tool": "one__ping", "timeoutMs": digits })),
        ("callmux_call", unknown.clone()),
        (
            "callmux_call",
            json!({ "tool": "one__ping", "arguments": { large.clone(): { "$file": 7 } } }),
        ),
        (
            "callmux_call",
            json!({ "tool": "one__ping", "arguments": { "x": { "$ref": format!("r_{large}") } } }),
        ),
        ("callmux_parallel", json!({ "calls": [named] })),
        ("callmux_parallel", json!({ "calls": large })),
        ("callmux_batch", json!({ "tool": large, "items": vec![json!({}); 200] })),
        ("callmux_batch", json!({ "tool": "one__ping", "items": [unknown] })),
        ("callmux_pipeline", json!({ "steps": [named] })),
        ("callmux_pipeline", mapped(json!({ large.clone(): "$json.a" }))),
        ("callmux_pipeline", mapped(json!({ "x": format!("$json.{large}") }))),
        ("callmux_pipeline", mapped(json!({ "x": { "from": "$json", &large: 1 } }))),
        ("callmux_dry_run", named.clone()),
        ("callmux_dry_run", json!({ "tool": "one__ping", "arguments": { "x": large } })),
        ("callmux_dry_run", json!({ "tool": "one__strict", "arguments": { large.clone(): [7] } })),
        ("callmux_dry_run", json!({ "mode": large })),
        ("callmux_get_result", json!({ "ref": large })),
        ("callmux_get_result", known("path", json!(large))),
        ("callmux_get_result", known("search", json!(large))),
        ("callmux_get_result", known("filter", json!(large))),
        ("callmux_get_result", known("filter", json!(format!("a == '{large}'")))),
        ("callmux_get_result", known("sort", json!(large))),
        ("callmux_get_result", known("fields", json!([large]))),
        ("callmux_get_result", known("fields", json!(vec!["a"; 10_000]))),
        ("callmux_get_result", known(&large, one)),
        ("callmux_search_tools", json!({ "query": large })),
        ("callmux_search_tools", json!({ "queries": [large] })),
        ("callmux_search_tools", json!({ "server": large })),
        ("callmux_status", json!({ "server": large })),
        ("callmux_status", json!({ large.clone(): true })),
        ("callmux_cache_clear", json!({ "tool": large })),
        ("callmux_cache_clear", json!({ "server": large })),
        ("callmux_recipe_run", json!({ "recipe": large })),
        ("callmux_recipe_dry_run", json!({ "recipe": large })),
    ]
}

#[test]
fn no_tool_of_ours_repeats_a_large_input() {
    let mut rig = Rig::new();
    for (index, (tool, arguments)) in nonsense().into_iter().enumerate() {
        let answer = rig.client.call(tool, &arguments).to_string();
        assert!(answer.len() < SHORT, "{index}: {tool} answers with {} bytes", answer.len());
    }
    let mut fact = rig.daemon.told();
    fact.retain(|char| char == 'x');
    assert!(fact.len() < 200_000, "facts quote {} bytes", fact.len());
}

#[test]
fn many_warnings_and_problems_are_told_in_short() {
    let mut rig = Rig::new();
    let members = (0..20_000).map(|index| (format!("m{index}"), json!("$json")));
    let arguments = Value::Object(members.collect());
    let calls = json!({ "calls": vec![json!({ "tool": "one__ping", "arguments": arguments })] });
    let found = rig.call("callmux_dry_run", &calls).to_string();
    assert!(found.len() < SHORT, "{}", found.len());
}

#[test]
fn a_name_that_leads_nowhere_is_quoted_in_short() {
    let mut rig = Rig::new();
    let name = "\u{1b}[2J".to_owned() + &"x".repeat(LARGE);
    for (method, params) in [
        ("tools/call", json!({ "name": name })),
        ("prompts/get", json!({ "name": name })),
        ("resources/read", json!({ "uri": name })),
        ("resources/subscribe", json!({ "uri": name })),
        ("tasks/get", json!({ "taskId": name })),
        (&name, json!({})),
    ] {
        let answer = rig.client.request(method, &params);
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.len() < 5000 && answer.to_string().len() < 10_000, "{method:.20}");
    }
    let of_daemon = rig.daemon.told();
    assert!(of_daemon.len() < 500_000, "{}", of_daemon.len());
}

#[test]
fn a_tool_of_ours_runs_within_no_other() {
    let mut rig = Rig::new();
    let inner = json!({ "tool": "callmux_parallel", "arguments": { "calls": [say("a")] } });
    assert_eq!(rig.error("callmux_call", &inner)["code"], "invalid_arguments");
    for (tool, list) in
        [("callmux_parallel", "calls"), ("callmux_pipeline", "steps"), ("callmux_batch", "items")]
    {
        let mut arguments = json!({ list: [inner] });
        if list == "items" {
            arguments = json!({ "tool": "callmux_parallel", "items": [{ "arguments": inner["arguments"] }] });
        }
        let all = rig.payload(tool, &arguments);
        let entry = if list == "steps" { &all["steps"][0] } else { &all["results"][0] };
        assert_eq!(entry["details"]["code"], "invalid_arguments", "{all}");
    }
    assert!(rig.executed().is_empty());
}

/// The most that the daemon ever had, in KiB.
fn peak_kib(daemon: &Daemon) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn to_look_into_a_large_result_takes_little_memory() {
    let mut rig = Rig::new();
    // The ways there have their own copies.
    let size = 700_000;
    let plain = say(&"x".repeat(size));
    rig.call("one__say", &plain["arguments"]);
    rig.call("callmux_call", &plain);
    rig.payload("callmux_parallel", &json!({ "calls": [plain] }));
    let before = peak_kib(&rig.daemon);
    let found = rig.call("one__say", &say(&numbers(size))["arguments"]);
    let said: Value = serde_json::from_str(text(&found)).unwrap();
    let reference = &said["_callmux"]["ref"];
    for more in [
        json!({ "filter": "$ > 0" }),
        json!({ "search": "1", "sort": "a" }),
        json!({ "offset": 300_000 }),
    ] {
        let mut wanted = json!({ "ref": reference });
        wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let page = rig.payload("callmux_get_result", &wanted);
        assert_eq!(page["total"], size / 2 - 1, "{page}");
    }
    let call = say(&numbers(size));
    rig.call("callmux_call", &call);
    rig.payload("callmux_parallel", &json!({ "calls": [call] }));
    let more = (peak_kib(&rig.daemon) - before) * 1024;
    assert!(more < 5 * size, "{more} bytes more for {size}");
}

#[test]
fn what_large_results_took_is_given_back() {
    let mut rig = Rig::new();
    let round = |rig: &mut Rig| {
        let found = rig.call("one__bigtext", &json!({ "lines": 45_000 }));
        let said: Value = serde_json::from_str(text(&found)).unwrap();
        let wanted = json!({ "ref": said["_callmux"]["ref"], "search": "ERROR" });
        assert_eq!(rig.payload("callmux_get_result", &wanted)["type"], "string");
    };
    round(&mut rig);
    let before = rig.daemon.memory_kib();
    for _ in 0..8 {
        round(&mut rig);
    }
    until("the memory is given back", || {
        (rig.daemon.memory_kib() < before + (4 << 10)).then_some(())
    });
}

#[test]
fn the_uris_that_a_client_subscribes_to_are_short_and_few() {
    let sandbox = Sandbox::new();
    let command = every().display().to_string();
    let _daemon = Daemon::with(&sandbox, &[("old", &[&command])]);
    let mut client = Lines::bridge(&sandbox);
    let mut subscribe = |uri: &str| client.request("resources/subscribe", &json!({ "uri": uri }));
    let uri = |name: &str, len: usize| format!("every://item/{name}{}", "x".repeat(len));
    assert!(subscribe(&uri("a", 8000))["error"].is_null());
    let answer = subscribe(&uri("b", 3_900_000));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("at most 8192") && message.len() < 1000, "{message}");
    let refused = (0..64).find_map(|index| {
        let answer = subscribe(&uri(&index.to_string(), 8000));
        answer["error"]["message"].as_str().map(|message| (index, message.to_owned()))
    });
    let (index, message) = refused.unwrap();
    assert!(index < 33 && message.contains("too many resources"), "{index}: {message}");
    // One that is known is no further one.
    assert!(subscribe(&uri("a", 8000))["error"].is_null());
}
