//! Servers that offer more than anybody can take, what is another's, or what is wrong: their lists are
//! cut, the doctor says so, and nobody else notices.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Daemon, Http, Sandbox, callmux, config, hostile, until};

/// Memory of its own that the daemon must come to be below, in KiB.
const MEMORY_MAX: usize = 50 * 1024;

/// Lists of megabytes that are on their way to clients take as much again, and go.
fn is_small(daemon: &Daemon) {
    until("little memory", || (daemon.own_memory_kib() < MEMORY_MAX).then_some(()));
}

/// A daemon with a hostile server, and a good one.
fn daemon(sandbox: &Sandbox, offer: &str) -> Daemon {
    let (path, offer) = (hostile(), format!("--offer={offer}"));
    let servers: [(&str, &[&str]); 2] = [
        ("bad", &[path.to_str().unwrap(), &offer]),
        ("good", &[callmux(), "example-server", "counter"]),
    ];
    Daemon::with(sandbox, &servers)
}

fn client(daemon: &Daemon) -> Http {
    Http::tcp(daemon).legacy(&json!({}))
}

/// Every item of a list, page by page.
fn list(client: &mut Http, method: &str, member: &str) -> Vec<Value> {
    let (mut all, mut params) = (Vec::new(), json!({}));
    loop {
        let mut result = client.request(method, &params).json()["result"].take();
        all.append(result[member].as_array_mut().unwrap_or_else(|| panic!("no {member}")));
        match result["nextCursor"].as_str() {
            Some(cursor) => params = json!({ "cursor": cursor }),
            None => return all,
        }
    }
}

fn names(client: &mut Http) -> Vec<String> {
    let tools = list(client, "tools/list", "tools");
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// What the doctor says, and in how many bytes.
fn doctor(sandbox: &Sandbox) -> (Vec<String>, usize) {
    let output = sandbox.command().args(["doctor", "--json"]).output().unwrap();
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let message = |finding: &Value| finding["message"].as_str().unwrap().to_owned();
    (findings.as_array().unwrap().iter().map(message).collect(), output.stdout.len())
}

fn says(findings: &[String], words: &str) -> bool {
    findings.iter().any(|finding| finding.contains(words))
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

/// Both servers work as if nothing were the matter.
fn all_goes_on(client: &mut Http) {
    let answer = client.call("good__increment", &json!({})).json();
    assert!(answer["result"]["structuredContent"]["value"].is_number(), "{answer}");
    let answer = client.call("bad__mirror", &json!({ "value": { "content": [] } })).json();
    assert!(answer["result"]["content"].is_array(), "{answer}");
}

#[test]
fn a_list_that_is_too_long_is_cut_and_told() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, "many:60000");
    let mut client = client(&daemon);
    let shown = until("the list", || {
        let shown = names(&mut client);
        shown.iter().any(|name| name == "bad__mirror").then_some(shown)
    });
    let of_bad = shown.iter().filter(|name| name.starts_with("bad__t")).count();
    assert!((2_000..60_000).contains(&of_bad), "{of_bad} tools are shown");
    // What stands first in the list is shown.
    for name in ["bad__mirror", "bad__t000000", "bad__t001999", "good__increment"] {
        assert!(shown.iter().any(|shown| shown == name), "{name} is missing");
    }
    let (findings, bytes) = doctor(&sandbox);
    assert!(says(&findings, "of its 60003 tools"), "{findings:?}");
    assert!(bytes < 10_000, "{bytes} bytes");
    let cut = daemon.wait_for("definition_refused", |fact| fact["server"] == "bad");
    assert!(cut["message"].as_str().unwrap().contains("60003 tools"), "{cut}");
    all_goes_on(&mut client);
    // One that is not shown is not there.
    let answer = client.call("bad__t059999", &json!({})).json();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    is_small(&daemon);
}

#[test]
fn every_kind_of_list_is_cut() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, "everything:12000");
    let mut client = client(&daemon);
    for (method, member) in [
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let count = until(member, || {
            let count = list(&mut client, method, member).len();
            (count > 0).then_some(count)
        });
        assert!((2_000..12_000).contains(&count), "{count} {member}");
    }
    let (findings, _) = doctor(&sandbox);
    for noun in ["prompts", "resources", "resource templates"] {
        assert!(says(&findings, &format!("of its 12000 {noun}")), "{noun}: {findings:?}");
    }
    all_goes_on(&mut client);
}

#[test]
fn pages_without_an_end_are_not_read_for_ever() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, "endless");
    let mut client = client(&daemon);
    let pages: usize = text(&client.call("bad__pages", &json!({})).json()).parse().unwrap();
    assert!((2..100).contains(&pages), "{pages} pages of a megabyte were read");
    let shown = until("the list", || {
        let shown = names(&mut client);
        shown.iter().any(|name| name == "bad__mirror").then_some(shown)
    });
    for name in ["bad__mirror", "bad__t0_0", "bad__t1_127", "good__increment"] {
        assert!(shown.iter().any(|shown| shown == name), "{name} is missing");
    }
    let (findings, _) = doctor(&sandbox);
    assert!(says(&findings, "tools/list is read no further"), "{findings:?}");
    all_goes_on(&mut client);
    is_small(&daemon);
}

