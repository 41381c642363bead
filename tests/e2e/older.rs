//! Servers that are older than July 2026, or that refuse what an older one should only ignore.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::remote::{echo, text};
use crate::support::far::{Far, Out, Seen, legacy};
use crate::support::{Daemon, Lines, Sandbox, hostile};

/// A daemon with hostile servers, each with these arguments.
fn start(sandbox: &Sandbox, servers: &[(String, Vec<String>)], lines: &str) -> Daemon {
    let path = hostile().display().to_string();
    let mut config = String::new();
    for (name, args) in servers {
        config += &format!("[servers.{name}]\ncommand = {path:?}\nargs = {args:?}\n{lines}\n");
    }
    sandbox.write("config/callmux/config.toml", &config);
    Daemon::start(sandbox)
}

/// What the server was told, one after the other: revision and elicitation, without who was told.
fn told(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let told = std::fs::read_to_string(sandbox.path(name)).unwrap_or_default();
    told.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

/// One server for each way, all of which write down what they are told.
fn each(
    sandbox: &Sandbox,
    ways: &[&str],
    args: impl Fn(&str) -> Vec<String>,
) -> Vec<(String, Vec<String>)> {
    let server = |(number, way): (usize, &&str)| {
        let name = format!("s{number}");
        let told = format!("--told={}", sandbox.path(&name).display());
        (name, [args(way), vec![told]].concat())
    };
    ways.iter().enumerate().map(server).collect()
}

fn ready(daemon: &Daemon, servers: &[(String, Vec<String>)], revision: Option<&str>) {
    for (name, args) in servers {
        let fact = daemon.wait_for("server_ready", |fact| fact["server"] == name.as_str());
        assert_eq!(fact["era"], "legacy", "{args:?}");
        let message = fact["message"].as_str().unwrap();
        assert!(revision.is_none_or(|revision| message.contains(revision)), "{args:?}: {message}");
    }
}

/// webclaw#107, lific#57, wenlan#761, fff#798, copilot-cli#4809 end on the probe; executor#1449 answers
/// it under no id.
const PROBED: [&str; 8] = [
    "exit",
    "close",
    "silence",
    r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"no"}}"#,
    r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"Invalid request parameters"}}"#,
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Server not initialized"}}"#,
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request"}}"#,
    r#"{"jsonrpc":"2.0","id":ID,"result":{}}"#,
];

#[test]
fn a_server_that_ends_on_the_probe_is_asked_in_the_older_way() {
    let sandbox = Sandbox::new();
    let servers = each(&sandbox, &PROBED, |way| vec![format!("--discover={way}")]);
    let daemon = start(&sandbox, &servers, "stop_timeout = \"300ms\"");
    ready(&daemon, &servers, None);
    let mut bridge = Lines::bridge(&sandbox);
    for (name, args) in &servers {
        let value = json!({ "value": { "content": [{ "type": "text", "text": "well" }] } });
        assert_eq!(text(&bridge.call(&format!("{name}__mirror"), &value)), "well", "{args:?}");
    }
    assert_eq!(daemon.count("server_failed", |_| true), 0, "{}", daemon.told());
    for (name, processes) in [("s0", 2), ("s1", 2), ("s2", 1), ("s3", 1), ("s5", 1), ("s7", 1)] {
        daemon.expect_count("server_started", processes, |fact| fact["server"] == name);
    }
    drop(daemon);
    // The next daemon knows.
    for (name, _) in &servers {
        std::fs::remove_file(sandbox.path(name)).unwrap();
    }
    let daemon = start(&sandbox, &servers, "");
    ready(&daemon, &servers, None);
    daemon.expect_count("server_started", servers.len(), |_| true);
    for (name, _) in &servers {
        let told = told(&sandbox, name);
        assert!(told.len() == 1 && told[0].starts_with("2025-11-25"), "{name}: {told:?}");
    }
}

/// One that hangs for ever after the probe costs one start.
#[test]
fn a_server_that_hangs_on_the_probe_is_asked_in_the_older_way() {
    let sandbox = Sandbox::new();
    let servers = each(&sandbox, &["stuck"], |way| vec![format!("--discover={way}")]);
    let lines = "start_timeout = \"1s\"\nstop_timeout = \"300ms\"";
    let daemon = start(&sandbox, &servers, lines);
    daemon.wait_for("server_failed", |fact| fact["server"] == "s0");
    // Where the machine is busy, a second may not be enough for any start.
    ready(&daemon, &servers, None);
    assert_eq!(told(&sandbox, "s0")[0], "discover null");
}

