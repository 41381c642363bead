//! J: arguments on their way to a server.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::rig::{Rig, Setup, error, json_text, result, text};
use crate::support::{CANARY, Http, overwrite};

/// The arguments as the server got them, called directly and by each meta-tool.
fn echoed(rig: &mut Rig, tool: &str, arguments: &Value) -> Value {
    let direct = json_text(&rig.call(tool, arguments));
    let call = json!({ "tool": tool, "arguments": arguments });
    assert_eq!(json_text(&rig.call("callmux_call", &call)), direct);
    let all = rig.payload("callmux_parallel", &json!({ "calls": [call] }));
    assert_eq!(all["results"][0]["result"], direct, "{all}");
    let batch = json!({ "tool": tool, "items": [{ "arguments": arguments }] });
    assert_eq!(rig.payload("callmux_batch", &batch)["results"][0]["result"], direct);
    assert_eq!(rig.payload("callmux_pipeline", &json!({ "steps": [call] }))["finalResult"], direct);
    direct
}

/// Why the arguments were not sent, from a direct call and from one by a meta-tool.
fn refused(rig: &mut Rig, arguments: &Value) -> String {
    let direct = error(&rig.call("one__mutate", arguments));
    assert_eq!(direct["code"], "argument_resolution_failed", "{direct}");
    let call = json!({ "tool": "one__mutate", "arguments": arguments });
    assert_eq!(rig.error("callmux_call", &call), direct);
    let all = rig.payload("callmux_parallel", &json!({ "calls": [call] }));
    assert_eq!(all["results"][0]["error"], direct["message"]);
    assert!(!rig.executed().contains(&"mutate".to_owned()));
    direct["message"].as_str().unwrap().to_owned()
}

