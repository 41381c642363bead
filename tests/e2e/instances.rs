//! Servers that run once for each directory of a client (`scope = "cwd"`).

pub mod roots;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Daemon, Http, Lines, Sandbox, callmux, config, every, hostile, until};

const MAIN: &str = "config/callmux/config.toml";
const CWD: &str = "x-callmux-cwd";

/// A server that tells where it runs.
fn teller(keys: &str) -> String {
    let path = hostile();
    let text = config(&[("x", &[path.to_str().unwrap(), "calm"])]);
    format!("{text}scope = \"cwd\"\n{keys}\n")
}

/// A server that counts as long as its process lives.
fn counter(keys: &str) -> String {
    let text = config(&[("counter", &[callmux(), "example-server", "counter"])]);
    format!("{text}scope = \"cwd\"\n{keys}\n")
}

/// A daemon whose servers have said what they offer.
fn daemon(sandbox: &Sandbox, text: &str) -> Daemon {
    sandbox.write(MAIN, text);
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |_| true);
    daemon
}

/// A directory of this sandbox, without links.
fn dir(sandbox: &Sandbox, name: &str) -> PathBuf {
    let path = sandbox.path(name);
    std::fs::create_dir_all(&path).unwrap();
    path.canonicalize().unwrap()
}

fn bridge(sandbox: &Sandbox, dir: &Path) -> Lines {
    let mut command = sandbox.command();
    command.arg("bridge").current_dir(dir);
    let mut bridge = Lines::start(command);
    bridge.greet(&json!({}));
    bridge
}

fn client(daemon: &Daemon) -> Http {
    Http::tcp(daemon).legacy(&json!({}))
}

/// A call by a client that says that it works there.
fn call(client: &mut Http, dir: &Path, tool: &str, arguments: &Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
    client.post(&body.to_string(), &[(CWD, dir.to_str().unwrap())]).json()
}

fn count(client: &mut Http, dir: &Path) -> i64 {
    let answer = call(client, dir, "counter__increment", &json!({}));
    let value = answer["result"]["structuredContent"]["value"].as_i64();
    value.unwrap_or_else(|| panic!("{answer}"))
}

fn said(answer: &Value) -> String {
    let text = answer["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// What a process of the server says of itself.
fn place(answer: &Value) -> (String, bool) {
    let told: Value = serde_json::from_str(&said(answer)).unwrap_or_else(|_| panic!("{answer}"));
    let names = told["names"].as_array().unwrap();
    (told["cwd"].as_str().unwrap().to_owned(), names.contains(&json!("CALLMUX_CWD")))
}

fn status(daemon: &Daemon) -> Value {
    Http::unix(daemon).bare("GET", "/api/v1/status", &[]).json()
}

/// The directories of the instances that there are.
fn directories(daemon: &Daemon) -> Vec<String> {
    let status = status(daemon);
    let instances = status["servers"][0]["instances"].as_array().cloned().unwrap_or_default();
    instances.iter().map(|it| it["directory"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_directory_has_its_instance_and_who_works_there_shares_it() {
    let sandbox = Sandbox::new();
    let (one, two) = (dir(&sandbox, "one"), dir(&sandbox, "zwö"));
    let daemon = daemon(&sandbox, &teller(""));
    let at = |dir: &Path| (dir.to_str().unwrap().to_owned(), true);
    let mut first = bridge(&sandbox, &one);
    let mut second = bridge(&sandbox, &two);
    assert_eq!(place(&first.call("x__environment", &json!({}))), at(&one));
    assert_eq!(place(&second.call("x__environment", &json!({}))), at(&two));
    // A link leads to the same directory, by whichever way the client says it.
    std::os::unix::fs::symlink(&one, sandbox.path("link")).unwrap();
    let mut third = client(&daemon);
    let linked = call(&mut third, &sandbox.path("link"), "x__environment", &json!({}));
    assert_eq!(place(&linked), at(&one));
    let mut modern = Http::tcp(&daemon);
    let params = json!({ "name": "x__environment", "arguments": {} });
    let answer = modern.modern("tools/call", &params, &[(CWD, two.to_str().unwrap())]).json();
    assert_eq!(place(&answer), at(&two));
    // Where no directory is said the server runs as any other.
    let nowhere = place(&client(&daemon).call("x__environment", &json!({})).json());
    assert!(!nowhere.1 && nowhere.0 != at(&one).0 && nowhere.0 != at(&two).0, "{nowhere:?}");

    daemon.expect_count("server_started", 2, |fact| told_in(fact, &one) || told_in(fact, &two));
    let mut found = directories(&daemon);
    found.sort();
    assert_eq!(found, [at(&one).0, at(&two).0]);
    let output = sandbox.command().arg("status").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains(&format!("x in {}", two.display())), "{shown}");
}

/// Whether a fact is about the instance that works there.
fn told_in(fact: &Value, dir: &Path) -> bool {
    let message = fact["message"].as_str().unwrap_or_default();
    message.contains(&format!(" in {} ", dir.display()))
}

#[test]
fn all_clients_are_shown_one_list() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, &teller(""));
    let lists: Vec<Value> = ["one", "two"]
        .map(|name| bridge(&sandbox, &dir(&sandbox, name)).request("tools/list", &json!({})))
        .map(|answer| answer["result"]["tools"].clone())
        .into();
    assert!(lists[0].as_array().unwrap().len() > 3 && lists[0] == lists[1], "{lists:?}");
    assert_eq!(directories(&daemon), Vec::<String>::new(), "a list starts nothing");
}

#[test]
fn a_call_from_nowhere_is_refused_where_that_is_wanted() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, &counter("require_cwd = true"));
    let answer = said(&client(&daemon).call("counter__increment", &json!({})).json());
    assert!(answer.starts_with("not_sent: ") && answer.contains("x-callmux-cwd"), "{answer}");
    assert!(answer.contains("`callmux bridge`"), "{answer}");
    let mut bridge = bridge(&sandbox, &dir(&sandbox, "one"));
    let answer = bridge.call("counter__increment", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 1, "{answer}");
}

