//! Servers that sleep until they are called.

use serde_json::json;

use crate::support::{Daemon, Http, Sandbox, callmux, config, until};

fn daemon(sandbox: &Sandbox, keys: &str) -> Daemon {
    let text = config(&[("counter", &[callmux(), "example-server", "counter"])]);
    sandbox.write("config/callmux/config.toml", &format!("{text}{keys}\n"));
    Daemon::start(sandbox)
}

fn tools(client: &mut Http) -> Vec<String> {
    let list = client.request("tools/list", &json!({})).json();
    let tools = list["result"]["tools"].as_array().unwrap().iter();
    tools.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_lazy_server_is_listed_from_memory_and_started_by_its_first_call() {
    let sandbox = Sandbox::new();
    let mut first = daemon(&sandbox, "lazy = true");
    // Nothing is known of it yet, so it is asked.
    first.wait_for("server_ready", |_| true);
    let known = tools(&mut Http::tcp(&first).legacy(&json!({})));
    assert_eq!(first.stop(), Some(0));

    let second = Daemon::start(&sandbox);
    let mut client = Http::tcp(&second).legacy(&json!({}));
    assert_eq!(tools(&mut client), known);
    assert_eq!(second.count("server_started", |_| true), 0);
    let answer = client.call("counter__increment", &json!({})).json();
    assert_eq!(answer["result"]["structuredContent"]["value"], 1, "{answer}");
    second.wait_for("server_started", |_| true);
    second.expect_count("server_started", 1, |_| true);
}

#[test]
fn an_idle_server_is_ended_and_comes_back_when_it_is_called() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox, "idle_stop = \"200ms\"");
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let known = tools(&mut client);
    client.call("counter__increment", &json!({}));
    for _ in 0..2 {
        until("the idle server's end", || {
            let told = Http::unix(&daemon).bare("GET", "/api/v1/status", &[]).json();
            (told["servers"][0]["phase"] == "asleep").then_some(())
        });
        assert_eq!(tools(&mut client), known, "its tools stay");
        let answer = client.call("counter__value", &json!({})).json();
        assert_eq!(answer["result"]["structuredContent"]["value"], 0, "{answer}");
    }
    daemon.wait_for_count("server_stopped", 2, |_| true);
    assert_eq!(daemon.count("server_failed", |_| true), 0);
    daemon.expect_count("tools_changed", 1, |_| true);
}

#[test]
fn a_call_that_takes_longer_than_the_limit_keeps_its_server() {
    let sandbox = Sandbox::new();
    let text = config(&[("slow", &[callmux(), "example-server", "slow"])]);
    sandbox.write("config/callmux/config.toml", &format!("{text}idle_stop = \"50ms\"\n"));
    let daemon = Daemon::start(&sandbox);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let answer = client.call("slow__wait", &json!({ "seconds": 0.5, "steps": 1 })).json();
    assert!(
        answer["result"]["content"][0]["text"].as_str().unwrap().contains("waited"),
        "{answer}"
    );
}
