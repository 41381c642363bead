//! `callmux bridge`: a session that outlives connections and daemons.

use serde_json::json;

use crate::support::{Daemon, Lines, Sandbox, config, hostile};

const MAIN: &str = "config/callmux/config.toml";
const PROGRAM: &str = env!("CARGO_BIN_EXE_callmux");

fn counter() -> [(&'static str, &'static [&'static str]); 2] {
    [
        ("counter", &[PROGRAM, "example-server", "counter"]),
        ("slow", &[PROGRAM, "example-server", "slow"]),
    ]
}

#[test]
fn a_client_hears_what_a_direct_one_would() {
    let sandbox = Sandbox::new();
    let _daemon = Daemon::with(&sandbox, &counter());
    let mut client = Lines::bridge(&sandbox);
    let list = client.request("tools/list", &json!({}));
    assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 4);
    assert_eq!(
        client.call("counter__increment", &json!({ "by": 2 }))["result"]["structuredContent"]["value"],
        2
    );
    let id = client.send(
        "tools/call",
        &json!({ "name": "slow__wait", "arguments": { "seconds": 0.05, "steps": 5 }, "_meta": { "progressToken": "p" } }),
    );
    client.answer(id);
    let progress = client.waiting();
    assert_eq!(progress.len(), 5, "{progress:?}");
    assert!(progress.iter().all(|line| line.contains(r#""progressToken":"p""#)));
    assert_eq!(client.finish(), Some(0));
}

#[test]
fn a_bridge_starts_before_its_daemon() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.arg("bridge");
    let mut client = Lines::start(command);
    // Nobody is there: the bridge greets for the daemon that will come.
    let greeting = client.greet(&json!({}));
    assert_eq!(greeting["result"]["serverInfo"]["name"], "callmux");
    let call = client.start_call("counter__value", &json!({}));
    let _daemon = Daemon::with(&sandbox, &counter());
    assert_eq!(client.answer(call)["result"]["structuredContent"]["value"], 0);
    let list = client.request("tools/list", &json!({}));
    assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 4);
}

#[test]
fn calls_inside_of_one_call_are_not_made_twice() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::with(&sandbox, &counter());
    let mut client = Lines::bridge(&sandbox);
    let calls = json!({ "calls": [
        { "tool": "counter__increment", "arguments": { "by": 7 } },
        { "tool": "slow__wait", "arguments": { "seconds": 60, "steps": 1 } },
    ] });
    let effects = client.start_call("callmux_parallel", &calls);
    daemon.wait_for("call_finished", |fact| fact["tool"] == "counter__increment");
    daemon.kill();
    let daemon = Daemon::with(&sandbox, &counter());
    let lost = client.answer(effects);
    let failure = &lost["result"]["_meta"]["callmux/failure"];
    assert_eq!(
        (&failure["outcome"], &failure["tool"]),
        (&json!("outcome_unknown"), &json!("callmux_parallel")),
        "{lost}"
    );
    // The new process of the server would have counted.
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 0);
    assert_eq!(daemon.count("call_finished", |fact| fact["tool"] == "counter__increment"), 0);
    // What only reads is done again.
    let found = client.call("callmux_search_tools", &json!({ "query": "wait" }));
    assert_eq!(found["result"]["structuredContent"]["results"][0]["tool"], "slow__wait");
}

#[test]
fn a_session_survives_daemons() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::with(&sandbox, &counter());
    let mut client = Lines::bridge(&sandbox);
    let before = client.request("tools/list", &json!({}))["result"].clone();
    for round in 0..3 {
        // A call that runs when the daemon dies may have had its effect.
        let running = client.start_call("slow__wait", &json!({ "seconds": 60 }));
        daemon.wait_for("session_opened", |fact| fact["front"] == "link");
        client.call("counter__value", &json!({}));
        daemon.kill();
        // One that is made while there is no daemon cannot have had any.
        let waiting = client.start_call("counter__increment", &json!({}));
        daemon = Daemon::with(&sandbox, &counter());
        let lost = client.answer(running);
        assert_eq!(
            lost["result"]["_meta"]["callmux/failure"]["outcome"], "outcome_unknown",
            "round {round}"
        );
        assert_eq!(
            client.answer(waiting)["result"]["structuredContent"]["value"],
            1,
            "round {round}"
        );
    }
    assert_eq!(client.request("tools/list", &json!({}))["result"], before);
    assert!(
        client.waiting().is_empty(),
        "nothing changed, so nothing was announced: {:?}",
        client.waiting()
    );
}

