//! N: results of calls that only read, given again.

use serde_json::{Value, json};

use super::rig::{Rig, Setup, json_text, result, text};

const CACHED: &str =
    "cache_ttl = \"10m\"\ncache_tools = [\"counter\", \"hold\", \"bigarr\", \"toolerr\", \"fail\"]";

fn rig() -> Rig {
    Rig::of(Setup { one: CACHED, ..Setup::default() })
}

/// How often the server's counter was really called, as a call of it says.
fn counted(rig: &mut Rig, tool: &str, arguments: &Value) -> u64 {
    json_text(&rig.call(tool, arguments))["calls"].as_u64().unwrap()
}

fn numbers(rig: &mut Rig) -> Value {
    rig.payload("callmux_status", &json!({ "detail": true }))["cache"].clone()
}

#[test]
fn n01_nothing_is_kept_unless_the_config_says_so() {
    let mut rig = Rig::new();
    for n in 1..4 {
        assert_eq!(counted(&mut rig, "one__counter", &json!({})), n);
    }
    assert_eq!(numbers(&mut rig)["enabled"], false);
}

#[test]
fn n01_what_is_kept_is_bounded() {
    let tail = "[cache]\nmax_entries = 2\nmax_entry = \"1KiB\"\nmax_total = \"1500B\"";
    let mut rig = Rig::of(Setup { one: CACHED, tail, ..Setup::default() });
    let call = |rig: &mut Rig, n: u64| counted(rig, "one__counter", &json!({ "n": n }));
    let (first, second) = (call(&mut rig, 1), call(&mut rig, 2));
    // The one that was used last stays when a third comes.
    assert_eq!(call(&mut rig, 1), first);
    call(&mut rig, 3);
    assert_eq!(call(&mut rig, 1), first);
    assert!(call(&mut rig, 2) > second);
    let cache = numbers(&mut rig);
    assert_eq!((&cache["entries"], &cache["maxEntries"]), (&json!(2), &json!(2)));

    let large = json!({ "rows": 100 });
    for _ in 0..2 {
        rig.call("one__bigarr", &large);
    }
    assert_eq!(rig.executed().iter().filter(|tool| *tool == "bigarr").count(), 2);
    rig.call("one__bigarr", &json!({ "rows": 12 }));
    assert!(numbers(&mut rig)["storedBytes"].as_u64().unwrap() <= 1500);
}

#[test]
fn n01_results_grow_old() {
    let mut rig = Rig::of(Setup {
        one: "cache_ttl = \"40ms\"\ncache_tools = [\"counter\"]",
        ..Setup::default()
    });
    let first = counted(&mut rig, "one__counter", &json!({}));
    crate::support::until("its end", || {
        (counted(&mut rig, "one__counter", &json!({})) > first).then_some(())
    });
}

#[test]
fn n02_only_what_is_known_to_read_is_kept() {
    let hint = "cache_ttl = \"10m\"";
    for (keys, is_kept) in [
        (hint.to_owned(), false),
        (format!("{hint}\ntrusted = true"), true),
        (format!("{hint}\ncache_tools = [\"count*\"]"), true),
        (format!("{hint}\ncache_tools = [\"*\"]\nno_cache_tools = [\"counter\"]"), false),
        (format!("{hint}\ntrusted = true\nno_cache_tools = [\"c*\"]"), false),
        ("cache_tools = [\"counter\"]".to_owned(), false),
    ] {
        let mut rig = Rig::of(Setup { one: &keys, ..Setup::default() });
        counted(&mut rig, "one__counter", &json!({}));
        let again = counted(&mut rig, "one__counter", &json!({}));
        assert_eq!(again == 1, is_kept, "{keys}");
        for _ in 0..2 {
            rig.call("one__mutate", &json!({}));
        }
        let mutations = rig.executed().iter().filter(|tool| *tool == "mutate").count();
        assert_eq!(mutations == 1, keys.contains("[\"*\"]"), "{keys}");
    }
}

#[test]
fn n03_errors_are_not_kept() {
    let mut rig = rig();
    for _ in 0..2 {
        rig.call("one__toolerr", &json!({}));
        let failed = rig.client.call("one__fail", &json!({}));
        assert_eq!(failed["error"]["code"], -32050);
    }
    assert_eq!(rig.executed(), ["toolerr", "fail", "toolerr", "fail"]);
    assert_eq!(numbers(&mut rig)["entries"], 0);
}

