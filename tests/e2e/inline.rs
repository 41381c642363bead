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
    command.args(["--", callmux(), "example-server", "counter"]);
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
        command.arg("--").arg(&hostile);
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
    command.args(["--", callmux(), "example-server", "slow"]);
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
    command.arg("--").arg(hostile);
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