fn with_files() -> Rig {
    let rig = Rig::new();
    rig.sandbox.write("note.txt", "two\nlines\n");
    rig.sandbox.write("data.json", r#"{"a":[1,{"b":null}]}"#);
    rig.sandbox.write("data.yaml", "a:\n  - 1\n  - b: yes\n");
    rig
}

#[test]
fn j01_references_stand_for_files_and_texts_at_any_depth() {
    let mut rig = with_files();
    let absolute = rig.sandbox.path("note.txt");
    let given = json!({
        "file": { "$file": "note.txt" },
        "deep": [{ "er": { "$jsonFile": "data.json" } }, { "$file": absolute, "maxBytes": 10 }],
        "yaml": { "$yamlFile": "data.yaml" },
        "text": { "$text": "as it is" },
        "lines": { "$text": { "lines": ["a", "b"] } },
        "joined": { "$text": { "lines": ["a", "b"], "join": ", " } },
    });
    let yaml = echoed(&mut rig, "one__echo", &given)["yaml"].clone();
    assert_eq!(yaml["a"][0], 1);
    let expected = json!({
        "file": "two\nlines\n",
        "deep": [{ "er": { "a": [1, { "b": null }] } }, "two\nlines\n"],
        "yaml": yaml, "text": "as it is", "lines": "a\nb", "joined": "a, b",
    });
    assert_eq!(json_text(&rig.call("two__echo", &given)), expected);
}

#[test]
fn j02_a_text_of_a_reference_is_one_and_nearly_one_is_a_text() {
    let mut rig = with_files();
    let given =
        json!({ "a": r#"{"$file":"note.txt"}"#, "b": [r#" { "$text" : {"lines":["x","y"]} } "#] });
    assert_eq!(
        echoed(&mut rig, "one__echo", &given),
        json!({ "a": "two\nlines\n", "b": ["x\ny"] })
    );
    for near in [
        json!(r#"see {"$file":"note.txt"}"#),
        json!(r#"{"$file":"note.txt","other":1}"#),
        json!(r#"{"$file":7}"#),
        json!(r#"{"$files":"note.txt"}"#),
        json!("$file"),
        json!("$json.a"),
        json!({ "$ref": "#/definitions/x" }),
        json!({ "$schema": "x" }),
    ] {
        assert_eq!(echoed(&mut rig, "one__echo", &json!({ "v": near })), json!({ "v": near }));
    }
}

#[test]
fn j03_references_are_bounded() {
    let mut rig = with_files();
    rig.sandbox.write("large.txt", &"x".repeat(1_000_001));
    let over = refused(&mut rig, &json!({ "v": { "$file": "large.txt" } }));
    assert!(over.contains("exceeds maxBytes (1000001 > 1000000)"), "{over}");
    let fits = json!({ "v": { "$file": "large.txt", "maxBytes": 2_000_000 } });
    let all = rig.payload("callmux_dry_run", &json!({ "tool": "one__echo", "arguments": fits }));
    assert_eq!(all["items"][0]["resolvedArgumentBytes"], 1_000_009);
    for wrong in [json!(10_000_001), json!(0), json!("5")] {
        let told = refused(&mut rig, &json!({ "v": { "$file": "note.txt", "maxBytes": wrong } }));
        assert!(told.contains("maxBytes must be"), "{told}");
    }
    let texts = |count: usize| json!({ "v": vec![json!({ "$text": "x" }); count] });
    assert!(refused(&mut rig, &texts(33)).contains("at most 32"));
    assert_eq!(json_text(&rig.call("one__echo", &texts(32)))["v"], json!(vec!["x"; 32]));
    let path = rig.sandbox.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
    for special in ["pipe", "."] {
        let told = refused(&mut rig, &json!({ "v": { "$file": special } }));
        assert!(told.contains("is not a regular file"), "{told}");
    }
}

#[test]
fn j04_files_are_read_below_the_roots_alone() {
    let outside = tempfile::tempdir_in("/tmp").unwrap();
    overwrite(&outside.path().join("secret.txt"), CANARY);
    let mut rig = with_files();
    let link = rig.sandbox.path("link.txt");
    symlink(outside.path().join("secret.txt"), link).unwrap();
    let absolute = outside.path().join("secret.txt");
    let up = format!("../{}/secret.txt", outside.path().file_name().unwrap().display());
    for path in [absolute.to_str().unwrap(), "link.txt", &up, "/etc/hostname", "/proc/self/environ"]
    {
        let told = refused(&mut rig, &json!({ "v": { "$file": path } }));
        assert!(told.contains("lies outside"), "{told}");
    }
    // A client of HTTP works nowhere.
    let mut http = Http::tcp(&rig.daemon).legacy(&json!({}));
    let told = http.call("one__mutate", &json!({ "v": { "$file": "/etc/hostname" } })).json();
    let told = error(&result(&told));
    assert!(told["message"].as_str().unwrap().contains("no directory is open"), "{told}");

    let top = format!("file_roots = [{:?}]", outside.path());
    let mut rig = Rig::top(&top);
    rig.sandbox.watch.excuse("the file one.log", "arguments", "the server wrote down what it got");
    let given = json!({ "v": { "$file": absolute } });
    assert_eq!(echoed(&mut rig, "one__echo", &given), json!({ "v": CANARY }));
    let mut http = Http::tcp(&rig.daemon).legacy(&json!({}));
    let said = result(&http.call("one__echo", &given).json());
    assert_eq!(json_text(&said), json!({ "v": CANARY }));
}

#[test]
fn j05_relative_paths_begin_where_the_client_works() {
    let mut rig = with_files();
    rig.sandbox.write("deep/note.txt", "deeper");
    let mut command = rig.sandbox.command();
    command.arg("bridge").current_dir(rig.sandbox.path("deep"));
    let mut other = crate::support::Lines::start(command);
    other.greet(&json!({}));
    let given = json!({ "text": { "$file": "note.txt" } });
    assert_eq!(text(&result(&other.call("one__say", &given))), "deeper");
    assert_eq!(text(&rig.call("one__say", &given)), "two\nlines\n");
}

#[test]
fn j06_errors_say_where_the_reference_stands() {
    let mut rig = with_files();
    rig.sandbox.write("bad.json", "{");
    for (given, told) in [
        (
            json!({ "a": { "b": [1, { "$file": "none.txt" }] } }),
            "file reference at arguments.a.b[1] cannot be read",
        ),
        (
            json!({ "a": { "$file": "note.txt", "x": 1 } }),
            "invalid $file reference at arguments.a: unexpected keys [x]",
        ),
        (
            json!({ "a": { "$file": 7 } }),
            "invalid $file reference at arguments.a: $file must be a string",
        ),
        (
            json!({ "a b": { "$jsonFile": "bad.json" } }),
            "file reference at arguments[\"a b\"] is not JSON",
        ),
        (
            json!({ "a": { "$file": "note.txt", "maxBytes": 3 } }),
            "file reference at arguments.a exceeds maxBytes (10 > 3): note.txt",
        ),
        (
            json!({ "a": { "$text": { "lines": [7] } } }),
            "invalid $text reference at arguments.a: lines must be an array of strings",
        ),
        (json!({ "a": { "$ref": "r_none" } }), "stored result at arguments.a"),
    ] {
        let message = refused(&mut rig, &given);
        assert!(message.starts_with(told), "{message}");
    }
}

#[test]
fn j07_texts_become_what_the_schema_wants() {
    let mut rig = Rig::new();
    for (given, expected) in [
        (json!({ "owner": "a", "n": "7" }), json!({ "owner": "a", "n": 7 })),
        (json!({ "owner": "a", "n": "-12" }), json!({ "owner": "a", "n": -12 })),
        (json!({ "owner": "a", "flag": "true" }), json!({ "owner": "a", "flag": true })),
        (
            json!({ "owner": "a", "tags": "[\"x\",\"y\"]" }),
            json!({ "owner": "a", "tags": ["x", "y"] }),
        ),
        (json!({ "owner": "7", "tags": ["1"] }), json!({ "owner": "7", "tags": ["1"] })),
    ] {
        assert_eq!(echoed(&mut rig, "one__strict", &given), expected);
    }
}

#[test]
fn j07_arguments_that_do_not_fit_are_sent_and_the_error_says_so() {
    let mut rig = Rig::new();
    let given = json!({ "owner": "a", "n": "many" });
    let direct = rig.call("one__strict", &given);
    assert_eq!((&direct["isError"], text(&direct)), (&json!(true), "n is wrong"));
    let call = json!({ "tool": "one__strict", "arguments": given });
    let told = rig.call("callmux_call", &call);
    assert_eq!((&told["isError"], &told["content"][0]), (&json!(true), &direct["content"][0]));
    let more: Value = serde_json::from_str(told["content"][1]["text"].as_str().unwrap()).unwrap();
    assert_eq!(more["_callmux"]["problems"][0]["path"], "n", "{more}");
    assert_eq!(more["_callmux"]["inputSchema"]["required"], json!(["owner"]));
    let all = rig.payload("callmux_parallel", &json!({ "calls": [call] }));
    assert_eq!(all["results"][0]["result"], json!({ "error": "n is wrong", "isError": true }));
    assert_eq!(all["results"][0]["misfit"], more["_callmux"]);
    assert_eq!(rig.executed(), ["strict"; 3]);
    // An error that has nothing to do with the arguments says nothing of them.
    let told =
        rig.call("callmux_call", &json!({ "tool": "one__toolerr", "arguments": { "x": 1 } }));
    assert_eq!(told["content"].as_array().unwrap().len(), 1);
}

#[test]
fn j08_nothing_is_lost_on_the_way() {
    let mut rig = Rig::new();
    for v in ["007", "00123", "0x10", "1e3", "12345678901234567890", "1.0", "+7", " 7", "true"] {
        let given = json!({ "v": v });
        assert_eq!(echoed(&mut rig, "one__text_or_int", &given), given);
        if v != "true" && v != "12345678901234567890" {
            let strict = json!({ "owner": "a", "n": v });
            rig.call("one__strict", &strict);
            assert_eq!(rig.log("one").last().unwrap()["arguments"], strict);
        }
    }
    // Numbers keep their digits, in arguments of meta-tools as well.
    let digits = r#"{"id":12345678901234567890,"x":1.10,"y":1.50E+2}"#;
    for (id, (tool, arguments)) in [
        ("one__echo", digits.to_owned()),
        ("callmux_call", format!(r#"{{"tool":"one__echo","arguments":{digits}}}"#)),
    ]
    .into_iter()
    .enumerate()
    {
        rig.client.write(&format!(
            r#"{{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#,
            9000 + id
        ));
        let line =
            rig.client.take("the echo", |line| line.contains(&format!("\"id\":{}", 9000 + id)));
        assert!(line.contains(&digits.replace('"', "\\\"")), "{line}");
    }
}

#[test]
fn j09_an_envelope_is_opened_where_the_tool_takes_none() {
    let mut rig = Rig::new();
    let given = json!({ "method": "get", "params": { "name": "n" } });
    assert_eq!(echoed(&mut rig, "one__unwrap", &given), json!({ "name": "n" }));
    assert_eq!(
        echoed(&mut rig, "one__unwrap", &json!({ "params": { "name": "n" } })),
        json!({ "name": "n" })
    );
    assert_eq!(echoed(&mut rig, "one__echo", &given), given);
    let more = json!({ "params": { "name": "n" }, "name": "other" });
    assert_eq!(echoed(&mut rig, "one__unwrap", &more), more);
}

#[test]
fn j10_what_is_cached_is_cached_under_what_was_sent() {
    let cached = "cache_ttl = \"10m\"\ncache_tools = [\"counter\"]";
    let mut rig = Rig::of(Setup { one: cached, ..Setup::default() });
    rig.sandbox.write("note.txt", "first");
    let counted =
        |rig: &mut Rig, given: &Value| json_text(&rig.call("one__counter", given))["calls"].clone();
    let given = json!({ "v": { "$file": "note.txt" } });
    let first = counted(&mut rig, &given);
    assert_eq!(counted(&mut rig, &given), first);
    assert_eq!(counted(&mut rig, &json!({ "v": "first" })), first);
    rig.sandbox.write("note.txt", "second");
    assert_ne!(counted(&mut rig, &given), first);
    assert_eq!(counted(&mut rig, &json!({ "v": "first" })), first);
}

#[test]
fn a_stored_result_is_an_argument_without_being_read() {
    let mut rig = Rig::top("max_result = \"2KiB\"");
    let short = json_text(&rig.call("one__bigarr", &json!({ "rows": 300 })));
    let reference = &short["_callmux"]["ref"];
    let part = json!({ "v": [{ "$ref": reference, "path": "[7].title" }] });
    assert_eq!(echoed(&mut rig, "two__echo", &part), json!({ "v": ["issue 7"] }));
    let whole = json!({ "v": { "$ref": reference } });
    rig.call("two__slow", &json!({ "ms": 0, "all": whole["v"] }));
    let sent = rig.log("two").last().unwrap()["arguments"]["all"].clone();
    assert_eq!(sent.as_array().unwrap().len(), 300);
    let told = refused(&mut rig, &json!({ "v": { "$ref": reference, "path": "[300]" } }));
    assert!(told.contains("arguments.v") && told.contains("300"), "{told}");
}