#[test]
fn n04_the_same_call_at_the_same_time_is_sent_once() {
    let mut rig = rig();
    let mut other = rig.client("other");
    let key = json!({ "key": "k" });
    let first = rig.client.start_call("one__hold", &key);
    rig.wait_for_calls("one", "hold", 1);
    let call = json!({ "tool": "hold", "server": "one", "arguments": key });
    let meta = other.start_call("callmux_parallel", &json!({ "calls": [call, call] }));
    crate::support::until("those who wait", || (numbers(&mut rig)["coalesced"] == 2).then_some(()));
    assert_eq!(numbers(&mut rig)["inFlight"], 1);
    rig.call("one__release", &key);
    assert_eq!(text(&result(&rig.client.answer(first))), "met");
    let all = json_text(&result(&other.answer(meta)));
    assert_eq!(all["results"][1]["result"], "met");
    assert_eq!(rig.executed(), ["hold", "release"]);
}

#[test]
fn n04_who_waits_goes_on_without_the_one_who_asked_first() {
    let mut rig = rig();
    let mut other = rig.client("other");
    let key = json!({ "key": "k" });
    let first = rig.client.start_call("one__hold", &key);
    rig.wait_for_calls("one", "hold", 1);
    let second = other.start_call("one__hold", &key);
    crate::support::until("the one who waits", || {
        (numbers(&mut rig)["coalesced"] == 1).then_some(())
    });
    rig.cancel(first);
    // The call is taken back with the one who made it, and made again for the one who waits.
    rig.wait_for_cancels("one", 1);
    rig.wait_for_calls("one", "hold", 2);
    rig.call("one__release", &key);
    assert_eq!(text(&result(&other.answer(second))), "met");
    assert_eq!(rig.executed(), ["hold", "hold", "release"]);
}

#[test]
fn n05_equivalent_calls_by_any_name_share_a_result() {
    let mut rig = rig();
    let first = counted(&mut rig, "one__counter", &json!({ "a": 1, "b": { "c": 2, "d": [3] } }));
    let same = json!({ "b": { "d": [3], "c": 2 }, "a": 1 });
    let mut other = rig.client("other");
    let answer = other.call("one__counter", &same);
    assert_eq!(json_text(&result(&answer))["calls"], first);
    for call in [
        json!({ "tool": "counter", "server": "one", "arguments": same }),
        json!({ "tool": "one__counter", "arguments": same }),
        json!({ "tool": "one__counter", "b": same["b"], "a": 1 }),
    ] {
        assert_eq!(counted(&mut rig, "callmux_call", &call), first, "{call}");
    }
    for different in [json!({ "a": 1 }), json!({ "a": 1, "b": { "c": 2, "d": ["3"] } }), json!({})]
    {
        assert!(counted(&mut rig, "one__counter", &different) > first);
    }
    assert_eq!(json_text(&rig.call("two__counter", &same))["calls"], 1);
}

#[test]
fn n06_a_call_that_may_change_something_makes_what_was_read_untrue() {
    let mut rig = Rig::of(Setup { one: CACHED, two: CACHED, ..Setup::default() });
    let value = |rig: &mut Rig, server: &str| {
        json_text(&rig.call(&format!("{server}__counter"), &json!({})))["value"].clone()
    };
    assert_eq!((value(&mut rig, "one"), value(&mut rig, "two")), (json!(0), json!(0)));
    rig.call("one__mutate", &json!({}));
    assert_eq!(value(&mut rig, "one"), 1);
    rig.payload("callmux_parallel", &json!({ "calls": [{ "tool": "one__mutate" }] }));
    assert_eq!((value(&mut rig, "one"), value(&mut rig, "one")), (json!(2), json!(2)));
    // What was read of another server is as true as before.
    assert_eq!(value(&mut rig, "two"), 0);
    let counters = rig.executed().iter().filter(|tool| *tool == "counter").count();
    assert_eq!(counters, 4);
    // A read that ran beside a change is not kept.
    let key = json!({ "key": "k" });
    let read = rig.client.start_call("one__hold", &key);
    rig.wait_for_calls("one", "hold", 1);
    rig.call("one__mutate", &json!({}));
    rig.call("one__release", &key);
    assert_eq!(text(&result(&rig.client.answer(read))), "met");
    rig.call("one__hold", &key);
    rig.wait_for_calls("one", "hold", 2);
}

#[test]
fn n07_the_numbers_add_up() {
    let mut rig = rig();
    for _ in 0..4 {
        rig.call("one__counter", &json!({}));
    }
    let cache = numbers(&mut rig);
    let told = ["enabled", "ttlSeconds", "entries", "hits", "misses", "coalesced", "hitRate"];
    let told: Vec<&Value> = told.iter().map(|name| &cache[*name]).collect();
    assert_eq!(json!(told), json!([true, 600, 1, 3, 1, 0, 0.75]));
    let ledger = &rig.payload("callmux_status", &json!({ "detail": true }))["ledger"];
    assert_eq!((&ledger["calls"], &ledger["cacheHits"]), (&json!(4), &json!(3)));
}