#[test]
fn a_directory_that_is_none_is_named_with_what_is_wrong() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, &counter(""));
    sandbox.write("file", "");
    let long = PathBuf::from(format!("/{}", "d".repeat(3000)));
    for (place, why) in [
        (sandbox.path("gone"), "does not exist"),
        (sandbox.path("file"), "is no directory"),
        (PathBuf::from("relative"), "must be an absolute path"),
        (long, "File name too long"),
    ] {
        let answer = said(&call(&mut client(&daemon), &place, "counter__increment", &json!({})));
        assert!(answer.starts_with("not_sent: ") && answer.contains(why), "{answer}");
    }
    // One that vanishes is missed with the next call, whatever still runs there.
    let (place, mut client) = (dir(&sandbox, "one"), client(&daemon));
    assert_eq!(count(&mut client, &place), 1);
    std::fs::remove_dir(&place).unwrap();
    let answer = said(&call(&mut client, &place, "counter__increment", &json!({})));
    assert!(answer.contains("does not exist") && answer.contains("one"), "{answer}");
    std::fs::create_dir(&place).unwrap();
    assert!(count(&mut client, &place) >= 1);
}

#[test]
fn the_longest_idle_instance_gives_way() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, &counter("max_instances = 2"));
    let [one, two, three] = ["one", "two", "three"].map(|name| dir(&sandbox, name));
    let mut client = client(&daemon);
    for (place, expected) in [(&one, 1), (&two, 1), (&one, 2), (&three, 1), (&one, 3), (&two, 1)] {
        assert_eq!(count(&mut client, place), expected, "{}", place.display());
    }
    daemon.wait_for("server_stopped", |fact| fact["message"].to_string().contains("/two stopped"));
    assert_eq!(directories(&daemon), [&one, &two].map(|dir| dir.to_str().unwrap()));
}

#[test]
fn where_all_instances_are_in_use_a_further_one_is_refused() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, &teller("max_instances = 1"));
    let (one, two) = (dir(&sandbox, "one"), dir(&sandbox, "two"));
    let file = sandbox.path("go");
    let mut busy = bridge(&sandbox, &one);
    let id = busy.start_call("x__wait_for", &json!({ "file": file }));
    until("the call is with its instance", || sandbox.path("go.asked").exists().then_some(()));
    let mut other = client(&daemon);
    let answer = said(&call(&mut other, &two, "x__environment", &json!({})));
    assert!(answer.starts_with("not_sent: "), "{answer}");
    assert!(
        answer.contains("runs in 1 directories") && answer.contains("max_instances"),
        "{answer}"
    );
    sandbox.write("go", "");
    assert_eq!(said(&busy.answer(id)), "it is there");
    let answer = until("the instance is given up", || {
        let answer = call(&mut other, &two, "x__environment", &json!({}));
        (!said(&answer).starts_with("not_sent")).then_some(answer)
    });
    assert_eq!(place(&answer).0, two.to_str().unwrap());
}

