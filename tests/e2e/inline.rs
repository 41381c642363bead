//! `callmux -- command …`: one server, one client, one world.

use serde_json::json;

use crate::support::{Lines, Sandbox, callmux, descendants, is_alive, until};

#[test]
fn a_server_keeps_its_names_and_goes_with_its_client() {
    let sandbox = Sandbox::new();
    let mut client = Lines::inline(&sandbox, &[callmux(), "example-server", "counter"]);
    let list = client.request("tools/list", &json!({}));
    let names: Vec<&str> = list["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["increment", "reset", "value"]);
    let answer = client.call("increment", &json!({ "by": 3 }));
    assert_eq!(answer["result"]["structuredContent"]["value"], 3);
    let below = descendants(client.pid());
    assert!(!below.is_empty(), "the server is a child");
    assert_eq!(client.finish(), Some(0));
    until("the end of every child", || below.iter().all(|pid| !is_alive(*pid)).then_some(()));
}

#[test]
fn requests_that_come_before_the_server_is_ready_are_answered() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["--plain", "--", callmux(), "example-server", "counter"]);
    let mut client = Lines::start(command);
    client.write(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"value"}}"#);
    let answer = client.next();
    assert!(answer.starts_with(r#"{"jsonrpc":"2.0","id":1,"result":"#), "{answer}");
    assert_eq!(client.finish(), Some(0));
}

#[test]
fn what_the_server_tells_agents_is_there_from_the_first_answer() {
    let sandbox = Sandbox::new();
    let hostile = crate::support::hostile();
    let start = || {
        let mut command = sandbox.command();
        command.args(["--plain", "--"]).arg(&hostile);
        Lines::start(command)
    };
    let answer = start().greet(&json!({}));
    assert_eq!(answer["result"]["instructions"], "Beware.");
    let mut client = start();
    client.write(&crate::support::http::modern_body("server/discover", &json!({})));
    let answer: serde_json::Value = serde_json::from_str(&client.next()).unwrap();
    assert_eq!(answer["result"]["instructions"], "Beware.");
}

#[test]
fn answers_are_written_even_when_the_input_has_ended() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["--plain", "--", callmux(), "example-server", "slow"]);
    let mut client = Lines::start(command);
    client.start_call("wait", &json!({ "seconds": 0.2, "steps": 1 }));
    assert_eq!(client.finish(), Some(0));
    assert!(client.next().contains("waited 0.2 s"));
}

#[test]
fn the_server_runs_where_its_client_started_us_with_its_environment() {
    let sandbox = Sandbox::new();
    sandbox.write("work dir é/file", "");
    let hostile = crate::support::hostile();
    let mut command = sandbox.command();
    command
        .current_dir(sandbox.path("work dir é"))
        .env("CLIENT_GAVE", "this")
        .env("NOTIFY_SOCKET", "/x");
    command.args(["--plain", "--"]).arg(hostile);
    let mut client = Lines::start(command);
    client.greet(&json!({}));
    let answer = client.call("environment", &json!({}));
    let told: serde_json::Value =
        serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(told["cwd"], sandbox.path("work dir é").to_str().unwrap());
    assert_eq!(told["fds"], 3);
    let names: Vec<&str> =
        told["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(names.contains(&"CLIENT_GAVE") && !names.contains(&"NOTIFY_SOCKET"), "{names:?}");
}

#[test]
fn a_command_that_cannot_start_is_named_in_every_answer() {
    let sandbox = Sandbox::new();
    let mut client = Lines::inline(&sandbox, &["no-such-command-at-all"]);
    let list = client.request("tools/list", &json!({}));
    assert_eq!(list["result"]["tools"], json!([]));
    assert_eq!(client.finish(), Some(0));
}

fn names(client: &mut Lines) -> Vec<String> {
    let list = client.request("tools/list", &json!({}));
    let tools = list["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// One that is started with these words, greeted.
fn started(sandbox: &Sandbox, words: &[&str]) -> Lines {
    let mut command = sandbox.command();
    command.args(words);
    let mut client = Lines::start(command);
    client.greet(&json!({}));
    client
}

#[test]
fn without_plain_a_server_has_our_tools_beside_its_own() {
    let sandbox = Sandbox::new();
    let server = ["--", callmux(), "example-server", "counter"];
    let mut client = started(&sandbox, &server);
    let all = names(&mut client);
    for name in ["increment", "reset", "value", "callmux_get_result"] {
        assert!(all.iter().any(|it| it == name), "{name}: {all:?}");
    }
    let calls = json!({ "calls": [{ "tool": "increment", "arguments": {} }, { "tool": "value", "arguments": {} }] });
    let both = client.call("callmux_parallel", &calls);
    assert!(both["result"]["isError"] != true, "{both}");
    assert_eq!(client.finish(), Some(0));

    let mut client = started(&sandbox, &[&["--exposure", "meta-only"], &server[..]].concat());
    assert!(names(&mut client).iter().all(|name| name.starts_with("callmux_")));
    let options = ["--tools", "value,res*", "--exposure", "no-meta"];
    let mut client = started(&sandbox, &[&options, &server[..]].concat());
    assert_eq!(names(&mut client), ["reset", "value"]);
    let refused = client.call("increment", &json!({}));
    assert!(refused["error"].is_object() || refused["result"]["isError"] == true, "{refused}");
}

#[test]
fn results_of_reading_tools_are_given_again_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    let (tools, log) = (crate::support::tools(), sandbox.path("ledger"));
    let mut words = vec!["--cache", "1h", "--max-result", "1KiB", "--"];
    words.extend([tools.to_str().unwrap(), "--log", log.to_str().unwrap()]);
    let mut client = started(&sandbox, &words);
    let first = client.call("counter", &json!({}));
    assert_eq!(client.call("counter", &json!({}))["result"], first["result"]);
    assert_eq!(client.finish(), Some(0));
}

#[test]
fn a_whole_config_is_served_without_a_daemon() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "config/callmux/config.toml",
        &format!(
            "[servers.a]\ncommand = {0:?}\nargs = [\"example-server\", \"counter\"]\n[servers.b]\ncommand = {0:?}\nargs = [\"example-server\", \"time\"]\n",
            callmux()
        ),
    );
    // Clients of the npm callmux start it without a word.
    for words in [&["stdio"][..], &[]] {
        let mut client = started(&sandbox, words);
        let all = names(&mut client);
        for name in ["a__value", "b__now", "callmux_get_result"] {
            assert!(all.iter().any(|it| it == name), "{name}: {all:?}");
        }
        let value = client.call("a__increment", &json!({ "by": 2 }));
        assert_eq!(value["result"]["structuredContent"]["value"], 2, "{value}");
        let below = descendants(client.pid());
        assert_eq!(client.finish(), Some(0));
        until("the end of every child", || below.iter().all(|pid| !is_alive(*pid)).then_some(()));
    }
    assert!(!sandbox.socket().exists());
    let kept = sandbox.path(".local/state/callmux");
    let kept: Vec<_> = std::fs::read_dir(kept).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(kept, ["pins"], "what was seen of servers is compared here, too");
    // Options of the one behind `--` are for nothing else.
    let output = sandbox.command().args(["--plain", "stdio"]).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    sandbox.write("config/callmux/config.toml", "nonsense = 1\n");
    let output = sandbox.command().arg("stdio").output().unwrap();
    assert_eq!(output.status.code(), Some(65));
}
