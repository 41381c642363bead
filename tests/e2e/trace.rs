//! `callmux trace`.

use serde_json::{Value, json};

use crate::support::{Daemon, Lines, Pty, Sandbox, callmux};

fn bridge(sandbox: &Sandbox, name: &str) -> Lines {
    let mut command = sandbox.command();
    command.arg("bridge");
    let mut bridge = Lines::start(command);
    bridge.greet_as(name, &json!({}));
    bridge
}

fn trace(sandbox: &Sandbox, args: &[&str]) -> Lines {
    let mut command = sandbox.command();
    command.arg("trace").args(args);
    Lines::start(command)
}

fn call(bridge: &mut Lines, tool: &str) {
    let id = bridge.start_call(tool, &json!({}));
    bridge.take("the answer", |line| line.contains(&format!("\"id\":{id}")));
}

#[test]
fn the_calls_of_a_session_are_shown_until_it_is_over() {
    let sandbox = Sandbox::new();
    let failing = [callmux(), "example-server", "failing"];
    let counter = [callmux(), "example-server", "counter"];
    let daemon = Daemon::with(&sandbox, &[("counter", &counter), ("failing", &failing)]);
    let (mut first, mut second) = (bridge(&sandbox, "first-agent"), bridge(&sandbox, "second"));
    daemon.wait_for_count("session_opened", 2, |_| true);
    let mut text = trace(&sandbox, &["FIRST"]);
    text.take("the heading", |line| line.starts_with("TIME "));
    let mut newest = trace(&sandbox, &["--json"]);
    let all = trace(&sandbox, &["--all"]);
    all.take("the heading", |line| line.starts_with("TIME "));
    // It has begun once it tells of anything.
    let of_newest = loop {
        call(&mut second, "counter__value");
        if let Some(line) = newest.waiting().pop() {
            break line;
        }
    };
    call(&mut first, "counter__increment");
    call(&mut first, "failing__fail");
    let line = text.take("the call", |line| line.contains("counter__increment"));
    assert!(line.contains(" first-agent ") && line.contains(" done "), "{line}");
    let line = text.take("the failure", |line| line.contains("failing__fail"));
    assert!(line.contains(" tool_error "), "{line}");
    all.take("the first's", |line| line.contains("first-agent") && line.contains("increment"));
    all.take("the second's", |line| line.contains("second") && line.contains("counter__value"));
    let fact: Value = serde_json::from_str(&of_newest).unwrap();
    assert_eq!((&fact["fact"], &fact["tool"]), (&json!("call_finished"), &json!("counter__value")));
    assert!(fact["session"].as_str().is_some_and(|id| id.len() == 32), "{fact}");

    let output = sandbox.command().args(["trace", "--list"]).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(listed.contains("first-agent 1") && listed.contains(" today"), "{listed}");
    let output = sandbox.command().args(["trace", "nobody"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));

    let others = text.waiting().into_iter().find(|line| line.contains("counter__value"));
    assert_eq!(others, None, "of another session");
    first.finish();
    assert_eq!(text.finish(), Some(0), "it ends with the session");
    all.take("the end of a session", |line| line.contains(" closed"));
    second.finish();
    assert_eq!(newest.finish(), Some(0));
    drop(daemon);
    let output = sandbox.command().arg("trace").output().unwrap();
    assert_eq!(output.status.code(), Some(69));
}

#[test]
fn it_fits_a_terminal_and_ends_with_ctrl_c() {
    let sandbox = Sandbox::new();
    let long = "a-server-whose-name-has-forty-characters";
    let failing = [callmux(), "example-server", "failing"];
    let daemon = Daemon::with(&sandbox, &[(long, &failing)]);
    let mut pty = Pty::start(&sandbox, &format!("{} trace --all", callmux()));
    pty.answer("TIME ", "");
    let mut agent = bridge(&sandbox, "an-agent-with-a-long-name");
    daemon.wait_for("session_opened", |_| true);
    let id = agent.start_call(&format!("{long}__fail"), &json!({}));
    agent.take("the answer", |line| line.contains(&format!("\"id\":{id}")));
    pty.answer("tool_error", "\u{3}");
    let (code, shown) = pty.finish();
    assert_eq!(code, Some(130), "{shown}");
    for line in shown.lines() {
        let plain: String = line
            .split("\x1b[")
            .map(|part| part.split_once('m').map_or(part, |(_, rest)| rest))
            .collect();
        assert!(plain.chars().count() <= 80, "{plain:?}");
    }
}