#[test]
fn an_idle_instance_ends_and_the_next_call_starts_another() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, &counter("idle_stop = \"200ms\""));
    let (place, mut client) = (dir(&sandbox, "one"), client(&daemon));
    for _ in 0..2 {
        assert_eq!(count(&mut client, &place), 1);
        until("the instance is gone", || directories(&daemon).is_empty().then_some(()));
    }
    daemon.wait_for("server_stopped", |fact| fact["message"].to_string().contains("/one stopped"));
    assert_eq!(daemon.count("server_failed", |_| true), 0, "{}", daemon.told());
}

#[test]
fn orders_are_for_all_instances() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, &counter(""));
    let (one, two) = (dir(&sandbox, "one"), dir(&sandbox, "two"));
    let mut client = client(&daemon);
    assert_eq!((count(&mut client, &one), count(&mut client, &two)), (1, 1));
    assert_eq!((count(&mut client, &one), count(&mut client, &two)), (2, 2));
    let run = |verb: &str| sandbox.command().args([verb, "counter"]).status().unwrap();
    until("the server that was only asked is gone", || {
        (status(&daemon)["servers"][0]["phase"] == "asleep").then_some(())
    });
    assert!(run("restart").success());
    // Whoever is told that it is done finds it done.
    let told = status(&daemon)["servers"][0].clone();
    let instances = told["instances"].as_array().unwrap();
    assert!(instances.len() == 2 && instances.iter().all(|it| it["phase"] == "ready"), "{told}");
    assert_eq!(told["phase"], "asleep", "{told}");
    daemon.wait_for_count("server_stopped", 2, told_stop);
    assert_eq!((count(&mut client, &one), count(&mut client, &two)), (1, 1));
    assert!(run("stop").success());
    let answer = said(&call(&mut client, &one, "counter__value", &json!({})));
    assert!(answer.contains("callmux start counter"), "{answer}");
    assert_eq!(directories(&daemon), Vec::<String>::new());
    assert!(run("start").success());
    assert_eq!(count(&mut client, &one), 1);
}

fn told_stop(fact: &Value) -> bool {
    let message = fact["message"].as_str().unwrap_or_default();
    message.contains("/one stopped") || message.contains("/two stopped")
}

#[test]
fn a_reload_does_to_instances_what_its_plan_says() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, &counter(""));
    let (one, two) = (dir(&sandbox, "one"), dir(&sandbox, "two"));
    let mut client = client(&daemon);
    assert_eq!((count(&mut client, &one), count(&mut client, &two)), (1, 1));
    let change = |keys: &str, plan: &str| {
        sandbox.write(MAIN, &counter(keys));
        let output = sandbox.command().args(["reload", "--wait"]).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.contains(plan) || told.contains("nothing differs"), "{told}");
    };
    // Those that there are go on; of too many the one that was not used for longest gives way.
    change("max_instances = 1", "adjusted counter (max_instances)");
    assert_eq!(directories(&daemon), [two.to_str().unwrap()]);
    assert_eq!(count(&mut client, &two), 2);
    // What a process got when it began is changed for all of them.
    change("max_instances = 1\nenv = { A = \"b\" }", "started anew counter (env)");
    assert_eq!(count(&mut client, &two), 1);
    let shared = counter("").replace("scope = \"cwd\"\n", "");
    sandbox.write(MAIN, &shared);
    let output = sandbox.command().args(["reload", "--wait"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("scope") || told.contains("nothing differs"), "{told}");
    assert_eq!(directories(&daemon), Vec::<String>::new());
    assert_eq!(count(&mut client, &one), 1);
    assert_eq!(count(&mut client, &two), 2, "all share it");
}

