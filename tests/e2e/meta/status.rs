//! I: `callmux_status` and `callmux_cache_clear`.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::rig::{Rig, Setup, json_text, text};
use crate::support::{overwrite, until};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn i06_status_tells_everything_once() {
    let mut rig = Rig::of(Setup {
        two: "tools = [\"ping\", \"say\"]",
        tail: "[recipes.hello]\ntool = \"one__ping\"",
        ..Setup::default()
    });
    let status = rig.payload("callmux_status", &json!({ "detail": true }));
    assert_eq!(
        keys(&status),
        [
            "cache",
            "failedServers",
            "instanceId",
            "ledger",
            "ledgerTotal",
            "listed",
            "maxConcurrency",
            "mode",
            "outputFormat",
            "recipes",
            "responseStore",
            "schemaCompression",
            "servers",
            "status",
            "totalTools",
        ]
    );
    assert_eq!(
        (&status["status"], &status["mode"], &status["totalTools"]),
        (&json!("ok"), &json!("standard"), &json!(25))
    );
    assert_eq!(
        status["servers"][1],
        json!({
            "name": "two", "transport": "stdio", "state": "connected",
            "tools": ["two__ping", "two__say"], "toolCount": 2,
        })
    );
    assert_eq!(status["recipes"], json!([{ "name": "hello", "mode": "call" }]));
    let id = status["instanceId"].as_str().unwrap();
    assert!(id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(
        keys(&status["cache"]),
        [
            "coalesced",
            "enabled",
            "entries",
            "hitRate",
            "hits",
            "inFlight",
            "maxEntries",
            "maxEntryBytes",
            "maxTotalBytes",
            "misses",
            "storedBytes",
            "ttlSeconds",
        ]
    );

    let one = rig.payload("callmux_status", &json!({ "server": "two", "descriptions": true }));
    let servers = one["servers"].as_array().unwrap();
    assert_eq!(servers.len(), 1);
    let ping = json!({ "name": "two__ping", "description": "Answer at once" });
    assert_eq!(servers[0]["tools"][0], ping);
    let cut = json!({ "server": "two", "descriptions": true, "descriptionMaxLength": 7 });
    let cut = rig.payload("callmux_status", &cut);
    assert_eq!(cut["servers"][0]["tools"][0]["description"], "Answer…");
    let more = json!({ "detail": true, "sessions": true, "recommendations": false });
    assert_eq!(rig.payload("callmux_status", &more)["instanceId"], id);

    let error = rig.error("callmux_status", &json!({ "server": "three" }));
    assert_eq!(error["code"], "server_not_found");
    assert_eq!(error["details"], json!({ "server": "three", "availableServers": ["one", "two"] }));
}

/// What a model reads of a text, about.
fn tokens(text: &str) -> usize {
    text.len() / 3
}

#[test]
fn a_status_is_short_whatever_there_is() {
    let mut rig = Rig::of(Setup {
        top: "exposure = \"hybrid\"",
        tail: "[recipes.hello]\ntool = \"one__ping\"",
        ..Setup::default()
    });
    let status = rig.payload("callmux_status", &json!({ "recommendations": false }));
    assert_eq!(
        status,
        json!({
            "status": "ok", "mode": "hybrid", "totalTools": 46, "servers": { "one": 23, "two": 23 },
            "recipes": ["hello"], "estimatedTokensSaved": status["estimatedTokensSaved"],
            "more": "`server` or `detail: true` tells tools, cache, results, ledger",
        })
    );
    let many: Vec<String> = (0..60)
        .map(|n| format!("[servers.a-rather-long-name-{n}]\ncommand = \"/no/such/program\"\n"))
        .collect();
    let many = many.concat();
    let mut rig = Rig::of(Setup { tail: &many, ..Setup::default() });
    let status = until("servers that do not start", || {
        let status = rig.payload("callmux_status", &json!({}));
        let failed = status["failedServers"].as_array().is_some_and(|all| all.len() == 5);
        failed.then_some(status)
    });
    assert_eq!(
        (&status["servers"]["…32 more"], &status["status"]),
        (&json!(null), &json!("degraded"))
    );
    let most = tokens(&status.to_string());
    assert!(most <= 1000, "{most}: {status}");
}

#[test]
fn i06_status_recommends_what_would_help() {
    let mut rig = Rig::new();
    let status = rig.payload("callmux_status", &json!({ "detail": true }));
    let advice = status["recommendations"][0].as_str().unwrap();
    assert!(advice.contains("hybrid"), "{advice}");
    let quiet = rig.payload("callmux_status", &json!({ "recommendations": false }));
    assert!(quiet["recommendations"].is_null());
}

#[test]
fn i07_a_dead_server_makes_the_status_degraded() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let down = file.path().with_extension("down");
    let args_two = format!(", \"--down-while\", {down:?}");
    let mut rig = Rig::of(Setup { args_two: &args_two, ..Setup::default() });
    let status = rig.payload("callmux_status", &json!({ "detail": true }));
    assert_eq!((&status["status"], &status["failedServers"]), (&json!("ok"), &json!([])));
    let pid: i32 = text(&rig.call("two__pid", &json!({}))).parse().unwrap();
    overwrite(&down, "");
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let status = until("a degraded status", || {
        let status = rig.payload("callmux_status", &json!({ "detail": true }));
        // Between two tries, not in the middle of one.
        let waits = status["failedServers"][0]["nextRetryInMs"].is_u64();
        (status["status"] == "degraded" && waits).then_some(status)
    });
    std::fs::remove_file(&down).unwrap();
    let failed = &status["failedServers"][0];
    assert_eq!(
        (&failed["name"], status["failedServers"].as_array().unwrap().len()),
        (&json!("two"), 1)
    );
    assert!(!failed["error"].as_str().unwrap().is_empty(), "{failed}");
    assert!(failed["reconnectAttempts"].is_u64() && failed["nextRetryInMs"].is_u64(), "{failed}");
    let two = &status["servers"][1];
    assert_eq!(two["state"], "reconnecting");
    assert!(two["lastError"].is_string(), "{two}");
    assert_eq!(status["servers"][0]["state"], "connected");
}

