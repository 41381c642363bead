//! What is not ours passes through byte for byte, and in order.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Daemon, Http, Lines, Sandbox, hostile};

/// JSON texts, with all that a model of JSON loses: order, doubled keys, numbers beyond 2^53, odd
/// escapes, lone surrogates, white space.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        Just("1e400".to_owned()),
        Just("9007199254740993".to_owned()),
        Just(r#""\ud800""#.to_owned()),
        Just(r#""\u0041\/\n""#.to_owned()),
        "\"[ a-zA-Zé😀\u{2028}]{0,12}\"",
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let member =
            ("\"[a-zé]{0,4}\"", inner.clone()).prop_map(|(key, value)| format!("{key} :{value}"));
        prop_oneof![
            proptest::collection::vec(inner, 0..5)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            proptest::collection::vec(member, 0..5)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

fn cases() -> TestRunner {
    TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() })
}

/// What `mirror` returns as its result, taken out of the response as text.
fn mirrored<'a>(response: &'a str, id: &str) -> &'a str {
    let head = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"#);
    response
        .strip_prefix(&head)
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or_else(|| panic!("{response}"))
}

#[test]
fn requests_and_results_pass_unchanged() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let daemon = Daemon::with(&sandbox, &[("h", &[path.to_str().unwrap()])]);
    let bridge = RefCell::new(Lines::bridge(&sandbox));
    let inline = RefCell::new(Lines::inline(&sandbox, &[path.to_str().unwrap()]));
    let http = RefCell::new(Http::unix(&daemon).legacy(&json!({})));
    let strategy = (any_json(), any_json(), "[a-z]{1,8}");
    cases()
        .run(&strategy, |(value, extra, id)| {
            let body = |tool: &str, id: &str| {
                format!(
                    r#"{{ "x-top":{extra}, "id":"{id}","params" : {{"zz":{extra},"arguments":{{"value":{value} }},"name":"{tool}","_meta":{{"a/b":{extra}}}}},"method":"tools/call","jsonrpc":"2.0"}}"#
                )
            };
            let id = format!("\"{id}\"");
            let plain = id.trim_matches('"');
            // A result is an object, and these two are how some languages write an empty one.
            let is_empty = value == "null" || value.strip_prefix('[').is_some_and(|it| it.trim() == "]");
            let expected = if is_empty { "{}" } else { value.as_str() };
            for (client, tool) in [(&bridge, "h__mirror"), (&inline, "mirror")] {
                client.borrow_mut().write(&body(tool, plain));
                let line = client.borrow().next();
                prop_assert_eq!(mirrored(&line, &id), expected);
            }
            let answer = http.borrow_mut().post(&body("h__mirror", plain), &[]).message();
            prop_assert_eq!(mirrored(&answer, &id), expected);

            // And what the server received, but for the id and the name.
            let reply = http.borrow_mut().post(&body("h__received", plain), &[]).json();
            let received = reply["result"]["content"][0]["text"].as_str().unwrap();
            let own_id = received.split(r#""id":"#).nth(1).unwrap().split(',').next().unwrap();
            prop_assert!(own_id.parse::<u64>().is_ok(), "{}", received);
            prop_assert_eq!(received.replacen(&format!(r#""id":{own_id}"#), &format!(r#""id":{id}"#), 1), body("received", plain));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_megabyte_passes_unchanged() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let daemon = Daemon::with(&sandbox, &[("h", &[path.to_str().unwrap()])]);
    let value = format!(
        r#"{{"content":[{{"type":"text","text":"{}"}}],"n":1e400}}"#,
        "é\\n".repeat(1 << 18)
    );
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"h__mirror","arguments":{{"value":{value}}}}}}}"#
    );
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    let mut bridge = Lines::bridge(&sandbox);
    for _ in 0..5 {
        assert!(mirrored(&http.post(&body, &[]).message(), "1") == value);
        bridge.write(&body);
        assert!(mirrored(&bridge.next(), "1") == value);
    }
}

#[test]
fn a_body_on_several_lines_reaches_the_server_on_one() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let daemon = Daemon::with(&sandbox, &[("h", &[path.to_str().unwrap()])]);
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    let body = "{\n\"jsonrpc\":\"2.0\",\r\n\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"h__mirror\",\n\"arguments\":{\"value\":{\"a\":\n1}}}}";
    assert_eq!(mirrored(&http.post(body, &[]).message(), "1"), "{\"a\": 1}");
}

#[test]
fn progress_arrives_in_order_and_before_its_result() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let daemon = Daemon::with(&sandbox, &[("h", &[path.to_str().unwrap()])]);
    let mut bridge = Lines::bridge(&sandbox);
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    let expected: Vec<u64> = (0..50).collect();
    let number = |text: &str| -> Value {
        serde_json::from_str::<Value>(text).unwrap()["params"]["progress"].clone()
    };
    for run in 0..200 {
        let params = json!({ "name": "h__progress", "_meta": { "progressToken": run } });
        if run % 2 == 0 {
            let id = bridge.send("tools/call", &params);
            let lines: Vec<String> = (0..51).map(|_| bridge.next()).collect();
            let seen: Vec<u64> =
                lines[..50].iter().map(|line| number(line).as_u64().unwrap()).collect();
            assert_eq!(seen, expected, "run {run}");
            assert!(lines[50].contains(&format!(r#""id":{id}"#)), "run {run}");
        } else {
            let events = http.request("tools/call", &params).events();
            let seen: Vec<u64> =
                events[..50].iter().map(|event| number(event).as_u64().unwrap()).collect();
            assert_eq!((seen, events.len()), (expected.clone(), 51), "run {run}");
        }
    }
}