/// metals#8015, jenkins#120, matchbox#455, fcli#896: nothing but `elicitation: {}`, if that.
const REFUSED: [&str; 6] = [
    r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32603,"message":"Unrecognized field \"form\" (class io.modelcontextprotocol.spec.McpSchema$ClientCapabilities$Elicitation)"}}"#,
    r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"Invalid params"}}"#,
    r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"no"}}"#,
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
    "exit",
    "silence",
];

fn refusals(refuse: &str, revision: Option<&str>) {
    let sandbox = Sandbox::new();
    let unknown = r#"--discover={"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"no"}}"#;
    let servers = each(&sandbox, &REFUSED, |way| {
        vec![unknown.to_owned(), format!("--refuse={refuse}"), format!("--with={way}")]
    });
    // Half of it is what a server may be silent that has answered before.
    let lines = "start_timeout = \"40s\"\nstop_timeout = \"300ms\"";
    let daemon = start(&sandbox, &servers, lines);
    ready(&daemon, &servers, revision);
    let mut bridge = Lines::bridge(&sandbox);
    for (name, args) in &servers {
        let value = json!({ "value": { "content": [{ "type": "text", "text": "well" }] } });
        assert_eq!(text(&bridge.call(&format!("{name}__mirror"), &value)), "well", "{args:?}");
        let told = told(&sandbox, name);
        assert_eq!(told.len(), told.iter().collect::<BTreeSet<_>>().len(), "{name}: {told:?}");
        assert!(told.len() <= 8, "{told:?}");
    }
    assert_eq!(daemon.count("server_failed", |_| true), 0, "{}", daemon.told());
    drop(daemon);
    for (name, _) in &servers {
        std::fs::remove_file(sandbox.path(name)).unwrap();
    }
    let daemon = start(&sandbox, &servers, lines);
    ready(&daemon, &servers, revision);
    for (name, _) in &servers {
        assert_eq!(told(&sandbox, name).len(), 1, "it knows what {name} wants to hear");
    }
}

#[test]
fn metals_8015_a_server_that_refuses_modes_of_elicitation_is_told_of_none() {
    refusals("form", None);
}

#[test]
fn jenkins_120_a_server_that_refuses_elicitation_is_not_told_of_it() {
    refusals("elicitation", None);
}

#[test]
fn xiaohongshu_697_a_server_that_refuses_our_revision_is_asked_in_an_older_one() {
    refusals("2025-06-18", Some("2025-06-18"));
}

#[test]
fn graylog2_24701_down_to_the_oldest() {
    refusals("2024-11-05", Some("2024-11-05"));
}

/// A server that says nothing at all before it ends may be broken for another reason: its tries stay few,
/// and each is made in another way.
#[test]
fn a_server_that_ends_on_both_is_found_in_the_end() {
    let sandbox = Sandbox::new();
    let args = ["--discover=exit", "--refuse=2025-06-18", "--with=exit"];
    let servers = each(&sandbox, &[""], |_| args.map(str::to_owned).to_vec());
    let daemon = start(&sandbox, &servers, "");
    ready(&daemon, &servers, Some("2025-06-18"));
    let modes = r#"{"form":{},"url":{}}"#;
    let newest = format!("2025-11-25 {modes}");
    assert_eq!(
        told(&sandbox, "s0"),
        ["discover null", &newest, &newest, "2025-06-18 {}"],
        "{}",
        daemon.told()
    );
}

#[test]
fn a_server_that_refuses_everything_is_asked_a_bounded_number_of_times() {
    let sandbox = Sandbox::new();
    let refusal =
        r#"--with={"jsonrpc":"2.0","id":ID,"error":{"code":-32603,"message":"the first"}}"#;
    let args = ["--refuse=1999-01-01", refusal];
    let servers = each(&sandbox, &[""], |_| args.map(str::to_owned).to_vec());
    let daemon = start(&sandbox, &servers, "");
    let fact = daemon.wait_for("server_failed", |_| true);
    let reason = fact["reason"].as_str().unwrap();
    assert!(reason.contains("refused the handshake") && reason.contains("the first"), "{reason}");
    let pid = |line: &str| line.split_once(' ').unwrap().0.to_owned();
    let told = std::fs::read_to_string(sandbox.path("s0")).unwrap();
    let first = pid(told.lines().next().unwrap());
    assert_eq!(told.lines().filter(|line| pid(line) == first).count(), 8, "{told}");
}

const JSON: &str = "Content-Type: application/json";