#[test]
fn a_flood_of_wrong_definitions_is_told_once() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, "spoiled:20000");
    let mut client = client(&daemon);
    assert_eq!(text(&client.call("bad__spoil", &json!({})).json()), "spoiled");
    let fact = daemon.wait_for("definition_refused", |fact| fact["server"] == "bad");
    let message = fact["message"].as_str().unwrap();
    for words in ["9997 tools", "of its 20003 tools", "wrong 0: ", "wrong 9: ", "contains ' '"] {
        assert!(message.contains(words), "{words}: {message}");
    }
    assert!(message.len() < 4_000, "{message}");
    let (findings, bytes) = doctor(&sandbox);
    assert!(says(&findings, "tool wrong 0 is not shown"), "{findings:?}");
    assert!(says(&findings, "9987 more tools are not shown"), "{findings:?}");
    assert!(bytes < 10_000, "{bytes} bytes");
    all_goes_on(&mut client);
    // Nothing more was told by the time that calls are answered.
    daemon.expect_count("definition_refused", 1, |_| true);
}

#[test]
fn texts_of_megabytes_reach_no_client_whole() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, "wordy");
    let mut greeted = Http::tcp(&daemon);
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" } });
    let hello = greeted.request("initialize", &params);
    assert!(hello.body.len() < 100_000, "{} bytes", hello.body.len());
    let instructions = hello.json()["result"]["instructions"].as_str().unwrap().to_owned();
    assert!(instructions.contains("Beware! Beware! "), "the beginning is there");
    assert!(instructions.contains("cut by callmux"), "and that it is one");
    let mut client = client(&daemon);
    let wordy = until("the tool", || {
        let tools = list(&mut client, "tools/list", "tools");
        tools.into_iter().find(|tool| tool["name"] == "bad__wordy")
    });
    let description = wordy["description"].as_str().unwrap();
    assert!(description.starts_with("éé") && description.len() < 100_000, "{}", description.len());
    let (findings, _) = doctor(&sandbox);
    assert!(says(&findings, "its instructions have"), "{findings:?}");
    assert!(says(&findings, "its description has 5000000 bytes"), "{findings:?}");
    all_goes_on(&mut client);
}

#[test]
fn no_name_is_listed_twice_and_none_is_another_servers() {
    // Two that the fingerprint of a shortened name does not tell apart.
    let alike = ["16809", "148900"].map(|end| format!("{}{end}", "l".repeat(50)));
    let (path, sandbox) = (hostile(), Sandbox::new());
    let path = path.to_str().unwrap();
    let long = format!("--offer=named:{}", alike.join(","));
    // Names of one that never comes, of callmux, of the way out of a shared name.
    let thief = "--offer=named:late__increment,callmux_call,callmux_of_mine,a__log,log,free";
    let servers: [(&str, &[&str]); 4] = [
        ("b", &[path, &long]),
        ("a", &[path, thief]),
        ("z", &[path, "--offer=named:log"]),
        ("late", &[path, "--at-start=never_ready"]),
    ];
    let bare = "prefix = \"\"\n";
    let text = config(&servers)
        .replace("[servers.a]\n", &format!("[servers.a]\n{bare}"))
        .replace("[servers.z]\n", &format!("[servers.z]\n{bare}"))
        .replace("[servers.late]\n", "[servers.late]\nstart_timeout = \"100ms\"\n")
        .replace("exposure = \"no-meta\"", "exposure = \"full\"\nlist_timeout = \"1s\"");
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(&sandbox);
    for name in ["b", "a", "z"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    daemon.wait_for("server_failed", |fact| fact["server"] == "late");
    let mut client = client(&daemon);
    let shown = names(&mut client);
    let different: HashSet<&String> = shown.iter().collect();
    assert_eq!(different.len(), shown.len(), "{shown:?}");
    let has = |name: &str| shown.iter().any(|shown| shown == name);
    assert!(has("free") && has("callmux_status") && has("a__late__increment"), "{shown:?}");
    assert!(!has("late__increment") && !has("callmux_of_mine"), "{shown:?}");
    assert_eq!(shown.iter().filter(|name| name.starts_with("b__lll")).count(), 2, "{shown:?}");
    // Nor is it reached by a name that is not listed.
    let answer = client.call("callmux_of_mine", &json!({})).json();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let answer = client.call("late__increment", &json!({})).json();
    let failure = &answer["result"]["_meta"]["callmux/failure"];
    assert_eq!((&failure["server"], &failure["outcome"]), (&json!("late"), &json!("not_sent")));
}
