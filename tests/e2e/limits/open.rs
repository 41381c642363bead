//! `in_flight`: how many calls of one user may be open at once.

use serde_json::{Value, json};

use crate::access::Holder;
use crate::support::raw;
use crate::support::speaker::{Era, Speaker};
use crate::support::wires::Streamable;
use crate::support::{Daemon, Http, Lines, Sandbox, until};
use crate::turns::{expect_load, gated, has_come, open, start, wait_for};

const TWO: &str = "[access.limits]\nin_flight = 2";

/// Which of the calls has come.
fn come<'a>(sandbox: &Sandbox, names: &[&'a str]) -> Vec<&'a str> {
    names.iter().copied().filter(|name| has_come(sandbox, name)).collect()
}

#[test]
fn one_more_waits_until_one_ends_whatever_session_it_is_of() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, TWO);
    let (mut one, mut other) = (Lines::bridge(&sandbox), Lines::bridge(&sandbox));
    let begin =
        |client: &mut Lines, name: &str| client.start_call("x__gated", &gated(&sandbox, name));
    let first = begin(&mut one, "first");
    let second = begin(&mut other, "second");
    wait_for(&sandbox, "first");
    wait_for(&sandbox, "second");
    let third = begin(&mut one, "third");
    let cancelled = begin(&mut one, "cancelled");
    let fourth = begin(&mut other, "fourth");
    // What needs no server is answered, and so are calls of our own tools.
    assert!(one.request("ping", &json!({}))["result"].is_object());
    assert!(other.call("callmux_status", &json!({}))["result"]["content"].is_array());
    expect_load(&daemon, (2, 0));
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": cancelled } });
    one.write(&cancel.to_string());
    daemon.wait_for("call_finished", |fact| fact["outcome"] == "cancelled");

    let rest = ["third", "fourth", "cancelled"];
    open(&sandbox, "first");
    assert!(one.answer(first)["result"]["content"].is_array());
    until("one of the others", || (!come(&sandbox, &rest).is_empty()).then_some(()));
    expect_load(&daemon, (2, 0));
    assert_eq!(come(&sandbox, &rest).len(), 1);
    open(&sandbox, "second");
    assert!(other.answer(second)["result"]["content"].is_array());
    wait_for(&sandbox, "third");
    wait_for(&sandbox, "fourth");
    open(&sandbox, "third");
    open(&sandbox, "fourth");
    assert!(one.answer(third)["result"]["content"].is_array());
    assert!(other.answer(fourth)["result"]["content"].is_array());
    assert!(!has_come(&sandbox, "cancelled"));
    expect_load(&daemon, (0, 0));
}

#[test]
fn who_goes_leaves_their_places_to_others() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "[access.limits]\nin_flight = 1");
    let mut gone = Lines::bridge(&sandbox);
    gone.start_call("x__gated", &gated(&sandbox, "first"));
    wait_for(&sandbox, "first");
    gone.start_call("x__gated", &gated(&sandbox, "second"));
    let mut stays = Lines::bridge(&sandbox);
    let third = stays.start_call("x__gated", &gated(&sandbox, "third"));
    expect_load(&daemon, (1, 0));
    gone.finish();
    wait_for(&sandbox, "third");
    open(&sandbox, "third");
    assert!(stays.answer(third)["result"]["content"].is_array());
    assert!(!has_come(&sandbox, "second"));
}

#[test]
fn who_waited_in_vain_is_told_when_to_come_again() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "[access.limits]\nin_flight = 1");
    let mut client = Lines::bridge(&sandbox);
    let first = client.start_call("x__gated", &gated(&sandbox, "first"));
    wait_for(&sandbox, "first");
    let late = json!({ "tool": "x__gated", "arguments": gated(&sandbox, "late"), "timeoutMs": 50 });
    let answer = client.call("callmux_parallel", &json!({ "calls": [late, late] }));
    let told = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(told.matches("rate_limited").count(), 2, "each item: {told}");
    for part in ["access.limits.in_flight", "retry_after_seconds", "try again in 5 s"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!has_come(&sandbox, "late"));
    daemon.wait_for_count("call_finished", 2, |fact| {
        fact["outcome"] == "limited" && fact["reason"].as_str().unwrap().contains("in_flight")
    });
    open(&sandbox, "first");
    client.answer(first);
}

