//! K: how results are written.

use serde_json::{Value, json};

use super::rig::{Rig, Setup, json_text, masked, result, text};

const ROWS: &str = r#"{"tool":"one__bigarr","arguments":{"rows":20}}"#;

fn rows_call() -> Value {
    serde_json::from_str(ROWS).unwrap()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

#[test]
fn k01_payloads_are_compact_json_as_text_and_as_fields() {
    let mut rig = Rig::new();
    for (tool, arguments) in [
        ("callmux_parallel", json!({ "calls": [rows_call()] })),
        ("callmux_batch", json!({ "tool": "one__ping", "items": [{}] })),
        ("callmux_pipeline", json!({ "steps": [rows_call()] })),
        ("callmux_dry_run", rows_call()),
        ("callmux_search_tools", json!({ "query": "issue", "outputFormat": "json" })),
        ("callmux_status", json!({ "detail": true })),
        ("callmux_cache_clear", json!({})),
    ] {
        let found = rig.call(tool, &arguments);
        let said = json_text(&found);
        assert_eq!(said, found["structuredContent"], "{tool}");
        assert!(!text(&found).contains("\": ") && !text(&found).contains('\n'), "{tool}");
        assert_eq!(found["content"].as_array().unwrap().len(), 1);
    }
    let mut rig = Rig::top("structured_content = false");
    let found = rig.call("callmux_batch", &json!({ "tool": "one__ping", "items": [{}] }));
    assert!(found["structuredContent"].is_null() && json_text(&found)["succeeded"] == 1);
    let refused = rig.call("callmux_batch", &json!({}));
    assert!(refused["structuredContent"].is_null() && refused["isError"] == true);
}

/// anthropics/claude-code#79944: where a result has `structuredContent`, a model is shown nothing else.
#[test]
fn a_client_that_shows_a_model_one_form_gets_one() {
    for (name, is_there) in [("claude-code", false), ("codex-mcp-client", true)] {
        let rig = Rig::new();
        let mut client = rig.client(name);
        for (tool, arguments) in [
            ("callmux_search_tools", json!({ "query": "issue" })),
            ("callmux_dry_run", json!({ "tool": "one__ping" })),
            ("callmux_call", json!({ "tool": "no__such" })),
        ] {
            let answer = client.call(tool, &arguments);
            let result = &answer["result"];
            assert_eq!(result["structuredContent"].is_object(), is_there, "{name}: {answer}");
            assert!(result["content"][0]["text"].is_string(), "{name}: {answer}");
        }
    }
}

#[test]
fn k02_toon_is_for_everybody_or_for_one_call_and_fields_stay() {
    let calls = json!({ "calls": [rows_call()] });
    let mut with_format = calls.clone();
    with_format["outputFormat"] = json!("toon");
    let (mut json_rig, mut toon_rig) = (Rig::new(), Rig::top("output_format = \"toon\""));
    for found in
        [json_rig.call("callmux_parallel", &with_format), toon_rig.call("callmux_parallel", &calls)]
    {
        assert!(!is_json(text(&found)), "{}", text(&found));
        assert!(text(&found).contains("status: completed") && text(&found).contains("[20]{id"));
        assert_eq!(found["structuredContent"]["results"][0]["result"][19]["id"], 19);
    }
    with_format["outputFormat"] = json!("json");
    assert!(is_json(text(&toon_rig.call("callmux_parallel", &with_format))));
    assert!(is_json(text(&json_rig.call("callmux_parallel", &calls))));
}

#[test]
fn k03_auto_is_toon_where_that_is_clearly_shorter() {
    let mut rig = Rig::top("output_format = \"auto\"");
    let mut check = |rows: u64, is_toon: bool| {
        let call = json!({ "tool": "one__bigarr", "arguments": { "rows": rows } });
        let found = rig.call("callmux_call", &call);
        assert_eq!(!is_json(text(&found)), is_toon, "{rows}: {}", text(&found));
        let all = rig.call("callmux_parallel", &json!({ "calls": [call] }));
        assert_eq!(masked(all["structuredContent"].clone())["succeeded"], 1);
    };
    check(0, false);
    check(2, false);
    check(50, true);
    let status = rig
        .call("callmux_call", &json!({ "tool": "one__say", "arguments": { "text": "{\"a\":1}" } }));
    assert_eq!(text(&status), "{\"a\":1}");
}

#[test]
fn k04_errors_are_json_whatever_the_format() {
    let mut rig = Rig::top("output_format = \"toon\"");
    let call = json!({ "tool": "one__none", "outputFormat": "toon" });
    assert_eq!(rig.error("callmux_call", &call)["code"], "tool_not_found");
    assert_eq!(rig.error("callmux_parallel", &json!({ "calls": 7 }))["code"], "invalid_arguments");
    let failed = rig.call("one__toolerr", &json!({}));
    assert_eq!(text(&failed), "the tool says no");
}

#[test]
fn k05_results_of_calls_are_written_in_the_clients_format() {
    let mut rig = Rig::new();
    let mut toon = rows_call();
    toon["outputFormat"] = json!("toon");
    let found = rig.call("callmux_call", &toon);
    assert!(text(&found).starts_with("[20]{id"), "{}", text(&found));
    assert!(found["structuredContent"].is_null());
    // What is no JSON stays as it is.
    let plain =
        json!({ "tool": "one__say", "arguments": { "text": "a: 1" }, "outputFormat": "toon" });
    assert_eq!(text(&rig.call("callmux_call", &plain)), "a: 1");

    let mut rig = Rig::top("output_format = \"toon\"");
    let direct = rig.call("one__bigarr", &json!({ "rows": 20 }));
    assert_eq!(direct, found);
    let image = rig.call("one__image", &json!({}));
    assert_eq!(image["content"][1]["text"], "a picture");
}

#[test]
fn k06_numbers_keep_their_digits() {
    let mut rig = Rig::new();
    let digits = r#""id":12345678901234567890,"n":9007199254740993,"x":1.10"#;
    let escaped = digits.replace('"', "\\\"");
    for (tool, arguments) in [
        ("one__bigint", json!({})),
        ("callmux_call", json!({ "tool": "one__bigint" })),
        ("callmux_parallel", json!({ "calls": [{ "tool": "one__bigint" }] })),
        (
            "callmux_pipeline",
            json!({ "steps": [
            { "tool": "one__bigint" }, { "tool": "one__echo", "inputMapping": { "big": "$json" } },
        ] }),
        ),
    ] {
        let id = rig.client.start_call(tool, &arguments);
        let line =
            rig.client.take("the answer", |line| line.contains(&format!("\"id\":{id},\"result")));
        assert!(line.contains(digits) && line.contains(&escaped), "{tool}: {line}");
    }
    let piped = rig.log("one");
    assert_eq!(piped.last().unwrap()["arguments"]["big"]["id"], 12_345_678_901_234_567_890_u64);
}

#[test]
fn k07_results_with_an_output_schema_keep_to_it() {
    for top in ["max_result = \"1KiB\"", "output_format = \"toon\"", "output_format = \"auto\""] {
        let mut rig = Rig::of(Setup { top, ..Setup::default() });
        let direct = rig.call("one__typed", &json!({ "rows": 200 }));
        assert_eq!(direct["structuredContent"]["rows"].as_array().unwrap().len(), 200, "{top}");
        assert_eq!(json_text(&direct), direct["structuredContent"], "{top}");
        let mut http = crate::support::Http::tcp(&rig.daemon).legacy(&json!({}));
        let same = result(&http.call("one__typed", &json!({ "rows": 200 })).json());
        assert_eq!(same, direct);
    }
}
