//! Rows about the config and the log.

use serde_json::{Value, json};

use super::{MAIN, far_echo, run, started, text};
use crate::support::{CANARY, Daemon, Lines, Sandbox, canary, until};

#[test]
fn mx04_without_an_address_only_the_socket_of_the_user_is_served() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.command().args(["serve", "--log-format", "json"]).spawn();
    let told = until("the daemon", || {
        let (_, told) = sandbox.watch.logs().pop().unwrap();
        told.contains("daemon_ready").then_some(told)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    // The last line may be half written.
    let facts = told[..=told.rfind('\n').unwrap()]
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let listening: Vec<Value> = facts.filter(|fact| fact["fact"] == "listening").collect();
    assert_eq!(listening.len(), 1, "{told}");
    let address = listening[0]["address"].as_str().unwrap();
    assert!(address.ends_with(sandbox.socket().to_str().unwrap()), "{address}");
}

#[test]
fn mx09_the_config_is_the_users_unless_another_is_named() {
    let sandbox = Sandbox::new();
    let of = |name: &str| format!("[servers.{name}]\ncommand = \"x\"\n");
    sandbox.write(MAIN, &of("usual"));
    sandbox.write("config.toml", &of("of_the_working_directory"));
    sandbox.write("other.toml", &of("named"));
    for (args, name) in [
        (&["config", "show"][..], "usual"),
        (&["config", "show", "--config", "other.toml"], "named"),
    ] {
        let (code, stdout, stderr) = run(&sandbox, args);
        assert_eq!(code, Some(0), "{stderr}");
        let servers: Vec<_> = stdout.lines().filter(|line| line.starts_with("[servers.")).collect();
        assert_eq!(servers, [format!("[servers.{name}]")]);
    }
}

#[test]
fn mx10_variables_are_filled_in_and_a_missing_one_is_an_error() {
    let (sandbox, far) = (Sandbox::new(), far_echo());
    let table = |name: &str, token: &str| {
        format!("[servers.{name}]\nurl = {:?}\nheaders = {{ X-Key = {token:?} }}\n", far.url())
    };
    let tables = table("set", "a ${MX_TOKEN} $ $${X}") + &table("unset", "${MX_NOT_SET}");
    sandbox.write(MAIN, &tables);
    let daemon = Daemon::start_with(&sandbox, &[("MX_TOKEN", canary!("-variable"))]);
    daemon.wait_for("server_ready", |fact| fact["server"] == "set");
    let missing = |fact: &Value| fact.to_string().contains("MX_NOT_SET is not set");
    until("the complaint", || daemon.told().lines().find(|line| missing(&json!(line))).map(drop));
    assert!(
        far.seen().iter().all(
            |seen| seen.header("x-key") == Some(concat!("a ", canary!("-variable"), " $ ${X}"))
        )
    );
    let answer = Lines::bridge(&sandbox).call("set__echo", &json!({}));
    text(&answer);
}

#[test]
fn mx11_each_mistake_is_named_with_its_key() {
    let sandbox = Sandbox::new();
    let remote = "url = \"http://127.0.0.1:1/mcp\"\n";
    let check = |text: &str, words: &str| {
        sandbox.write(MAIN, text);
        let (code, stdout, stderr) = run(&sandbox, &["config", "check"]);
        assert_eq!(code, Some(65), "{text}: {stdout}{stderr}");
        assert!(stderr.contains(words), "{text}: {stderr}");
        let (code, _, stderr) = run(&sandbox, &["serve"]);
        assert!(code == Some(65) && stderr.contains(words), "{text}: {stderr}");
    };
    let server = |rest: &str| format!("[servers.far]\n{rest}\n");
    check(&server(""), "servers.far.command: is missing");
    check(&server("url = \"ftp://x\""), "servers.far.url: must begin with");
    check(&server("url = \"http://\""), "servers.far.url: is no URL");
    check(&server(&format!("{remote}command = \"x\"")), "servers.far.command: is about a process");
    check(&server("command = \"x\"\nauth = \"oauth\""), "servers.far.auth: goes with `url`");
    let auth = |auth: &str| server(&format!("{remote}auth = {{ {auth} }}"));
    check(&auth("type = \"magic\""), "servers.far.auth.type");
    check(&auth("type = \"bearer\""), "servers.far.auth.token: is missing");
    check(&auth("type = \"command\""), "servers.far.auth.command: is missing");
    check(&auth("type = \"command\", command = [\"x\"], ttl = \"soon\""), "servers.far.auth.ttl");
    check(&auth("type = \"oauth\", callback_port = 70000"), "servers.far.auth.callback_port");
    check(&auth("type = \"oauth\", client_secret = \"canary7\""), "goes with `client_id`");
    check(
        &server(&format!("{remote}headers = {{ \"a b\" = \"canary7\" }}")),
        "servers.far.headers.a b",
    );
    check("call_timeout = \"-1s\"\n", "call_timeout");
    check("[servers.a__b]\ncommand = \"x\"\n", "servers.a__b");
    check("[servers.a]\ncommand = \"x\"\n[servers.a]\ncommand = \"y\"\n", "config.toml:3:");
    check("[listen]\ntransport = \"http\"\n", "listen: unknown key");
}

#[test]
fn mx12_the_log_knows_the_tool_and_not_what_it_was_told() {
    let (sandbox, far) = (Sandbox::new(), far_echo());
    let daemon = started(&sandbox, &format!("[servers.far]\nurl = {:?}\n", far.url()), &["far"]);
    let mut bridge = Lines::bridge(&sandbox);
    let answer = bridge.call("far__echo", &json!({ "region": CANARY }));
    assert!(text(&answer).contains(CANARY));
    let fact = daemon.wait_for("call_finished", |fact| fact["server"] == "far");
    assert!(fact.to_string().contains("far__echo") && fact["level"] == "debug", "{fact}");
}
