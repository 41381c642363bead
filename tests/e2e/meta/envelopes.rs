//! G: what `callmux_parallel` and `callmux_batch` answer.

use serde_json::{Value, json};

use super::rig::{Rig, masked};

/// What is told of a call that ran out of its time.
fn timed_out(entry: &Value, tool: &str) {
    assert!(entry["error"].as_str().unwrap().starts_with("outcome_unknown: "), "{entry}");
    let details = &entry["details"];
    let told = (&details["code"], &details["server"], &details["tool"], &details["retry_safe"]);
    assert_eq!(
        told,
        (&json!("tool_call_failed"), &json!("one"), &json!(tool), &json!(false)),
        "{entry}"
    );
}

#[test]
fn g01_results_of_a_parallel_come_in_the_order_of_its_calls() {
    let mut rig = Rig::new();
    let calls = json!([
        { "tool": "one__hold", "arguments": { "key": "k" } },
        { "tool": "say", "server": "two", "arguments": { "text": "hi" } },
        { "tool": "one__release", "arguments": { "key": "k" } },
        { "tool": "two__toolerr" },
        { "tool": "one__fail", "arguments": {} },
        { "tool": "ping", "server": "three" },
    ]);
    let all = rig.payload("callmux_parallel", &json!({ "calls": calls }));
    let failed = json!({
        "code": "tool_call_failed", "tool": "one__fail", "jsonrpcCode": -32050,
        "data": { "why": "asked to" },
    });
    let unknown = json!({
        "code": "server_not_found", "server": "three", "availableServers": ["one", "two"],
    });
    let expected = json!({
        "status": "partial",
        "results": [
            { "call": { "tool": "one__hold" }, "result": "met", "durationMs": 0 },
            { "call": { "tool": "say", "server": "two" }, "result": "hi", "durationMs": 0 },
            { "call": { "tool": "one__release" }, "result": "released", "durationMs": 0 },
            { "call": { "tool": "two__toolerr" },
              "result": { "error": "the tool says no", "isError": true }, "durationMs": 0 },
            { "call": { "tool": "one__fail" }, "error": "it failed", "details": failed,
              "durationMs": 0 },
            { "call": { "tool": "ping", "server": "three" }, "error": "there is no server `three`",
              "details": unknown, "durationMs": 0 },
        ],
        "totalDurationMs": 0, "succeeded": 3, "failed": 3, "failedIndexes": [3, 4, 5],
    });
    assert_eq!(masked(all), expected);

    let all = rig.payload("callmux_parallel", &json!({ "calls": [{ "tool": "one__toolerr" }] }));
    assert_eq!((&all["status"], &all["succeeded"]), (&json!("partial"), &json!(0)));
}

#[test]
fn g02_each_call_of_a_parallel_has_its_own_server_and_limit() {
    let mut rig = Rig::new();
    let calls = json!([
        { "tool": "hold", "server": "one", "arguments": { "key": "never" }, "timeoutMs": 100 },
        { "tool": "pid", "server": "one", "timeoutMs": 60_000 },
        { "tool": "pid", "server": "two", "cwd": "/tmp" },
    ]);
    let all = rig.payload("callmux_parallel", &json!({ "calls": calls }));
    assert_eq!(all["failedIndexes"], json!([0]));
    timed_out(&all["results"][0], "hold");
    for (index, server) in [(1, "one"), (2, "two")] {
        assert_eq!(all["results"][index]["result"], rig.daemon.server_pid(server));
    }
    assert_eq!(all["warnings"][0]["code"], "cwd_ignored");
    rig.wait_for_cancels("one", 1);
}

#[test]
fn g03_items_of_a_batch_override_what_it_says_for_all() {
    let mut rig = Rig::new();
    let batch = json!({ "tool": "echo", "server": "two", "items": [
        { "arguments": { "n": 1 } }, { "arguments": { "n": [2] } },
    ] });
    let expected = json!({
        "status": "completed",
        "results": [
            { "index": 0, "result": { "n": 1 }, "durationMs": 0 },
            { "index": 1, "result": { "n": [2] }, "durationMs": 0 },
        ],
        "totalDurationMs": 0, "succeeded": 2, "failed": 0, "failedIndexes": [],
    });
    let all = rig.payload("callmux_batch", &batch);
    assert_eq!(masked(all), expected);

    let batch = json!({ "tool": "one__slow", "timeoutMs": 60_000, "items": [
        { "arguments": { "ms": 600_000 }, "timeoutMs": 50 }, { "arguments": { "ms": 100 } },
    ] });
    let all = rig.payload("callmux_batch", &batch);
    timed_out(&all["results"][0], "slow");
    assert_eq!(all["results"][1]["result"], "slept 100");
    let batch = json!({ "tool": "one__slow", "timeoutMs": 50, "items": [
        { "arguments": { "ms": 600_000 } }, { "arguments": { "ms": 100 }, "timeoutMs": 60_000 },
    ] });
    assert_eq!(rig.payload("callmux_batch", &batch)["failedIndexes"], json!([0]));
}

