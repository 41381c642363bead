//! G: many calls at the same time, their progress, and taking them back.

use serde_json::{Value, json};

use super::rig::{Rig, payload, result};
use crate::support::until;

#[test]
fn calls_of_a_parallel_run_at_the_same_time() {
    let mut rig = Rig::new();
    let call = json!({ "tool": "one__meet", "arguments": { "n": 30 } });
    let all = rig.payload("callmux_parallel", &json!({ "calls": vec![call; 30] }));
    assert_eq!((&all["succeeded"], &all["failed"]), (&json!(30), &json!(0)));
}

#[test]
fn no_more_calls_run_at_once_than_the_config_allows() {
    let mut rig = Rig::top("max_concurrency = 2\nmax_calls = 3");
    let call = |n: u64| json!({ "tool": "one__meet", "arguments": { "n": n } });
    let all = rig.payload("callmux_parallel", &json!({ "calls": [call(2), call(2)] }));
    assert_eq!(all["succeeded"], 2);
    let hold = |key: &str| json!({ "tool": "two__hold", "arguments": { "key": key } });
    let calls = json!([hold("a"), hold("b"), hold("c")]);
    let id = rig.client.start_call("callmux_parallel", &json!({ "calls": calls }));
    rig.wait_for_calls("two", "hold", 2);
    let free = rig.client.call("two__release", &json!({ "key": "a" }));
    assert_eq!(result(&free)["content"][0]["text"], "released");
    rig.wait_for_calls("two", "hold", 3);
    for key in ["b", "c"] {
        rig.call("two__release", &json!({ "key": key }));
    }
    assert_eq!(payload(&result(&rig.client.answer(id)))["succeeded"], 3);
    let order: Vec<String> = rig
        .log("two")
        .iter()
        .map(|line| {
            format!(
                "{} {}",
                line["tool"].as_str().unwrap(),
                line["arguments"]["key"].as_str().unwrap()
            )
        })
        .collect();
    // The third began only when the first was over.
    assert_eq!(order[2..4], ["release a", "hold c"]);
    let error =
        rig.error("callmux_parallel", &json!({ "calls": [call(1), call(1), call(1), call(1)] }));
    assert_eq!(error["details"]["expected"], "an array of at most 3 calls");
}

#[test]
fn a_batch_of_a_hundred_is_whole_and_in_order() {
    let mut rig = Rig::new();
    let items: Vec<Value> = (0..100).map(|n| json!({ "arguments": { "n": n } })).collect();
    let all = rig.payload("callmux_batch", &json!({ "tool": "two__echo", "items": items }));
    assert_eq!((&all["status"], &all["succeeded"]), (&json!("completed"), &json!(100)));
    for (index, entry) in all["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!((&entry["index"], &entry["result"]), (&json!(index), &json!({ "n": index })));
    }
    assert_eq!(rig.executed().len(), 100);
}

#[test]
fn a_parallel_that_is_taken_back_is_taken_back_at_the_server() {
    let mut rig = Rig::new();
    let hold = json!({ "tool": "one__hold", "arguments": { "key": "never" } });
    for tool in ["callmux_parallel", "callmux_batch", "callmux_pipeline", "callmux_call"] {
        let (calls, held) = (rig.log("one").len(), if tool == "callmux_parallel" { 3 } else { 1 });
        let arguments = match tool {
            "callmux_parallel" => json!({ "calls": [hold, hold, { "tool": "one__ping" }, hold] }),
            "callmux_batch" => json!({ "tool": "one__hold", "items": [hold["arguments"]] }),
            "callmux_pipeline" => json!({ "steps": [hold, { "tool": "one__mutate" }] }),
            _ => hold.clone(),
        };
        let count = |what: &str, rig: &Rig| {
            rig.log("one")[calls..]
                .iter()
                .filter(|line| !line[what].is_null() && line["tool"] != "ping")
                .count()
        };
        let id = rig.client.start_call(tool, &arguments);
        until("the calls", || (count("tool", &rig) == held).then_some(()));
        rig.cancel(id);
        until("the cancellations", || (count("cancelled", &rig) == held).then_some(()));
        // Nobody waits for an answer any more, and the next call is served.
        rig.call("two__ping", &json!({}));
        assert!(rig.client.waiting().iter().all(|line| !line.contains(&format!("\"id\":{id},"))));
    }
    assert!(!rig.executed().contains(&"mutate".to_owned()));
}

#[test]
fn a_client_hears_how_far_its_calls_have_come() {
    let mut rig = Rig::new();
    let ping = json!({ "tool": "one__ping" });
    for (tool, arguments) in [
        ("callmux_parallel", json!({ "calls": vec![ping.clone(); 3] })),
        ("callmux_batch", json!({ "tool": "one__ping", "items": [{}, {}, {}] })),
        ("callmux_pipeline", json!({ "steps": vec![ping; 3] })),
    ] {
        let params = json!({
            "name": tool, "arguments": arguments, "_meta": { "progressToken": tool },
        });
        let answer = rig.client.request("tools/call", &params);
        payload(&result(&answer));
        let told: Vec<Value> = (0..2)
            .map(|_| rig.client.take("progress", |line| line.contains("notifications/progress")))
            .map(|line| serde_json::from_str::<Value>(&line).unwrap()["params"].clone())
            .collect();
        let expected = |done: u64| json!({ "progressToken": tool, "progress": done, "total": 3 });
        assert_eq!(told, [expected(1), expected(2)]);
        // The official SDK for TypeScript drops the connection over one that comes right before the answer.
        assert!(rig.client.waiting().iter().all(|line| !line.contains("progress")));
    }
}
