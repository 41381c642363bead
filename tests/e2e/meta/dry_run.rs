//! H: `callmux_dry_run`.

use serde_json::{Value, json};

use super::rig::{Rig, Setup};

fn codes(item: &Value) -> Vec<&str> {
    let warnings = item["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    warnings.iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

#[test]
fn h10_the_mode_is_what_the_arguments_say() {
    let mut rig = Rig::new();
    let call = json!({ "tool": "one__echo", "arguments": { "a": 1 } });
    for (arguments, mode, place) in [
        (call.clone(), "call", "index"),
        (json!({ "calls": [call] }), "parallel", "index"),
        (json!({ "tool": "one__echo", "items": [{ "arguments": { "a": 1 } }] }), "batch", "index"),
        (json!({ "steps": [call] }), "pipeline", "step"),
        (json!({ "mode": "parallel", "calls": [call] }), "parallel", "index"),
    ] {
        let expected = json!({
            "mode": mode, "valid": true,
            "items": [{
                "source": { "mode": mode, place: 0 }, "tool": "one__echo",
                "resolved": { "server": "one", "actualTool": "echo", "qualifiedTool": "one__echo" },
                "resolvedArguments": { "a": 1 }, "resolvedArgumentBytes": 7,
                "cacheHitCandidate": false,
            }],
            "summary": {
                "totalCalls": 1, "validCalls": 1, "invalidCalls": 0, "cacheHitCandidates": 0,
                "estimatedResolvedArgumentBytes": 7, "warningCount": 0,
            },
        });
        assert_eq!(rig.payload("callmux_dry_run", &arguments), expected, "{arguments}");
    }
    for (arguments, field) in [
        (json!({}), "mode"),
        (json!({ "mode": "serial", "calls": [] }), "mode"),
        (json!({ "mode": "pipeline", "calls": [] }), "steps"),
        (json!({ "mode": "call", "tool": "one__echo", "arguments": 7 }), "arguments"),
        (json!({ "calls": [{ "tool": "one__echo", "arguments": {}, "x": 1 }] }), "calls[0].x"),
    ] {
        let error = rig.error("callmux_dry_run", &arguments);
        assert_eq!(error["code"], "invalid_arguments");
        assert_eq!(error["details"]["field"], field, "{arguments}");
    }
}

#[test]
fn h10_a_call_that_would_fail_says_why() {
    let mut rig = Rig::new();
    let strict = |arguments: Value| json!({ "tool": "one__strict", "arguments": arguments });
    let calls = json!([
        { "tool": "one__none" },
        { "tool": "ping" },
        { "tool": "ping", "server": "three" },
        strict(json!({ "n": 1 })),
        strict(json!({ "owner": "a", "n": "many" })),
        strict(json!({ "owner": "a", "tag": [] })),
        strict(json!({ "owner": { "$file": "none.txt" } })),
        strict(json!({ "owner": "a", "n": 1, "flag": true, "tags": ["x"] })),
    ]);
    let all = rig.payload("callmux_dry_run", &json!({ "calls": calls }));
    let found: Vec<&Value> =
        all["items"].as_array().unwrap().iter().map(|item| &item["error"]["code"]).collect();
    let wrong = "invalid_arguments";
    let expected = json!([
        "tool_not_found",
        "tool_resolution_failed",
        "server_not_found",
        wrong,
        wrong,
        wrong,
        "argument_resolution_failed",
        null,
    ]);
    assert_eq!(json!(found), expected);
    let (valid, invalid) = (&all["summary"]["validCalls"], &all["summary"]["invalidCalls"]);
    assert_eq!((&all["valid"], valid, invalid), (&json!(false), &json!(1), &json!(7)));
    for (index, word) in [(3, "owner"), (4, "n"), (5, "tag")] {
        let error = &all["items"][index]["error"];
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
        assert!(error["details"]["problems"][0].to_string().contains(word), "{error}");
        assert_eq!(error["details"]["inputSchema"]["required"], json!(["owner"]));
    }
    assert_eq!(rig.executed(), [""; 0]);
}

#[test]
fn h11_warnings_say_what_is_odd() {
    let mut rig = Rig::new();
    rig.sandbox.write("long.txt", &"x".repeat(5000));
    let calls = json!([
        { "tool": "one__echo", "arguments": { "a": "$json.id" } },
        { "tool": "one__echo", "arguments": { "body": { "a": 1 } } },
        { "tool": "one__say", "arguments": { "text": ["a"] } },
        { "tool": "one__strict", "arguments": { "owner": "a", "n": "7", "flag": "true" } },
        { "tool": "one__echo", "arguments": { "file": { "$file": "long.txt" } } },
    ]);
    let all = rig.payload("callmux_dry_run", &json!({ "calls": calls }));
    let items = all["items"].as_array().unwrap();
    assert_eq!(codes(&items[0]), ["literal_json_mapping"]);
    assert_eq!(items[0]["warnings"][0]["path"], "arguments.a");
    assert_eq!(codes(&items[1]), ["structured_text_field"]);
    assert_eq!(codes(&items[2]), ["client_stringifies_structured_value"]);
    assert_eq!(items[2]["warnings"][0]["path"], "arguments.text");
    assert_eq!(codes(&items[3]), ["coerced_argument", "coerced_argument"]);
    assert_eq!(items[3]["resolvedArguments"], json!({ "owner": "a", "n": 7, "flag": true }));
    // The bytes are those of the whole, of which a reader sees a part.
    assert_eq!(items[4]["resolvedArgumentBytes"], 5011);
    assert!(items[4]["resolvedArguments"].to_string().len() < 2100);
    assert_eq!(all["summary"]["warningCount"], 5);
    for warning in items.iter().filter_map(|item| item["warnings"][0].as_object()) {
        assert!(warning["message"].is_string() && warning["recommendation"].is_string());
    }
    let steps = json!([
        { "tool": "one__echo" },
        { "tool": "one__strict", "inputMapping": { "owner": "$text" }, "onMappingMissing": "fail" },
    ]);
    let all = rig.payload("callmux_dry_run", &json!({ "steps": steps }));
    let step = &all["items"][1];
    assert_eq!(codes(step), ["pipeline_mapping_not_evaluated_in_dry_run"]);
    let source = json!({
        "mode": "pipeline", "step": 1, "hasInputMapping": true, "onMappingMissing": "fail",
    });
    assert_eq!((&all["valid"], &step["source"]), (&json!(true), &source));
}

#[test]
fn h11_a_call_whose_result_is_known_is_told() {
    let mut rig = Rig::of(Setup {
        one: "cache_ttl = \"10m\"\ncache_tools = [\"counter\"]",
        ..Setup::default()
    });
    let call = json!({ "tool": "one__counter", "arguments": { "b": 1, "a": 2 } });
    let look = |rig: &mut Rig, call: &Value| {
        rig.payload("callmux_dry_run", call)["items"][0]["cacheHitCandidate"].clone()
    };
    assert_eq!(look(&mut rig, &call), false);
    rig.call("callmux_call", &call);
    let numbers =
        |rig: &mut Rig| rig.payload("callmux_status", &json!({ "detail": true }))["cache"].clone();
    let before = numbers(&mut rig);
    assert_eq!(look(&mut rig, &call), true);
    let same = json!({ "tool": "counter", "server": "one", "arguments": { "a": 2, "b": 1 } });
    assert_eq!(look(&mut rig, &same), true);
    assert_eq!(look(&mut rig, &json!({ "tool": "one__counter", "arguments": { "b": 1 } })), false);
    assert_eq!(numbers(&mut rig), before);
}

#[test]
fn h12_nothing_is_run() {
    let mut rig = Rig::new();
    let call = json!({ "tool": "one__mutate" });
    for arguments in [
        call.clone(),
        json!({ "calls": vec![call.clone(); 5] }),
        json!({ "tool": "one__mutate", "items": [{}, {}] }),
        json!({ "steps": [call, { "tool": "two__mutate", "inputMapping": { "a": "$text" } }] }),
    ] {
        assert_eq!(rig.payload("callmux_dry_run", &arguments)["valid"], true);
    }
    assert_eq!(rig.executed(), [""; 0]);
}
