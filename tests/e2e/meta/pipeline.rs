//! H: `callmux_pipeline`.

use serde_json::{Value, json};

use super::rig::{Rig, masked, text};
use crate::support::CANARY;

fn steps(rig: &mut Rig, steps: &Value) -> Value {
    rig.payload("callmux_pipeline", &json!({ "steps": steps }))
}

#[test]
fn h01_arguments_come_from_results_before() {
    let mut rig = Rig::new();
    let first = json!({ "id": 7, "items": [{ "name": "a b" }], "odd.key": true });
    for (expression, expected) in [
        (json!("$text"), json!(first.to_string())),
        (json!("$json"), first.clone()),
        (json!("$json.id"), json!(7)),
        (json!("$json.items.0.name"), json!("a b")),
        (json!("$json.items[0].name"), json!("a b")),
        (json!("$json[\"odd.key\"]"), json!(true)),
        (json!("$result.content[0].type"), json!("text")),
        (json!("$steps[0].json.id"), json!(7)),
        (json!("$steps.0.text"), json!(first.to_string())),
        (json!("plain"), json!("plain")),
        (json!("$5.00"), json!("$5.00")),
        (json!(""), json!("")),
        (json!({ "from": "$json.none", "default": [1] }), json!([1])),
        (json!({ "from": "$json.id", "default": [1] }), json!(7)),
    ] {
        let all = steps(
            &mut rig,
            &json!([
                { "tool": "one__echo", "arguments": first },
                { "tool": "two__echo", "arguments": { "a": "overwritten", "b": 2 }, "inputMapping": { "a": expression } },
            ]),
        );
        assert_eq!(all["finalResult"], json!({ "b": 2, "a": expected }), "{expression}");
    }
    let all = steps(
        &mut rig,
        &json!([
            { "tool": "one__structured" },
            { "tool": "one__echo", "inputMapping": { "a": "$structured.field[0]", "b": "$json.field", "c": "$text" } },
        ]),
    );
    assert_eq!(all["finalResult"], json!({ "a": 7, "b": [7], "c": "one field" }));
}

#[test]
fn h02_a_mapping_that_leads_nowhere_says_why() {
    let mut rig = Rig::new();
    for (before, expression, reason) in [
        (Some("plain"), "$json", "previous_result_not_json"),
        (Some("plain"), "$json.a", "previous_result_not_json"),
        (Some("{\"a\":1}"), "$json.b", "path_not_found"),
        (Some("[1]"), "$json[1]", "path_not_found"),
        (Some("[1]"), "$structured", "path_not_found"),
        (Some("[1]"), "$steps[5].json", "no_previous_result"),
        (None, "$json.a", "no_previous_result"),
    ] {
        let mut list: Vec<Value> = before
            .iter()
            .map(|text| json!({ "tool": "one__say", "arguments": { "text": text } }))
            .collect();
        list.push(json!({ "tool": "one__echo", "inputMapping": { "x": expression } }));
        let all = steps(&mut rig, &json!(list));
        let last = all["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(
            last["skippedMappings"],
            json!([{ "argument": "x", "expression": expression, "reason": reason }])
        );
        assert_eq!((&all["status"], &all["finalResult"]), (&json!("completed"), &json!({})));
        assert!(last["mappedArguments"].is_null());
    }
}

#[test]
fn h03_a_step_whose_mapping_must_lead_somewhere_is_not_run() {
    let mut rig = Rig::new();
    let mapping = json!({ "y": "$text", "x": "$json.none" });
    let all = steps(
        &mut rig,
        &json!([
            { "tool": "one__say", "arguments": { "text": "{}" } },
            { "tool": "one__mutate", "inputMapping": mapping, "onMappingMissing": "fail" },
            { "tool": "one__ping" },
        ]),
    );
    assert_eq!(
        masked(all),
        json!({
            "status": "failed", "failedStep": 1,
            "steps": [
                { "step": 0, "tool": "one__say", "result": {}, "durationMs": 0 },
                {
                    "step": 1, "tool": "one__mutate", "mappedArguments": { "y": "{}" },
                    "skippedMappings": [{ "argument": "x", "expression": "$json.none", "reason": "path_not_found" }],
                    "error": "required inputMapping failed", "durationMs": 0,
                },
            ],
            "totalDurationMs": 0,
        })
    );
    assert_eq!(rig.executed(), ["say"]);
}

