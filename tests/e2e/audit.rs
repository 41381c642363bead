//! The audit file: one record for each act, whatever becomes of it, of the daemon and of the file.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Daemon, Lines, Sandbox, callmux, canary, every, overwrite, tables, until};

const RULES: &str = r#"
[[access.rules]]
id = "no-reset"
tools = ["counter__reset"]
effect = "deny"

[[access.rules]]
effect = "allow"
"#;
/// Calls of each client under load.
const CALLS: usize = 500;
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A daemon with a counter.
fn start(sandbox: &Sandbox, config: &str) -> Daemon {
    start_keeping(sandbox, config, "")
}

/// The same; `keys`: further ones of `[audit]`.
fn start_keeping(sandbox: &Sandbox, config: &str, keys: &str) -> Daemon {
    let counter = tables(&[("counter", &[callmux(), "example-server", "counter"])]);
    let wanted = format!("[audit]\nfile = true\n{keys}");
    sandbox.write("config/callmux/config.toml", &format!("{config}{wanted}{counter}{RULES}"));
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |_| true);
    daemon
}

fn audit(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String) {
    let output = sandbox.command().arg("audit").args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// The records of calls, once there are so many.
fn records(sandbox: &Sandbox, least: usize) -> Vec<Value> {
    until(&format!("{least} records"), || {
        let (_, text) = audit(sandbox, &["--json"]);
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let found: Vec<Value> = lines.filter(|record| record["event"] == "call").collect();
        (found.len() >= least).then_some(found)
    })
}

fn segment(sandbox: &Sandbox) -> PathBuf {
    sandbox.path(".local/state/callmux/audit/segment-000001.jsonl")
}

#[test]
fn each_act_has_one_record_and_a_changed_byte_is_found() {
    let sandbox = Sandbox::new();
    let mut daemon = start(&sandbox, "");
    let mut client = Lines::bridge(&sandbox);
    let secret = canary!("-argument");
    let call = json!({
        "name": "counter__increment", "arguments": { "by": 1, "note": secret },
        "_meta": { "traceparent": format!("00-{TRACE}-b7ad6b7169203331-01") },
    });
    client.request("tools/call", &call);
    client.call("counter__reset", &json!({ "note": secret }));
    client.call("nobody__knows", &json!({ "note": secret }));
    client.call("counter__value", &json!({}));
    client.request("logging/setLevel", &json!({ "level": "info" }));
    let found = records(&sandbox, 5);
    let ended: Vec<(&Value, &Value)> =
        found.iter().map(|it| (&it["target"], &it["outcome"])).collect();
    let expected = json!([
        ["counter__increment", "done"],
        ["counter__reset", "denied"],
        ["?", "refused"],
        ["counter__value", "done"],
        ["logging/setLevel", "done"],
    ]);
    assert_eq!(json!(ended), expected);
    let principal = format!("user:{}", rustix::process::getuid().as_raw());
    for record in &found {
        let who = [&record["principal"], &record["client"], &record["via"], &record["schema"]];
        assert_eq!(json!(who), json!([principal, "test 1", "link", "callmux.audit/1"]));
    }
    assert_eq!((&found[0]["trace_id"], &found[0]["decision"]), (&json!(TRACE), &json!("allow")));
    assert_eq!((&found[1]["rule"], &found[1]["decision"]), (&json!("no-reset"), &json!("deny")));
    assert!(found[0]["bytes_in"].as_u64() > Some(50) && found[0]["request_id"].is_string());

    let shown = audit(&sandbox, &["--outcome", "denied"]).1;
    assert!(shown.contains("counter__reset (rule no-reset)"), "{shown}");
    assert!(shown.contains(" denied ") && !shown.contains(" done "), "{shown}");
    assert!(audit(&sandbox, &[]).1.lines().all(|line| line.chars().count() <= 80));
    assert_eq!(audit(&sandbox, &["--until", "2026-01-01"]).1, "");
    let event = audit(&sandbox, &["--tool", "counter__v*", "--ocsf"]).1;
    let event: Value = serde_json::from_str(&event).unwrap();
    assert_eq!(
        (&event["class_uid"], &event["api"]["operation"]),
        (&json!(6003), &json!("tools/call"))
    );

    let mode = |path: &str| {
        let found = fs::metadata(sandbox.path(".local/state/callmux/audit").join(path)).unwrap();
        found.permissions().mode() & 0o777
    };
    assert_eq!((mode("."), mode("segment-000001.jsonl")), (0o700, 0o600));
    // The chain goes on with the next daemon.
    daemon.stop();
    let daemon = start(&sandbox, "");
    client.call("counter__value", &json!({}));
    until("the record of the second daemon", || {
        let values = records(&sandbox, 6);
        let values = values.iter().filter(|record| record["target"] == "counter__value");
        (values.count() == 2).then_some(())
    });
    drop(daemon);
    let (code, said) = audit(&sandbox, &["verify"]);
    assert!(code == Some(0) && said.starts_with("whole: "), "{said}");

    let text = fs::read_to_string(segment(&sandbox)).unwrap();
    overwrite(&segment(&sandbox), &text.replacen("\"denied\"", "\"done__\"", 1));
    let (code, said) = audit(&sandbox, &["verify"]);
    let place = format!("broken: {}:3: ", segment(&sandbox).display());
    assert!(code == Some(1) && said.starts_with(&place), "{said}");
    let verified: Value = serde_json::from_str(&audit(&sandbox, &["verify", "--json"]).1).unwrap();
    assert_eq!((&verified["whole"], &verified["broken"]["line"]), (&json!(false), &json!(3)));
}

#[test]
fn a_daemon_that_is_killed_under_load_leaves_a_file_that_is_whole() {
    let sandbox = Sandbox::new();
    let mut daemon = start(&sandbox, "");
    let mut clients: Vec<Lines> = (0..4).map(|_| Lines::bridge(&sandbox)).collect();
    for _ in 0..CALLS {
        for client in &mut clients {
            client.start_call("counter__value", &json!({}));
        }
    }
    let answers = || clients.iter().map(|client| client.waiting().len()).sum::<usize>();
    let before = until("some answers", || Some(answers()).filter(|count| *count > CALLS));
    // Each of these is soon in the file, though the daemon is never asked to end.
    records(&sandbox, before);
    daemon.kill();
    let (code, said) = audit(&sandbox, &["verify"]);
    assert!(code == Some(0) || code == Some(75), "{said}");
    let mut daemon = start(&sandbox, "");
    until("an answer to each call", || (answers() >= 4 * CALLS).then_some(()));
    daemon.stop();
    let (code, said) = audit(&sandbox, &["verify"]);
    assert!(code == Some(0) && said.starts_with("whole: "), "{said}");
    let found = records(&sandbox, before);
    let ids: HashSet<&str> = found.iter().filter_map(|it| it["call_id"].as_str()).collect();
    assert_eq!(ids.len(), found.len(), "a call has two records");
}

#[test]
fn where_none_is_wanted_there_is_none() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "");
    let mut client = Lines::bridge(&sandbox);
    client.call("counter__value", &json!({}));
    records(&sandbox, 1);
    let before = daemon.count("config_reloaded", |_| true);
    let config = fs::read_to_string(sandbox.path("config/callmux/config.toml")).unwrap();
    let config = config.replace("file = true", "file = false");
    sandbox.write("config/callmux/config.toml", &config);
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    client.call("counter__value", &json!({}));
    daemon.wait_for_count("call_finished", 2, |_| true);
    assert_eq!(records(&sandbox, 1).len(), 1);
    fs::remove_dir_all(sandbox.path(".local/state/callmux/audit")).unwrap();
    let (code, said) = audit(&sandbox, &["verify"]);
    assert!(code == Some(69) && said.contains("there is no audit file"), "{said}");
}