#[test]
fn the_limit_follows_the_config_and_counts_what_was_begun_before() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, TWO);
    let mut client = Lines::bridge(&sandbox);
    let names = ["c0", "c1", "c2", "c3", "c4"];
    let ids: Vec<u64> =
        names.map(|name| client.start_call("x__gated", &gated(&sandbox, name))).to_vec();
    until("two", || (come(&sandbox, &names).len() == 2).then_some(()));
    let path = "config/callmux/config.toml";
    let text = std::fs::read_to_string(sandbox.path(path)).unwrap();
    let before = daemon.count("config_reloaded", |_| true);
    sandbox.write(path, &text.replace("in_flight = 2", "in_flight = 3"));
    until("three", || (come(&sandbox, &names).len() == 3).then_some(()));
    // It is told after it holds.
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    sandbox.write(path, &text.replace("in_flight = 2", "in_flight = 1"));
    daemon.wait_for_count("config_reloaded", before + 2, |_| true);
    // Two end, and nobody takes their places.
    for name in &come(&sandbox, &names)[..2] {
        open(&sandbox, name);
    }
    expect_load(&daemon, (1, 0));
    assert_eq!(come(&sandbox, &names).len(), 3);
    sandbox.write(path, &text.replace("[access.limits]\nin_flight = 2", ""));
    until("all", || (come(&sandbox, &names).len() == 5).then_some(()));
    for name in names {
        open(&sandbox, name);
    }
    for id in ids {
        assert!(client.answer(id)["result"]["content"].is_array());
    }
}

#[test]
fn a_call_keeps_its_place_while_its_client_is_asked() {
    let sandbox = Sandbox::new();
    let every = crate::support::every().display().to_string();
    sandbox.write(
        "config/callmux/config.toml",
        &format!(
            "[access.limits]\nin_flight = 1\n[servers.every]\ncommand = {every:?}\nargs = [\"--legacy\"]\n"
        ),
    );
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut client = Speaker::greet(Box::new(Streamable::tcp(&daemon, true)), Era::Modern).unwrap();
    let asked = client.call("every__elicit", "{}").unwrap();
    let state = raw::text(&asked, &["requestState"]);
    let mut other = Lines::bridge(&sandbox);
    let second = json!({ "tool": "every__echo", "arguments": {}, "timeoutMs": 50 });
    let told = other.call("callmux_call", &second).to_string();
    assert!(told.contains("rate_limited"), "{told}");
    let answer = r#""inputResponses":{"question":{"action":"decline"}}"#;
    let params = format!(r#""name":"every__elicit","requestState":"{state}",{answer}"#);
    let done = client.request("tools/call", &params).unwrap();
    assert!(done.contains(r#""answer":{"action":"decline"}"#), "{done}");
    let id = other.send("prompts/get", &json!({ "name": "every__greet" }));
    let told = other.take("the prompt", |line| line.contains(&format!(r#""id":{id},"#)));
    assert!(!told.contains("rate_limited"), "{told}");
}

/// Ten users of a server that takes one call at a time. One of them floods it from several sessions.
#[test]
fn one_who_floods_a_server_keeps_nine_others_waiting_for_one_call_each_at_most() {
    let sandbox = Sandbox::new();
    let token = |name: &str| {
        let output = sandbox.command().args(["token", "new", name]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let path = crate::support::hostile();
    let text = crate::support::config(&[("x", &[path.to_str().unwrap(), "calm"])]);
    sandbox.write("config/callmux/config.toml", &format!("{text}max_concurrency = 1\n"));
    let tokens: Vec<String> = (0..10).map(|number| token(&format!("t{number}"))).collect();
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);

    let begin = |token: &str, name: &str| {
        let mut holder = Holder::new(Http::tcp(&daemon), token);
        let params = json!({ "name": "x__gated", "arguments": gated(&sandbox, name) });
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
        holder.http.start_post(&body.to_string(), &[("Authorization", &holder.proof)]);
        holder
    };
    let mut names = vec!["flood0".to_owned()];
    let mut holders = vec![begin(&tokens[0], "flood0")];
    wait_for(&sandbox, "flood0");
    for number in 1..16 {
        names.push(format!("flood{number}"));
        holders.push(begin(&tokens[0], &names[number]));
    }
    expect_load(&daemon, (1, 15));
    for (number, token) in tokens.iter().enumerate().skip(1) {
        names.push(format!("polite{number}"));
        holders.push(begin(token, names.last().unwrap()));
    }
    expect_load(&daemon, (1, 24));

    let (mut order, mut open_now) = (Vec::new(), "flood0".to_owned());
    while order.len() + 1 < names.len() {
        open(&sandbox, &open_now);
        let is_new = |name: &&String| {
            **name != "flood0" && !order.contains(*name) && has_come(&sandbox, name)
        };
        open_now = until("the next call", || names.iter().find(is_new).cloned());
        order.push(open_now.clone());
    }
    open(&sandbox, &open_now);
    let polite = order[..10].iter().filter(|name| name.starts_with("polite")).count();
    assert_eq!(polite, 9, "after one more of the flood comes one of everybody: {order:?}");
    for mut holder in holders {
        let answer: Value = holder.http.read().json();
        assert!(answer["result"]["content"].is_array(), "{answer}");
    }
}