#[test]
fn h04_a_step_that_fails_ends_the_pipeline() {
    let mut rig = Rig::new();
    let unknown = json!({ "code": "server_not_found", "server": "three", "availableServers": ["one", "two"] });
    let refused = json!({
        "code": "tool_call_failed", "tool": "one__fail", "jsonrpcCode": -32050, "data": { "why": "asked to" },
    });
    for (step, told) in [
        (
            json!({ "tool": "one__toolerr" }),
            json!({ "result": { "error": "the tool says no", "isError": true } }),
        ),
        (json!({ "tool": "one__fail" }), json!({ "error": "it failed", "details": refused })),
        (
            json!({ "tool": "ping", "server": "three" }),
            json!({ "error": "there is no server `three`", "details": unknown }),
        ),
    ] {
        let all =
            steps(&mut rig, &json!([{ "tool": "two__ping" }, step, { "tool": "two__mutate" }]));
        let mut failed = json!({ "step": 1, "tool": step["tool"], "durationMs": 0 });
        failed.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
        let ping = json!({ "step": 0, "tool": "two__ping", "result": "pong", "durationMs": 0 });
        let expected = json!({ "status": "failed", "failedStep": 1, "steps": [ping, failed], "totalDurationMs": 0 });
        assert_eq!(masked(all), expected);
    }
    let reference = json!({ "x": { "$file": "none.txt" } });
    let all = steps(&mut rig, &json!([{ "tool": "two__mutate", "arguments": reference }]));
    assert_eq!(all["steps"][0]["details"]["code"], "argument_resolution_failed", "{all}");
    assert!(!rig.executed().contains(&"mutate".to_owned()));
}

#[test]
fn h05_what_was_mapped_is_told() {
    let mut rig = Rig::new();
    let all = steps(
        &mut rig,
        &json!([
            { "tool": "one__say", "arguments": { "text": "[1,{\"a\":2}]" } },
            { "tool": "one__echo", "arguments": { "own": 1 }, "inputMapping": { "x": "$json[1]", "y": "lit" } },
        ]),
    );
    let step = json!({
        "step": 1, "tool": "one__echo", "mappedArguments": { "x": { "a": 2 }, "y": "lit" },
        "result": { "own": 1, "x": { "a": 2 }, "y": "lit" }, "durationMs": 0,
    });
    assert_eq!(masked(all)["steps"][1], step);
}

#[test]
fn h06_what_is_mapped_is_never_a_reference() {
    let mut rig = Rig::new();
    rig.sandbox.watch.excuse("the file one.log", "arguments", "the server wrote down what it got");
    rig.sandbox.write("secret.txt", CANARY);
    rig.sandbox.write("inner.txt", r#"{"$file":"secret.txt"}"#);
    let all = steps(
        &mut rig,
        &json!([
            { "tool": "one__say", "arguments": { "text": { "$file": "inner.txt" } } },
            {
                "tool": "one__echo", "arguments": { "own": { "$file": "secret.txt" } },
                "inputMapping": { "object": "$json", "text": "$text", "literal": "{\"$file\":\"secret.txt\"}" },
            },
        ]),
    );
    let (object, words) = (json!({ "$file": "secret.txt" }), r#"{"$file":"secret.txt"}"#);
    assert_eq!(
        all["finalResult"],
        json!({ "own": CANARY, "object": object, "text": words, "literal": words })
    );
    let first = rig.call("one__say", &json!({ "text": { "$file": "inner.txt" } }));
    assert_eq!(text(&first), words);
}

#[test]
fn h07_the_last_result_stands_by_itself() {
    let mut rig = Rig::new();
    let all = steps(
        &mut rig,
        &json!([
            { "tool": "say", "server": "two", "text": "flat" },
            { "tool": "one__say", "cwd": "/tmp", "arguments": {}, "inputMapping": { "text": "$text" } },
        ]),
    );
    assert_eq!(all["warnings"][0]["code"], "auto_wrapped_flat_steps");
    assert_eq!(all["warnings"][1]["code"], "cwd_ignored");
    let mut all = masked(all);
    all.as_object_mut().unwrap().remove("warnings");
    assert_eq!(
        all,
        json!({
            "status": "completed",
            "steps": [
                { "step": 0, "tool": "say", "result": "flat", "durationMs": 0 },
                { "step": 1, "tool": "one__say", "mappedArguments": { "text": "flat" }, "result": "flat", "durationMs": 0 },
            ],
            "finalResult": "flat", "totalDurationMs": 0,
        })
    );
}

#[test]
fn a_step_has_a_limit_of_its_own() {
    let mut rig = Rig::new();
    let hold = json!({ "tool": "one__hold", "arguments": { "key": "never" }, "timeoutMs": 60 });
    let all = steps(&mut rig, &json!([hold, { "tool": "one__mutate" }]));
    assert_eq!((&all["status"], &all["failedStep"]), (&json!("failed"), &json!(0)));
    rig.wait_for_cancels("one", 1);
    assert_eq!(rig.executed(), ["hold"]);
}
