//! G: `callmux_call`, and the many ways to write a call.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::rig::{Rig, Setup, json_text, masked, text};

/// The warning that a form was understood.
fn codes(payload: &Value) -> Vec<&str> {
    let warnings = payload["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    for warning in warnings {
        assert!(warning["message"].is_string() && warning["recommendation"].is_string());
    }
    warnings.iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

#[test]
fn g05_arguments_beside_the_tool_are_taken_for_its_arguments() {
    let mut rig = Rig::new();
    let meant = json!({ "text": "flat", "more": [1] });
    let flat = json!({ "tool": "echo", "server": "one", "timeoutMs": 60_000, "text": "flat", "more": [1] });
    assert_eq!(json_text(&rig.call("callmux_call", &flat)), meant);

    let all = rig.payload("callmux_parallel", &json!({ "calls": [flat] }));
    assert_eq!(
        (&all["results"][0]["result"], codes(&all)),
        (&meant, vec!["auto_wrapped_flat_calls"])
    );

    // `tool` and `server` are no members of an item, so there they are arguments.
    let item = json!({ "timeoutMs": 60_000, "text": "flat", "tool": "t", "server": "s" });
    let all = rig.payload("callmux_batch", &json!({ "tool": "one__echo", "items": [item, {}] }));
    assert_eq!(all["results"][0]["result"], json!({ "text": "flat", "tool": "t", "server": "s" }));
    assert_eq!(all["results"][1]["result"], json!({}));
    assert_eq!(codes(&all), ["auto_wrapped_flat_items"]);

    let mut step = flat.clone();
    step["inputMapping"] = json!({ "more": "$json.none" });
    step["onMappingMissing"] = json!("continue");
    let all = rig.payload("callmux_pipeline", &json!({ "steps": [step] }));
    assert_eq!((&all["finalResult"], codes(&all)), (&meant, vec!["auto_wrapped_flat_steps"]));

    // A call has two more members of its own.
    let mut own = flat;
    own["forceReconnect"] = json!(true);
    own["outputFormat"] = json!("json");
    assert_eq!(json_text(&rig.call("callmux_call", &own)), meant);

    let no =
        json!({ "calls": [{ "tool": "one__echo", "arguments": {} }, { "tool": "one__ping" }] });
    assert_eq!(codes(&rig.payload("callmux_parallel", &no)), [""; 0]);
}

#[test]
fn g06_non_object_arguments_run_nothing() {
    let mut rig = Rig::new();
    for wrong in [json!(7), json!("text"), json!("[1]"), json!([1]), json!(true), json!("{\"a\":")]
    {
        let call = json!({ "tool": "one__mutate", "arguments": wrong });
        let item = json!({ "arguments": wrong });
        for (tool, arguments, field) in [
            ("callmux_call", call.clone(), "arguments"),
            (
                "callmux_parallel",
                json!({ "calls": [{ "tool": "one__mutate" }, call] }),
                "calls[1].arguments",
            ),
            (
                "callmux_batch",
                json!({ "tool": "one__mutate", "items": [{}, item] }),
                "items[1].arguments",
            ),
            (
                "callmux_pipeline",
                json!({ "steps": [{ "tool": "one__mutate" }, call] }),
                "steps[1].arguments",
            ),
            ("callmux_dry_run", call.clone(), "arguments"),
        ] {
            let error = rig.error(tool, &arguments);
            assert_eq!(error["code"], "invalid_arguments", "{tool} {wrong}");
            assert_eq!(error["details"], json!({ "field": field, "expected": "an object" }));
        }
    }
    assert_eq!(rig.executed(), [""; 0]);
}

#[test]
fn g07_json_in_texts_is_read_as_what_it_says() {
    let mut rig = Rig::new();
    let call = json!({ "tool": "one__echo", "arguments": "{\"a\":[1]}" });
    let meant = json!({ "a": [1] });
    assert_eq!(json_text(&rig.call("callmux_call", &call)), meant);
    let texts = |value: &Value| json!(value.to_string());
    for list in
        [json!([call]), texts(&json!([call])), json!([texts(&call)]), texts(&json!([texts(&call)]))]
    {
        let all = rig.payload("callmux_parallel", &json!({ "calls": list }));
        assert_eq!(
            (&all["results"][0]["result"], codes(&all)),
            (&meant, vec!["parsed_json_text"]),
            "{list}"
        );
        let all = rig.payload("callmux_pipeline", &json!({ "steps": list }));
        assert_eq!(
            (&all["finalResult"], codes(&all)),
            (&meant, vec!["parsed_json_text"]),
            "{list}"
        );
        let all = rig.payload("callmux_dry_run", &json!({ "calls": list }));
        assert_eq!((&all["valid"], &all["items"][0]["resolvedArguments"]), (&json!(true), &meant));
    }
    let items = texts(&json!([{ "arguments": meant }]));
    let all = rig.payload("callmux_batch", &json!({ "tool": "one__echo", "items": items }));
    assert_eq!((&all["results"][0]["result"], codes(&all)), (&meant, vec!["parsed_json_text"]));
    let numbers =
        json!({ "tool": "one__echo", "items": [{ "arguments": meant }], "timeoutMs": "60000" });
    assert_eq!(rig.payload("callmux_batch", &numbers)["succeeded"], 1);
}

#[test]
fn g08_errors_name_the_field_and_what_belongs_there() {
    let mut rig = Rig::new();
    let mut check = |tool: &str, arguments: Value, message: &str| {
        assert_eq!(rig.error(tool, &arguments)["message"], message, "{arguments}");
    };
    check("callmux_call", json!({}), "`tool` is missing: it must be a non-empty string");
    check("callmux_call", json!({ "tool": 7 }), "`tool` must be a non-empty string, not a number");
    check(
        "callmux_call",
        json!({ "tool": " " }),
        "`tool` must be a non-empty string, and it is empty",
    );
    check("callmux_parallel", json!({ "calls": {} }), "`calls` must be an array, not an object");
    check(
        "callmux_parallel",
        json!({ "calls": [7] }),
        "`calls[0]` must be an object, not a number",
    );
    check(
        "callmux_parallel",
        json!({ "calls": [{ "tool": "one__ping", "server": [] }] }),
        "`calls[0].server` must be a non-empty string, not an array",
    );
    check(
        "callmux_pipeline",
        json!({ "steps": [] }),
        "`steps` must be an array of at least one step, and it is empty",
    );
    check("callmux_parallel", json!({ "call": [] }), "`calls` is missing: it must be an array");
    check(
        "callmux_parallel",
        json!({ "calls": [], "cals": 1 }),
        "`cals` is unknown; did you mean `calls`?",
    );
    check(
        "callmux_parallel",
        json!({ "calls": [{ "tool": "one__ping", "arguments": {}, "timeout": 1 }] }),
        "`calls[0].timeout` is unknown; did you mean `timeoutMs`?",
    );
    let many: Vec<Value> = vec![json!({ "tool": "one__ping" }); 1001];
    check(
        "callmux_parallel",
        json!({ "calls": many }),
        "`calls` has 1001 calls; at most 1000 are allowed (`max_calls` in the config)",
    );
    check(
        "callmux_call",
        json!({ "tool": "callmux_parallel", "arguments": { "calls": [] } }),
        "`callmux_parallel` is a tool of callmux itself, which cannot be called from another; call it directly",
    );
    assert_eq!(rig.executed(), [""; 0]);
}

#[test]
fn g11_a_call_gives_the_servers_result_as_it_is() {
    let mut rig = Rig::new();
    for (tool, arguments) in [
        ("echo", json!({ "a": [{ "b": null }] })),
        ("say", json!({ "text": "plain" })),
        ("image", json!({})),
        ("structured", json!({})),
        ("typed", json!({ "rows": 2 })),
        ("bigarr", json!({ "rows": 2 })),
        ("toolerr", json!({})),
    ] {
        let direct = rig.call(&format!("one__{tool}"), &arguments);
        let call = json!({ "tool": tool, "server": "one", "arguments": arguments });
        assert_eq!(rig.call("callmux_call", &call), direct, "{tool}");
    }
    let failed = rig.error("callmux_call", &json!({ "tool": "one__fail" }));
    assert_eq!(
        failed,
        json!({
            "code": "tool_call_failed", "message": "it failed",
            "details": { "tool": "one__fail", "jsonrpcCode": -32050, "data": { "why": "asked to" } },
        })
    );
    let unknown = rig.error("callmux_call", &json!({ "tool": "one__sya" }));
    assert_eq!(unknown["message"], "there is no tool `one__sya`; did you mean `one__say`?");
    let details = &unknown["details"];
    assert_eq!((&details["tool"], &details["totalAvailable"]), (&json!("one__sya"), &json!(46)));
    let nearest: Vec<&str> =
        details["nearest"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(nearest.len() == 3 && nearest[0].contains('('), "{nearest:?}");
    assert_eq!(details["hint"], "find others with callmux_search_tools");
    let unknown = rig.error("callmux_call", &json!({ "tool": "ping", "server": "three" }));
    assert_eq!(
        unknown,
        json!({
            "code": "server_not_found", "message": "there is no server `three`",
            "details": { "server": "three", "availableServers": ["one", "two"] },
        })
    );
}

#[test]
fn g12_a_call_tries_a_server_that_is_down_again() {
    let sandbox_file = tempfile::NamedTempFile::new().unwrap();
    let down = sandbox_file.path().with_extension("down");
    let args_two = format!(", \"--down-while\", {down:?}");
    let mut rig = Rig::of(Setup { args_two: &args_two, ..Setup::default() });
    let pid: i32 = text(&rig.call("two__pid", &json!({}))).parse().unwrap();
    crate::support::overwrite(&down, "");
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let failed = |fact: &Value| fact["server"] == "two";
    crate::support::until("its failures", || {
        (rig.daemon.count("server_failed", failed) > 1).then_some(())
    });
    let call = json!({ "tool": "two__ping", "timeoutMs": 300 });
    let error = rig.error("callmux_call", &call);
    assert_eq!(error["code"], "server_unavailable", "{error}");
    assert_eq!(error["details"]["retry_safe"], true);
    assert_eq!(error["details"]["server"], "two");
    std::fs::remove_file(&down).unwrap();
    let call = json!({ "tool": "two__ping", "forceReconnect": true });
    assert_eq!(text(&rig.call("callmux_call", &call)), "pong");
}

#[test]
fn g13_stored_results_are_read_through_a_call_too() {
    let mut rig = Rig::top("max_result = \"2KiB\"");
    let short = json_text(&rig.call("one__bigarr", &json!({ "rows": 200 })));
    let reference = &short["_callmux"]["ref"];
    let wanted = json!({ "ref": reference, "offset": 7, "limit": 1, "fields": ["id"] });
    let direct = rig.payload("callmux_get_result", &wanted);
    assert_eq!(direct["data"], json!([{ "id": 7 }]));
    for call in [
        json!({ "tool": "callmux_get_result", "arguments": wanted }),
        json!({ "tool": "callmux_get_result", "server": "callmux", "arguments": wanted }),
    ] {
        assert_eq!(rig.payload("callmux_call", &call), direct);
    }
    let wrong = json!({ "tool": "callmux_get_result", "arguments": { "ref": 7 } });
    let error = rig.error("callmux_call", &wrong);
    assert_eq!(error["details"]["field"], "arguments.ref", "{error}");
}

#[test]
fn g15_wrong_limits_directories_and_formats_are_refused() {
    let mut rig = Rig::new();
    let timeout = "a whole number from 1 to 86400000";
    let format = "\"json\", \"toon\" or \"auto\"";
    for (name, value, expected) in [
        ("timeoutMs", json!(0), timeout),
        ("timeoutMs", json!(-1), timeout),
        ("timeoutMs", json!(1.5), timeout),
        ("timeoutMs", json!(86_400_001), timeout),
        ("timeoutMs", json!("soon"), timeout),
        ("timeoutMs", json!([]), timeout),
        ("cwd", json!("relative/path"), "an absolute path"),
        ("cwd", json!(""), "a non-empty string"),
        ("cwd", json!(7), "a non-empty string"),
        ("outputFormat", json!("yaml"), format),
        ("outputFormat", json!(7), format),
        ("outputFormat", json!("JSON"), format),
    ] {
        let mut call = json!({ "tool": "one__mutate", "arguments": {} });
        call[name] = value.clone();
        let error = rig.error("callmux_call", &call);
        assert_eq!(error["details"], json!({ "field": name, "expected": expected }), "{value}");
    }
    let call = json!({ "tool": "one__ping", "cwd": "/tmp", "timeoutMs": 60_000 });
    let all = rig.payload("callmux_parallel", &json!({ "calls": [call] }));
    assert_eq!(codes(&all), ["cwd_ignored"]);
    assert_eq!(masked(all)["succeeded"], 1);
    assert_eq!(rig.executed(), ["ping"]);
}
