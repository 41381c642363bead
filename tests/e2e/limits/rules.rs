//! Limits of single rules.

use serde_json::{Value, json};

use super::{Rig, ping};
use crate::support::Lines;

/// Pings are for a rule that lets in a few, everything else for one that bounds nothing.
const FEW_PINGS: &str = r#"
[[access.rules]]
id = "few-pings"
tools = ["one__ping"]
effect = "allow"
calls_per_minute = 1

[[access.rules]]
id = "rest"
effect = "allow"
"#;

#[test]
fn a_rule_bounds_what_it_lets_in_and_the_journal_names_it() {
    let mut rig = Rig::new(FEW_PINGS);
    let (let_in, answer) = rig.until_limited("tools/call", &ping());
    assert!(let_in >= 1, "{answer}");
    let failure = &answer["result"]["_meta"]["callmux/failure"];
    assert_eq!(
        (&failure["rule"], &failure["limit"]),
        (&json!("few-pings"), &json!("calls_per_minute"))
    );
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("calls_per_minute of the access rule few-pings"), "{text}");
    let fact = rig.daemon.wait_for("call_finished", |fact| fact["outcome"] == "limited");
    assert_eq!(fact["rule"], "few-pings", "{fact}");
    assert!(fact["reason"].as_str().unwrap().contains("calls_per_minute"), "{fact}");
    assert_eq!(rig.carried_out(), let_in);

    // What another rule lets in is not counted there, nor is the same by another user.
    for _ in 0..10 {
        let answer = rig.client.call("one__echo", &json!({ "text": "x" }));
        assert!(!answer.to_string().contains("rate_limited"), "{answer}");
    }
    // Each call of a fan-out counts for itself, and is told for itself.
    let call = |tool: &str| json!({ "tool": tool, "arguments": { "text": "made" } });
    let calls = json!({ "calls": [call("one__ping"), call("one__echo"), call("one__ping")] });
    let answer = rig.client.call("callmux_parallel", &calls);
    let results = &answer["result"]["structuredContent"]["results"];
    let limited = |at: usize| results[at]["details"]["rule"] == "few-pings";
    assert!(results[1].to_string().contains("made"), "{answer}");
    assert!(limited(2) || limited(0), "{answer}");

    // What was counted counts after a reload.
    rig.reload(&format!("max_calls = 77\n{FEW_PINGS}"));
    let mut other = Lines::bridge(&rig.sandbox);
    let again: Vec<Value> =
        (0..super::TRIES).map(|_| other.call("one__ping", &json!({}))).collect();
    assert!(again.iter().any(|answer| answer.to_string().contains("few-pings")), "{again:?}");
}

#[test]
fn the_limits_of_rules_are_told_with_the_verdict() {
    let rig =
        Rig::new(&FEW_PINGS.replace("calls_per_minute = 1", "calls_per_minute = 9\nin_flight = 2"));
    let run = |words: &[&str]| {
        let output = rig.sandbox.command().args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let told = run(&["access", "test", "--json", "one__ping", "one__echo"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let of = |at: usize, key: &str| told["verdicts"][at][key].clone();
    assert_eq!([of(0, "calls_per_minute"), of(0, "in_flight")], [json!(9), json!(2)], "{told}");
    assert_eq!([of(1, "calls_per_minute"), of(1, "in_flight")], [Value::Null, Value::Null]);
    for words in [&["access", "rules"][..], &["access", "test", "one__ping"]] {
        let told = run(words);
        assert!(told.contains("9 calls a minute at most; 2 at once at most"), "{told}");
    }
}

#[test]
fn a_rule_that_denies_has_nothing_to_count() {
    let sandbox = crate::support::Sandbox::new();
    let rule = "[[access.rules]]\neffect = \"deny\"\nin_flight = 2\n";
    sandbox.write("config/callmux/config.toml", rule);
    let output = sandbox.command().args(["config", "check"]).output().unwrap();
    let told = format!("{output:?}");
    assert!(!output.status.success() && told.contains("this one denies"), "{told}");
}