/// A call may have had its effect whatever the next daemon makes of its name.
#[test]
fn a_call_that_may_have_run_is_never_said_to_be_unknown() {
    let sandbox = Sandbox::new();
    let mut client = Lines::bridge(&sandbox);
    let go = sandbox.path("go");
    let late = format!(
        "until test -e '{}'; do sleep 0.02; done; exec '{PROGRAM}' example-server slow",
        go.display()
    );
    let [rest, slow] = counter();
    let late = ["sh", "-c", &late];
    let next = [
        ("still starts", vec![rest, ("slow", &late)]),
        ("cannot start", vec![rest, ("slow", &["sh", "-c", "exit 3"])]),
        ("is gone", vec![rest]),
        ("is there", vec![rest, slow]),
    ];
    for (what, servers) in next {
        let mut daemon = Daemon::with(&sandbox, &counter());
        let running =
            ["wait", "slow__wait"].map(|name| client.start_call(name, &json!({ "seconds": 60 })));
        client.call("counter__value", &json!({}));
        daemon.kill();
        sandbox.write(MAIN, &config(&servers));
        let _daemon = Daemon::start(&sandbox);
        // Asked after them, answered before them while their server starts.
        client.call("counter__value", &json!({}));
        sandbox.write("go", "");
        for call in running {
            let lost = client.answer(call);
            let failure = &lost["result"]["_meta"]["callmux/failure"];
            assert_eq!(failure["outcome"], "outcome_unknown", "its server {what}: {lost}");
        }
    }
}

#[test]
fn a_bare_name_waits_for_a_server_that_starts() {
    let sandbox = Sandbox::new();
    let go = sandbox.path("go");
    let late = format!(
        "until test -e '{}'; do sleep 0.02; done; exec '{PROGRAM}' example-server counter",
        go.display()
    );
    sandbox.write(MAIN, &config(&[counter()[1], ("counter", &["sh", "-c", &late])]));
    let _daemon = Daemon::start(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    let call = client.start_call("value", &json!({}));
    client.call("slow__wait", &json!({ "seconds": 0 }));
    let wrong = client.call("slow__value", &json!({}));
    assert_eq!(wrong["error"]["code"], -32602, "its server has said what it has: {wrong}");
    sandbox.write("go", "");
    assert_eq!(client.answer(call)["result"]["structuredContent"]["value"], 0);
}

#[test]
fn a_daemon_that_is_told_to_stop_lets_calls_finish() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::with(&sandbox, &counter());
    let mut client = Lines::bridge(&sandbox);
    let call = client.start_call("slow__wait", &json!({ "seconds": 0.5, "steps": 1 }));
    client.call("counter__increment", &json!({}));
    assert_eq!(daemon.stop(), Some(0));
    assert!(
        client.answer(call)["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("waited 0.5 s")
    );
    daemon.expect_count("daemon_stopped", 1, |fact| fact["calls"] == "0");
}

#[test]
fn a_cancelled_call_is_taken_back_and_never_answered() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &counter());
    let mut client = Lines::bridge(&sandbox);
    let call = client.start_call("slow__wait", &json!({ "seconds": 60 }));
    client.write(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": call } }).to_string());
    daemon.wait_for("call_finished", |fact| fact["outcome"] == "cancelled");
    client.call("counter__value", &json!({}));
    assert!(client.waiting().is_empty());
}

#[test]
fn a_servers_question_reaches_the_client_and_comes_back() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let _daemon = Daemon::with(&sandbox, &[("h", &[path.to_str().unwrap()])]);
    let mut command = sandbox.command();
    command.arg("bridge");
    let mut client = Lines::start(command);
    client.greet(&json!({ "elicitation": {} }));
    let call = client.start_call("h__ask", &json!({}));
    let line = client.take("the question", |line| line.contains("elicitation/create"));
    let question: serde_json::Value = serde_json::from_str(&line).unwrap();
    client.write(&format!(
        r#"{{"jsonrpc":"2.0","id":{},"result":{{"action":"accept","content":{{"name":"é"}}}}}}"#,
        question["id"]
    ));
    assert_eq!(client.answer(call)["result"]["answered"]["content"]["name"], "é");

    // A client that cannot be asked is not.
    let mut deaf = Lines::bridge(&sandbox);
    let answer = deaf.call("h__ask", &json!({}));
    assert!(
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("cannot be asked elicitation/create")
    );
}

#[test]
fn the_clients_directory_arrives_whatever_its_characters() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &counter());
    sandbox.write("プロジェクト é/file", "");
    let mut command = sandbox.command();
    command.arg("bridge").current_dir(sandbox.path("プロジェクト é"));
    let mut client = Lines::start(command);
    client.greet(&json!({}));
    let expected = sandbox.path("プロジェクト é");
    daemon.wait_for("session_opened", |fact| fact["cwd"] == expected.to_str().unwrap());
}

#[test]
fn a_real_change_of_the_tools_is_announced_once() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let _daemon = Daemon::with(&sandbox, &[("h", &[path.to_str().unwrap()])]);
    let mut client = Lines::bridge(&sandbox);
    let count = |client: &mut Lines| {
        client.request("tools/list", &json!({}))["result"]["tools"].as_array().unwrap().len()
    };
    let before = count(&mut client);
    client.call("h__grow", &json!({}));

    client.take("the announcement", |line| line.contains("notifications/tools/list_changed"));
    assert_eq!(count(&mut client), before + 1);
    assert!(client.waiting().is_empty(), "{:?}", client.waiting());
}

#[test]
fn it_also_works_over_tcp() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &counter());
    let mut command = sandbox.command();
    command.args(["bridge", "--url", &format!("http://{}/mcp", daemon.address)]);
    let mut client = Lines::start(command);
    client.greet(&json!({}));
    assert_eq!(
        client.call("counter__increment", &json!({}))["result"]["structuredContent"]["value"],
        1
    );
}