#[test]
fn what_is_no_tool_is_asked_of_the_instance_too() {
    let sandbox = Sandbox::new();
    let (one, two) = (dir(&sandbox, "one"), dir(&sandbox, "two"));
    let path = every();
    // Each process notes what it is asked in its own directory.
    let words = [path.to_str().unwrap(), "--legacy", "--ledger", "ledger"];
    let text = config(&[("every", &words)]);
    let _daemon = daemon(&sandbox, &format!("{text}scope = \"cwd\"\n"));
    let (mut first, mut second) = (bridge(&sandbox, &one), bridge(&sandbox, &two));
    let prompt = json!({ "name": "every__greet", "arguments": { "who": "one" } });
    // Its answers have numbers that no parser here reads.
    let ask = |bridge: &mut Lines, method: &str, params: &Value, words: &str| {
        let id = format!("\"id\":{}", bridge.send(method, params));
        let answer = bridge.take(method, |line| line.contains(&id));
        assert!(answer.contains(words), "{answer}");
    };
    ask(&mut first, "prompts/get", &prompt, r#""description":"d""#);
    ask(&mut second, "resources/read", &json!({ "uri": "every://b" }), r#""text":"é""#);
    let reference = json!({ "type": "ref/prompt", "name": "every__greet" });
    let argument = json!({ "name": "who", "value": "x" });
    let params = json!({ "ref": reference, "argument": argument });
    ask(&mut first, "completion/complete", &params, r#""completion":{"#);
    let ledger = |dir: &Path| std::fs::read_to_string(dir.join("ledger")).unwrap_or_default();
    let slow = second.start_call("every__slow", &json!({}));
    until("the call is with its instance", || ledger(&two).contains("started slow").then_some(()));
    let params = json!({ "requestId": slow });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
    second.write(&cancel.to_string());
    until("the instance hears that it is taken back", || {
        ledger(&two).contains("notification notifications/cancelled").then_some(())
    });
    let (of_one, of_two) = (ledger(&one), ledger(&two));
    for (words, is_of_one) in [
        ("prompts/get", true),
        ("completion/complete", true),
        ("resources/read", false),
        ("tools/call", false),
        ("notifications/cancelled", false),
    ] {
        let told = format!("{words}: {of_one}\n{of_two}");
        assert_eq!(
            (of_one.contains(words), of_two.contains(words)),
            (is_of_one, !is_of_one),
            "{told}"
        );
    }
}

/// A server whose tool begins a task; it notes what it is asked, and says of a task where it runs.
const TASKS: &str = r#"#!/bin/sh
task() { printf '"taskId":"1","status":"%s","statusMessage":"%s","createdAt":"2026-01-01T00:00:00Z","lastUpdatedAt":"2026-01-01T00:00:00Z","ttl":60000' "$1" "${PWD##*/}"; }
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([^,}]*\).*/\1/p')
    printf '%s\n' "$line" >> heard
    case $line in
    *'"method":"initialize"'*) result='"protocolVersion":"2025-11-25","capabilities":{"tools":{},"tasks":{"cancel":{},"requests":{"tools":{"call":{}}}}},"serverInfo":{"name":"t","version":"1"}' ;;
    *'"method":"tools/list"'*) result='"tools":[{"name":"begin","inputSchema":{"type":"object"},"execution":{"taskSupport":"optional"}}]' ;;
    *'"method":"tools/call"'*) result="\"task\":{$(task working)}" ;;
    *'"method":"tasks/get"'*) result=$(task working) ;;
    *'"method":"tasks/cancel"'*) result=$(task cancelled) ;;
    *) [ -z "$id" ] || printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}\n' "$id"; continue ;;
    esac
    printf '{"jsonrpc":"2.0","id":%s,"result":{%s}}\n' "$id" "$result"
done
"#;

#[test]
fn a_task_is_of_the_instance_that_began_it() {
    let sandbox = Sandbox::new();
    let (one, two) = (dir(&sandbox, "one"), dir(&sandbox, "two"));
    sandbox.write("tasks.sh", TASKS);
    let script = sandbox.path("tasks.sh");
    let text = config(&[("t", &["sh", script.to_str().unwrap()])]);
    let _daemon = daemon(&sandbox, &format!("{text}scope = \"cwd\"\n"));
    let (mut first, mut second) = (bridge(&sandbox, &one), bridge(&sandbox, &two));
    let begin = json!({ "name": "t__begin", "arguments": {}, "task": { "ttl": 60000 } });
    let tasks = [first.request("tools/call", &begin), second.request("tools/call", &begin)]
        .map(|answer| answer["result"]["task"]["taskId"].clone());
    assert_eq!(tasks, ["t:1", "t:1"].map(Value::from));
    let id = json!({ "taskId": "t:1" });
    let at = |answer: &Value| answer["result"]["statusMessage"].clone();
    assert_eq!(at(&first.request("tasks/get", &id)), "one");
    assert_eq!(at(&second.request("tasks/get", &id)), "two");
    let answer = second.request("tasks/cancel", &id);
    assert_eq!((at(&answer), &answer["result"]["status"]), (json!("two"), &json!("cancelled")));
    let heard = |dir: &Path| std::fs::read_to_string(dir.join("heard")).unwrap_or_default();
    assert!(heard(&two).contains("tasks/cancel") && !heard(&one).contains("tasks/cancel"));
}

