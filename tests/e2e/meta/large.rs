//! L: results that are too large for their client.

use serde_json::{Value, json};

use super::rig::{Rig, Setup, json_text, text};

fn is_short(result: &Value) -> bool {
    let said: Option<Value> = serde_json::from_str(text(result)).ok();
    said.is_some_and(|said| said["_callmux"]["truncated"] == true)
}

#[test]
fn l01_the_limit_is_for_everybody_a_server_or_a_tool() {
    let rows = json!({ "rows": 100 });
    let long = json!({ "text": "x".repeat(5000) });
    for (top, one, of_bigarr, of_say) in [
        ("", "", false, false),
        ("max_result = \"2KiB\"", "", true, true),
        ("max_result = \"2KiB\"", "max_result = \"1MiB\"", false, false),
        ("", "max_result = \"2KiB\"", true, true),
        ("max_result = \"0B\"", "", false, false),
        ("max_result = \"2KiB\"", "max_result = \"0B\"", false, false),
        ("max_result = \"2KiB\"", "whole_results = [\"big*\"]", false, true),
    ] {
        let mut rig = Rig::of(Setup { top, one, ..Setup::default() });
        for (tool, arguments, expected) in [("bigarr", &rows, of_bigarr), ("say", &long, of_say)] {
            let direct = rig.call(&format!("one__{tool}"), arguments);
            assert_eq!(is_short(&direct), expected, "{top} {one} {tool}");
            let call = json!({ "tool": tool, "server": "one", "arguments": arguments });
            let called = rig.call("callmux_call", &call);
            assert_eq!(is_short(&called), expected, "{top} {one} {tool}, called");
        }
    }
}

#[test]
fn l02_what_stands_for_a_large_result_says_how_to_read_it() {
    let mut rig = Rig::top("max_result = \"4KiB\"");
    let direct = rig.call("one__bigarr", &json!({ "rows": 300 }));
    assert!(direct["structuredContent"].is_null());
    let said = json_text(&direct);
    let about = &said["_callmux"];
    let keys: Vec<&String> = about.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "message",
            "originalBytes",
            "previewBytes",
            "ref",
            "retrieval",
            "server",
            "shape",
            "tool",
            "truncated",
        ]
    );
    assert_eq!((&about["tool"], &about["server"]), (&json!("one__bigarr"), &json!("one")));
    let shape = json!({ "type": "array", "total": 300, "sampleKeys": ["id", "state", "title"] });
    assert_eq!(about["shape"], shape);
    let retrieval = &about["retrieval"];
    assert_eq!(retrieval["tool"], "callmux_get_result");
    let preview = said["preview"].as_array().unwrap();
    let arguments = json!({ "ref": about["ref"], "offset": preview.len() - 1, "limit": 50 });
    assert_eq!(retrieval["arguments"], arguments);
    let page = rig.payload("callmux_get_result", &retrieval["arguments"]);
    assert_eq!((&page["total"], &page["data"][0]["id"]), (&json!(300), &json!(preview.len() - 1)));
    let page = rig.payload("callmux_get_result", &json!({ "ref": about["ref"] }));

    // The beginning is whole items, then a count of those that are missing.
    let shown = preview.len() - 1;
    assert!((10..300).contains(&shown), "{shown}");
    for (index, item) in preview[..shown].iter().enumerate() {
        assert_eq!(*item, page["data"][index]);
    }
    assert_eq!(preview[shown], json!({ "_more": { "items": 300 - shown } }));

    let long = rig.call("one__bigtext", &json!({ "lines": 400 }));
    let said = json_text(&long);
    assert_eq!(said["_callmux"]["shape"]["type"], "string");
    assert!(said["preview"].as_str().unwrap().starts_with("0: ERROR happened\n1: nothing"));
}

#[test]
fn l02_large_results_in_a_fan_out_are_kept_one_by_one() {
    let mut rig = Rig::top("max_result = \"8KiB\"");
    let call = |rows: u64| json!({ "tool": "one__bigarr", "arguments": { "rows": rows } });
    let toolerr = json!({ "tool": "one__toolerr" });
    let found = rig.call("callmux_parallel", &json!({ "calls": [call(2), call(500), toolerr] }));
    let all = json_text(&found);
    assert!(text(&found).len() < 9000, "{}", text(&found).len());
    assert_eq!(all["results"][0]["result"].as_array().unwrap().len(), 2);
    let short = &all["results"][1]["result"];
    assert_eq!(all["results"][2]["result"]["error"], "the tool says no");
    let wanted = json!({ "ref": short["_callmux"]["ref"], "offset": 499, "fields": ["id"] });
    assert_eq!(rig.payload("callmux_get_result", &wanted)["data"], json!([{ "id": 499 }]));
    let all = rig.payload(
        "callmux_pipeline",
        &json!({ "steps": [call(500), {
        "tool": "two__echo", "inputMapping": { "last": "$json[499].id" },
    }] }),
    );
    assert_eq!(all["finalResult"], json!({ "last": 499 }));
    assert!(all["steps"][0]["result"]["_callmux"]["ref"].is_string(), "{all}");
}

#[test]
fn l03_errors_and_pictures_are_left_alone() {
    let mut rig = Rig::top("max_result = \"1KiB\"");
    let picture = json!({ "bytes": 30_000 });
    for tool in ["one__image", "callmux_call"] {
        let arguments = match tool {
            "callmux_call" => json!({ "tool": "one__image", "arguments": picture }),
            _ => picture.clone(),
        };
        let found = rig.call(tool, &arguments);
        assert_eq!(found["content"][0]["data"].as_str().unwrap().len(), 40_000);
        assert_eq!(found["content"][1]["text"], "a picture");
    }
    let call = json!({ "tool": "one__image", "arguments": picture });
    let all = rig.payload("callmux_parallel", &json!({ "calls": [call] }));
    let data = all["results"][0]["result"]["content"][0]["data"].as_str().unwrap();
    assert_eq!(data.len(), 40_000);
    let long = "n".repeat(3000);
    let strict = json!({ (long): 1 });
    let refused = rig.call("one__strict", &strict);
    assert_eq!(refused["isError"], true);
    assert!(text(&refused).len() > 3000 && !is_short(&refused));
}

#[test]
fn l06_no_reply_is_longer_than_the_result_itself() {
    let mut plain = Rig::top("max_result = \"0B\"");
    let mut rig = Rig::top("max_result = \"1KiB\"");
    let mut shortened = 0;
    for rows in (10..60).step_by(3) {
        let arguments = json!({ "rows": rows });
        let whole = plain.call("one__bigarr", &arguments);
        let found = rig.call("one__bigarr", &arguments);
        let (whole, len) = (whole.to_string().len(), found.to_string().len());
        assert!(len <= whole, "{rows}: {len} > {whole}");
        shortened += usize::from(is_short(&found));
    }
    assert!(shortened > 3, "{shortened}");
    for length in [900, 1000, 1025, 1100, 1500, 3000] {
        let arguments = json!({ "text": "x".repeat(length) });
        let whole = plain.call("one__say", &arguments).to_string().len();
        let len = rig.call("one__say", &arguments).to_string().len();
        assert!(len <= whole, "{length}: {len} > {whole}");
    }
}