/// What an older server on HTTP makes of the probe. `null`: an error that is about no id.
fn react(way: &str, seen: &Seen, out: &mut Out) {
    let null = |code: i64| {
        let error = json!({ "code": code, "message": "Bad Request: Server not initialized" });
        json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string()
    };
    match way {
        "200 {}" => out.json("{}"),
        "200 error" => out.json(r#"{"error":"method not found"}"#),
        "200 null" => out.json(&null(-32600)),
        "200 null -32000" => out.json(&null(-32000)),
        "200 error with its id" => out.json(&seen.error(-32601)),
        "200 another id" => out.json(r#"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Missing session ID"}}"#),
        "200 empty result" => out.json(&seen.result(&json!({}))),
        "200 list" => out.json("[]"),
        "200 empty" => out.json(""),
        "200 page" => out.whole("200 OK", &["Content-Type: text/html"], "<html>hello</html>"),
        "200 no JSON" => out.json("Not Found"),
        "stream" | "stream null" => {
            out.stream();
            if way == "stream null" {
                out.event(&null(-32600));
            }
            out.end();
        }
        "closed" => out.cut(),
        "reset" => out.reset(),
        "302" => out.whole("302 Found", &["Location: /login"], ""),
        "307" => out.whole("307 Temporary Redirect", &["Location: https://login.invalid/"], ""),
        "400 null" => out.whole("400 Bad Request", &[JSON], &null(-32000)),
        "400 error" => out.whole("400 Bad Request", &[JSON], &seen.error(-32601)),
        "404 error" => out.whole("404 Not Found", &[JSON], &seen.error(-32601)),
        "500 error" => out.whole("500 Internal Server Error", &[JSON], &seen.error(-32603)),
        status => out.whole(status, &["Content-Type: text/plain"], "no"),
    }
}

const REACTIONS: [&str; 34] = [
    "200 {}",
    "200 error",
    "200 null",
    "200 null -32000",
    "200 error with its id",
    "200 another id",
    "200 empty result",
    "200 list",
    "200 empty",
    "200 page",
    "200 no JSON",
    "stream",
    "stream null",
    "closed",
    "reset",
    "302",
    "307",
    "400 null",
    "400 error",
    "404 error",
    "500 error",
    "202 Accepted",
    "204 No Content",
    "400 Bad Request",
    "404 Not Found",
    "405 Method Not Allowed",
    "406 Not Acceptable",
    "415 Unsupported Media Type",
    "422 Unprocessable Content",
    "500 Internal Server Error",
    "501 Not Implemented",
    "502 Bad Gateway",
    "503 Service Unavailable",
    "504 Gateway Timeout",
];

/// A daemon with these servers, all ready.
fn remotes(sandbox: &Sandbox, fars: &[(&str, Far)], lines: &str) -> Daemon {
    let mut config = String::new();
    for (number, (_, far)) in fars.iter().enumerate() {
        config += &format!("[servers.s{number}]\nurl = {:?}\n{lines}\n", far.url());
    }
    sandbox.write("config/callmux/config.toml", &config);
    let daemon = Daemon::start(sandbox);
    for (number, (way, far)) in fars.iter().enumerate() {
        let server = format!("s{number}");
        let settled = |fact: &Value| fact["server"] == server.as_str();
        let told = || far.seen().iter().map(|seen| seen.text.clone()).collect::<Vec<_>>();
        let fact = daemon.wait_for("server_ready", settled);
        assert_eq!(fact["era"], "legacy", "{way}: {:?}", told());
    }
    daemon
}

#[test]
fn whatever_a_remote_server_makes_of_the_probe_it_is_asked_in_the_older_way() {
    let sandbox = Sandbox::new();
    let far = |way: &'static str| {
        let rest = legacy(echo);
        let far = Far::start(move |seen, out| match seen.method() {
            "server/discover" => react(way, seen, out),
            _ => rest(seen, out),
        });
        (way, far)
    };
    let fars = REACTIONS.map(far);
    let daemon = remotes(&sandbox, &fars, "");
    let mut bridge = Lines::bridge(&sandbox);
    for (number, (way, _)) in fars.iter().enumerate() {
        let answer = bridge.call(&format!("s{number}__echo"), &json!({}));
        assert!(text(&answer).contains("tools/call"), "{way}: {answer}");
    }
    assert_eq!(daemon.count("server_failed", |_| true), 0, "{}", daemon.told());
    drop(daemon);
    let _daemon = remotes(&sandbox, &fars, "");
    for (way, far) in &fars {
        assert_eq!((far.count("server/discover"), far.count("initialize")), (1, 2), "{way}");
    }
}

/// A status that says who may ask keeps its meaning: nothing is tried beside it.
#[test]
fn who_may_not_ask_is_told_so() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let sandbox = Sandbox::new();
        let far = Far::start(move |_, out| out.whole(status, &[], ""));
        sandbox.write(
            "config/callmux/config.toml",
            &format!("[servers.far]\nurl = {:?}\n", far.url()),
        );
        let daemon = Daemon::start(&sandbox);
        let fact = daemon.wait_for("server_failed", |_| true);
        assert!(fact["reason"].as_str().unwrap().contains(status), "{fact}");
        let before = far.seen().iter().filter(|seen| seen.method() == "initialize").count();
        assert!(before <= far.count("server/discover"), "once for each probe");
    }
}