#[test]
fn calls_in_two_directories_at_once_are_not_mixed() {
    const CALLS: i64 = 40;
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox, &counter(""));
    let mut bridges = ["one", "two"].map(|name| bridge(&sandbox, &dir(&sandbox, name)));
    let mut ids = [Vec::new(), Vec::new()];
    for _ in 0..CALLS {
        for (bridge, ids) in bridges.iter_mut().zip(&mut ids) {
            ids.push(bridge.start_call("counter__increment", &json!({})));
        }
    }
    for (bridge, ids) in bridges.iter().zip(ids) {
        let value = |id| bridge.answer(id)["result"]["structuredContent"]["value"].as_i64();
        let mut values: Vec<i64> = ids.into_iter().filter_map(value).collect();
        values.sort_unstable();
        assert_eq!(values, (1..=CALLS).collect::<Vec<_>>());
    }
}

#[test]
fn what_a_server_offers_is_learned_in_the_directory_of_a_client() {
    let sandbox = Sandbox::new();
    let (good, bad) = (dir(&sandbox, "good"), dir(&sandbox, "bad"));
    sandbox.write("good/project", "");
    let script = format!(
        "[ -e ./project ] || {{ echo no project here >&2; exit 3; }}; \
         exec {} example-server counter",
        callmux()
    );
    let text = config(&[("counter", &["sh", "-c", &script])]);
    sandbox.write(MAIN, &format!("{text}scope = \"cwd\"\n"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_failed", |fact| fact["server"] == "counter");
    let says = |verb: &str| {
        let output = sandbox.command().arg(verb).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = says("status");
    assert!(shown.contains("its tools are shown once it has started for a client"), "{shown}");
    let told = says("doctor");
    assert!(told.contains("no project here") && told.contains("which tools it has"), "{told}");
    assert!(told.contains("connect a client in a directory where it can start"), "{told}");
    // A client where it cannot start changes nothing, and one where it can shows all of them its tools.
    let mut lost = bridge(&sandbox, &bad);
    let tools = |answer: &Value| answer["result"]["tools"].as_array().unwrap().len();
    assert_eq!(tools(&lost.request("tools/list", &json!({}))), 0);
    let mut first = bridge(&sandbox, &good);
    first.request("tools/list", &json!({}));
    lost.take("the news", |line| line.contains("notifications/tools/list_changed"));
    assert!(tools(&lost.request("tools/list", &json!({}))) > 0);
    let answer = first.call("counter__increment", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 1, "{answer}");
    assert!(!says("status").contains("its tools are shown once"));
}

#[test]
fn an_instance_that_fails_is_told_with_where_it_is() {
    let sandbox = Sandbox::new();
    let (good, bad) = (dir(&sandbox, "good"), dir(&sandbox, "bad"));
    let program = callmux();
    let script = format!(
        "[ ! -e ./broken ] || {{ echo no licence here >&2; exit 3; }}; \
         exec {program} example-server counter"
    );
    let text = config(&[("counter", &["sh", "-c", &script])]);
    sandbox.write(MAIN, &format!("{text}scope = \"cwd\"\ncall_timeout = \"2s\"\n"));
    sandbox.write("bad/broken", "");
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut client = client(&daemon);
    assert_eq!(count(&mut client, &good), 1);
    let answer = said(&call(&mut client, &bad, "counter__increment", &json!({})));
    assert!(answer.contains("no licence here") && answer.contains("/bad"), "{answer}");
    let output = sandbox.command().arg("doctor").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(&format!("in {} it is not ready", bad.display())), "{told}");
    assert_eq!(count(&mut client, &good), 2, "the others are not touched");
}
