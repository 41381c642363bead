//! A client of 2026-07-28 gets the same from the same tools, in the words of its era.

use serde_json::{Value, json};

use super::rig::Rig;
use crate::support::Http;

fn result(http: &mut Http, tool: &str, arguments: &Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    let result = http.modern("tools/call", &params, &[]).json()["result"].clone();
    assert_eq!(result["resultType"], "complete", "{tool}: {result}");
    result
}

#[test]
fn every_result_is_one_of_its_era() {
    let rig = Rig::new();
    let mut http = Http::tcp(&rig.daemon);
    let list = http.modern("tools/list", &json!({}), &[]).json()["result"].clone();
    let tools = list["tools"].as_array().unwrap();
    assert!(tools.iter().any(|tool| tool["name"] == "callmux_parallel"), "{list}");

    let say = json!({ "tool": "one__say", "arguments": { "text": "hello" } });
    let several = result(&mut http, "callmux_parallel", &json!({ "calls": [say, say] }));
    let results = &several["structuredContent"]["results"];
    assert_eq!((&results[0]["result"], &results[1]["result"]), (&json!("hello"), &json!("hello")));

    let single = result(&mut http, "callmux_call", &say);
    assert_eq!(single["content"][0]["text"], "hello");
    let steps =
        json!({ "steps": [say, { "tool": "two__say", "inputMapping": { "text": "$text" } }] });
    let pipeline = result(&mut http, "callmux_pipeline", &steps);
    assert_eq!(pipeline["structuredContent"]["finalResult"], "hello");

    let error = result(&mut http, "callmux_call", &json!({ "tool": 7 }));
    assert_eq!(
        (&error["isError"], &error["structuredContent"]["error"]["code"]),
        (&json!(true), &json!("invalid_arguments"))
    );
    let absent = result(&mut http, "callmux_call", &json!({ "tool": "nowhere__at_all" }));
    assert_eq!(absent["structuredContent"]["error"]["code"], "tool_not_found");
}