#[test]
fn g04_lists_without_calls_are_done_at_once() {
    let mut rig = Rig::new();
    let expected = json!({
        "status": "completed", "results": [], "totalDurationMs": 0, "succeeded": 0, "failed": 0,
        "failedIndexes": [],
    });
    let all = rig.payload("callmux_parallel", &json!({ "calls": [] }));
    assert_eq!(masked(all), expected);
    let all = rig.payload("callmux_batch", &json!({ "tool": "one__mutate", "items": [] }));
    assert_eq!(masked(all), expected);
    let error = rig.error("callmux_pipeline", &json!({ "steps": [] }));
    assert_eq!(error["details"]["field"], "steps");
    assert_eq!(rig.executed(), [""; 0]);
}

#[test]
fn g09_results_with_more_than_a_text_are_embedded_whole() {
    let mut rig = Rig::new();
    for (tool, arguments) in [("image", json!({ "bytes": 20_000 })), ("structured", json!({}))] {
        let direct = rig.call(&format!("one__{tool}"), &arguments);
        let call = json!({ "tool": tool, "server": "one", "arguments": arguments });
        let all = rig.payload("callmux_parallel", &json!({ "calls": [call] }));
        assert_eq!(all["results"][0]["result"], direct, "{tool}");
        let batch = json!({ "tool": tool, "server": "one", "items": [{ "arguments": arguments }] });
        let all = rig.payload("callmux_batch", &batch);
        assert_eq!(all["results"][0]["result"], direct, "{tool}");
        let all = rig.payload("callmux_pipeline", &json!({ "steps": [call] }));
        assert_eq!(all["finalResult"], direct, "{tool}");
    }
    // A text that says the same as the fields says nothing.
    let call = json!({ "tool": "one__typed", "arguments": { "rows": 1 } });
    let all = rig.payload("callmux_parallel", &json!({ "calls": [call] }));
    let fields = json!({ "structuredContent": { "rows": [{ "id": 0, "name": "row 0" }] } });
    assert_eq!(all["results"][0]["result"], fields);
}

#[test]
fn g10_texts_are_unwrapped() {
    let mut rig = Rig::new();
    let say = |text: &str| json!({ "tool": "one__say", "arguments": { "text": text } });
    let mut calls: Vec<Value> = ["plain", "", " [1, 2]\n", "null", "7", "\"quoted\"", "{\"a\":"]
        .into_iter()
        .map(say)
        .collect();
    calls.push(json!({ "tool": "one__toolerr" }));
    let all = rig.payload("callmux_parallel", &json!({ "calls": calls }));
    let results: Vec<&Value> =
        all["results"].as_array().unwrap().iter().map(|entry| &entry["result"]).collect();
    assert_eq!(
        json!(results),
        json!([
            "plain", "", [1, 2], null, 7, "quoted", "{\"a\":",
            { "error": "the tool says no", "isError": true },
        ])
    );
    assert_eq!(all["failedIndexes"], json!([7]));
}

#[test]
fn g14_a_branch_that_hangs_delays_nobody_beyond_its_limit() {
    let mut rig = Rig::new();
    let mut calls = vec![json!({ "tool": "one__say", "arguments": { "text": "well" } }); 20];
    calls[3] = json!({ "tool": "one__hold", "arguments": { "key": "never" }, "timeoutMs": 200 });
    let all = rig.payload("callmux_parallel", &json!({ "calls": calls }));
    assert_eq!((&all["succeeded"], &all["failedIndexes"]), (&json!(19), &json!([3])));
    timed_out(&all["results"][3], "hold");
    rig.wait_for_cancels("one", 1);
}