#[test]
fn a_directory_that_takes_nothing_is_told_of_and_calls_go_on() {
    let sandbox = Sandbox::new();
    sandbox.write(".local/state/callmux/audit", "a file");
    let daemon = start(&sandbox, "");
    daemon.wait_for("audit_unwritable", |fact| fact["reason"].is_string());
    let mut client = Lines::bridge(&sandbox);
    assert!(client.call("counter__value", &json!({}))["result"]["isError"] != true);
    fs::remove_file(sandbox.path(".local/state/callmux/audit")).unwrap();
    assert_eq!(records(&sandbox, 1)[0]["target"], "counter__value");
    daemon.expect_count("audit_unwritable", 1, |_| true);
}

/// Every line of the file, as it is now.
fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let text = fs::read_to_string(segment(sandbox)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn where_a_record_is_required_nothing_reaches_a_server_without_one() {
    let sandbox = Sandbox::new();
    sandbox.write(".local/state/callmux/audit", "a file");
    let ledger = sandbox.path("ledger");
    let args = ["--legacy", "--ledger", ledger.to_str().unwrap()].map(str::to_owned);
    let server = format!("[servers.every]\ncommand = {:?}\nargs = {args:?}\n", every());
    let daemon = start_keeping(&sandbox, "", &format!("required = true\n{server}"));
    daemon.wait_for("server_ready", |fact| fact["server"] == "every");
    daemon.wait_for("audit_unwritable", |_| true);
    let mut client = Lines::bridge(&sandbox);
    let inner = json!({ "calls": [{ "tool": "counter__increment", "arguments": {} }] });
    let resource = json!({ "uri": "every://a" });
    let refused = [
        client.call("counter__increment", &json!({})),
        client.call("callmux_parallel", &inner),
        client.request("resources/read", &resource),
        client.request("resources/subscribe", &resource),
    ];
    for answer in refused {
        assert!(answer.to_string().contains("audit.required"), "{answer}");
    }
    let reached = fs::read_to_string(&ledger).unwrap_or_default();
    assert!(!reached.contains("every://a"), "{reached}");
    fs::remove_file(sandbox.path(".local/state/callmux/audit")).unwrap();
    let answer = client.call("counter__value", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 0, "{answer}");
    // It stands there before the answer comes, though nobody waits for its end.
    let begun = lines(&sandbox).into_iter().filter(|line| line["event"] == "call_begun");
    let begun: Vec<Value> = begun.collect();
    assert_eq!(json!([begun.len(), begun[0]["target"]]), json!([1, "counter__value"]));
    assert!(client.request("resources/subscribe", &resource)["error"].is_null());
    until("the ends of all", || {
        let ends: Vec<Value> = records(&sandbox, 1);
        let of_begun = ends.iter().filter(|end| end["call_id"] == begun[0]["call_id"]);
        let outcomes: Vec<&Value> = of_begun.map(|end| &end["outcome"]).collect();
        let not_sent = ends.iter().filter(|end| end["outcome"] == "not_sent").count();
        (json!(outcomes) == json!(["done"]) && not_sent == 3).then_some(())
    });
    let (code, said) = audit(&sandbox, &["verify"]);
    assert!(code == Some(0) && said.starts_with("whole: "), "{said}");
}

#[test]
fn of_arguments_there_is_what_is_wanted_and_no_secret() {
    let sandbox = Sandbox::new();
    let secret = canary!("-live/secret value");
    let env = format!("[servers.counter.env]\nAPI_TOKEN = '{secret}'\n");
    let arguments =
        json!({ "by": 1, "note": format!("take {secret}"), "password": canary!("-other") });
    let keep = |choice: &str, arguments: &Value| {
        let daemon = start_keeping(&sandbox, &env, &format!("arguments = \"{choice}\"\n"));
        let mut client = Lines::bridge(&sandbox);
        let before = if segment(&sandbox).exists() { records(&sandbox, 0).len() } else { 0 };
        client.call("counter__increment", arguments);
        let found = records(&sandbox, before + 1);
        drop(daemon);
        found.last().unwrap()["arguments"].clone()
    };
    assert_eq!(keep("keys", &arguments), json!(["by", "note", "password"]));
    // That the secrets are nowhere, in no form, is seen to by the sandbox.
    let expected = json!({ "by": 1, "note": "take (hidden)", "password": "(hidden)" });
    assert_eq!(keep("redacted", &arguments), expected);
    let whole = json!({ "by": 1, "password": "as it is" });
    assert_eq!(keep("full", &whole), whole);
}