/// How an `initialize` is refused over HTTP.
fn refuse(way: &str, seen: &Seen, out: &mut Out) {
    let error = |code: i64, message: &str| {
        let data = json!({ "supported": ["2025-03-26", "2024-11-05"], "requested": "2025-11-25" });
        let error = json!({ "code": code, "message": message, "data": data });
        json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error }).to_string()
    };
    let plain = &["Content-Type: text/plain"];
    match way {
        "named" => out.json(&error(-32602, "Unsupported protocol version")),
        "named in a 400" => out.whole("400 Bad Request", &[JSON], &error(-32602, "no")),
        "modern code" => out.json(&error(-32022, "Unsupported protocol version")),
        "-32602" => out.json(&seen.error(-32602)),
        "-32603" => out.json(&seen.error(-32603)),
        "-32000 in a 400" => out.whole("400 Bad Request", &[JSON], &seen.error(-32000)),
        // xiaohongshu#697
        "text" => out.whole("400 Bad Request", plain, "Bad Request: Unsupported protocol version (supported versions: 2025-03-26, 2024-11-05)"),
        "null" => {
            let error = json!({ "code": -32600, "message": "Invalid Request" });
            out.json(&json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string());
        }
        "stream" => {
            out.stream();
            out.event(&seen.error(-32602));
            out.end();
        }
        "closed" => out.cut(),
        // obsidian-local-rest-api#329
        "silence" => out.wait_for_close(),
        status => out.whole(status, plain, "no"),
    }
}

const WAYS_TO_REFUSE: [&str; 14] = [
    "named",
    "named in a 400",
    "modern code",
    "-32602",
    "-32603",
    "-32000 in a 400",
    "text",
    "null",
    "stream",
    "closed",
    "silence",
    "400 Bad Request",
    "422 Unprocessable Content",
    "500 Internal Server Error",
];

/// Servers that take only what `likes` says of the params of `initialize`.
fn refusing(likes: fn(&Value) -> bool) {
    let sandbox = Sandbox::new();
    let far = |way: &'static str| {
        let rest = legacy(echo);
        let far = Far::start(move |seen, out| match seen.method() {
            "initialize" if !likes(&seen.body["params"]) => refuse(way, seen, out),
            "initialize" => {
                let result = json!({ "protocolVersion": seen.body["params"]["protocolVersion"],
                    "serverInfo": { "name": "far", "version": "1" },
                    "capabilities": { "tools": {} } });
                out.json(&seen.result(&result));
            }
            _ => rest(seen, out),
        });
        (way, far)
    };
    let fars = WAYS_TO_REFUSE.map(far);
    let daemon = remotes(&sandbox, &fars, "start_timeout = \"40s\"");
    let mut bridge = Lines::bridge(&sandbox);
    for (number, (way, far)) in fars.iter().enumerate() {
        let answer = bridge.call(&format!("s{number}__echo"), &json!({}));
        assert!(text(&answer).contains("tools/call"), "{way}: {answer}");
        assert!(far.count("initialize") <= 7, "{way}: {}", far.count("initialize"));
    }
    assert_eq!(daemon.count("server_failed", |_| true), 0, "{}", daemon.told());
    let before: Vec<usize> = fars.iter().map(|(_, far)| far.count("initialize")).collect();
    drop(daemon);
    let _daemon = remotes(&sandbox, &fars, "");
    for ((way, far), before) in fars.iter().zip(before) {
        assert_eq!(far.count("initialize"), before + 1, "{way}: it knows what it wants to hear");
    }
}

#[test]
fn matchbox_455_a_remote_server_that_refuses_modes_of_elicitation_is_told_of_none() {
    refusing(|params| params["capabilities"]["elicitation"]["form"].is_null());
}

#[test]
fn a_remote_server_that_refuses_our_revision_is_asked_in_an_older_one() {
    refusing(|params| {
        ["2025-03-26", "2024-11-05"].contains(&params["protocolVersion"].as_str().unwrap())
    });
}