#[test]
fn i08_what_is_cached_is_forgotten_by_tool_and_server() {
    let cached = "cache_ttl = \"10m\"\ncache_tools = [\"counter\", \"bigarr\"]";
    let mut rig = Rig::of(Setup { one: cached, two: cached, ..Setup::default() });
    let fill = |rig: &mut Rig| {
        for server in ["one", "two"] {
            rig.call(&format!("{server}__counter"), &json!({}));
            rig.call(&format!("{server}__counter"), &json!({ "a": 1 }));
            rig.call(&format!("{server}__bigarr"), &json!({ "rows": 1 }));
        }
    };
    for (arguments, cleared, scope) in [
        (json!({}), 6, "all"),
        (json!({ "tool": "one__counter" }), 2, "tool"),
        (json!({ "server": "two" }), 3, "server"),
        (json!({ "tool": "counter", "server": "two" }), 2, "tool-server"),
        (json!({ "tool": "one__bigarr", "server": "one" }), 1, "tool-server"),
        (json!({ "tool": "one__ping" }), 0, "tool"),
    ] {
        fill(&mut rig);
        let mut expected = arguments.clone();
        expected["cleared"] = json!(cleared);
        expected["scope"] = json!(scope);
        assert_eq!(rig.payload("callmux_cache_clear", &arguments), expected);
    }
    fill(&mut rig);
    let calls = |rig: &mut Rig| json_text(&rig.call("one__counter", &json!({})))["calls"].clone();
    let before = calls(&mut rig);
    assert_eq!(calls(&mut rig), before);
    rig.payload("callmux_cache_clear", &json!({ "tool": "one__counter" }));
    assert!(calls(&mut rig).as_u64() > before.as_u64());
    for (arguments, code) in [
        (json!({ "server": "three" }), "server_not_found"),
        (json!({ "tool": "one__none" }), "tool_not_found"),
        (json!({ "tool": "counter" }), "tool_resolution_failed"),
    ] {
        assert_eq!(rig.error("callmux_cache_clear", &arguments)["code"], code);
    }
}
