//! `callmux import`: files of other programs, and the daemon that runs what was in them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::Value as Json;

use crate::support::canary::CANARY;
use crate::support::far::{Far, Out, Seen, legacy, said};
use crate::support::{Daemon, Sandbox, callmux};

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap()
}

const NPM: &str = "npm/callmux/config.json";
const FROM_NPM: &str = "config/callmux/conf.d/from-npm-callmux.toml";

fn npm() -> String {
    let program = callmux();
    format!(
        r#"{{"cacheTtlSeconds": 60, "metrics": {{"enabled": true}}, "servers": {{
            "time": {{"command": "{program}", "args": ["example-server", "time"], "env": {{"API_TOKEN": "{CANARY}"}}}},
            "again": {{"command": "{program}", "args": ["example-server", "time"], "env": {{"API_TOKEN": "{CANARY}"}}}},
            "counter": {{"command": "{program}", "args": ["example-server", "counter"], "tools": ["value", "increment"]}}}}}}"#
    )
}

/// The tools that a daemon lists which has read the config.
fn listed(sandbox: &Sandbox, servers: &[&str]) -> String {
    let daemon = Daemon::start(sandbox);
    for server in servers {
        daemon.wait_for("server_ready", |fact| fact["server"] == *server);
    }
    let (code, stdout, stderr) = run(sandbox, &["list"]);
    assert_eq!(code, Some(0), "{stderr}");
    stdout
}

#[test]
fn what_the_npm_callmux_ran_is_run() {
    let sandbox = Sandbox::new();
    let text = npm();
    sandbox.write(NPM, &text);
    let path = sandbox.path(NPM).display().to_string();
    let (code, stdout, stderr) = run(&sandbox, &["import", &path, "--dry-run"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("[servers.counter]") && !stdout.contains(CANARY), "{stdout}");
    assert!(stderr.contains("it is the same as `time`"), "{stderr}");
    assert!(stderr.contains("cacheTtlSeconds") && stderr.contains("metrics"), "{stderr}");
    assert!(!sandbox.path("config/callmux").exists(), "nothing is written");

    let (code, stdout, stderr) = run(&sandbox, &["import", &path]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("imported: time, 1 secret in "), "{stdout}");
    assert_eq!(read(&sandbox, NPM), text, "it is left alone");
    let written = read(&sandbox, FROM_NPM);
    assert!(written.contains("cache_ttl = \"60s\"") && !written.contains(CANARY), "{written}");
    let secret = sandbox.path("config/callmux/secrets/time-API_TOKEN");
    assert_eq!(fs::read_to_string(&secret).unwrap().trim_end(), CANARY);
    assert_eq!(secret.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let tools = listed(&sandbox, &["time", "counter"]);
    let lines: Vec<&str> = tools.lines().collect();
    assert!(lines.contains(&"counter__value") && lines.contains(&"time__now"), "{tools}");
    assert!(!lines.contains(&"counter__reset") && !tools.contains("again"), "{tools}");

    // Nothing is left to be done, and nothing is done.
    let (code, stdout, _) = run(&sandbox, &["import", &path, "--out", "other.toml", "--json"]);
    let report: Json = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["written"]), (Some(0), &Json::from(false)), "{report}");
    assert_eq!(report["known"].as_array().unwrap().len(), 3, "{report}");
    // A file that is there is not replaced unasked.
    let (code, _, stderr) = run(&sandbox, &["import", &path]);
    assert!(code == Some(1) && stderr.contains("--force"), "{stderr}");
    let (code, _, stderr) = run(&sandbox, &["import", &path, "--force"]);
    assert_eq!((code, read(&sandbox, FROM_NPM)), (Some(0), written), "{stderr}");
}

#[test]
fn what_mcpmux_ran_is_run() {
    let far =
        Far::start(legacy(|seen: &Seen, out: &mut Out| out.json(&seen.result(&said("fine")))));
    let sandbox = Sandbox::new();
    sandbox.write(
        "mcpmux.yaml",
        &format!(
            "listen:\n  transport: http\n  path: /mcp\nbackends:\n  - name: notes\n    transport: command\n    \
             command: [{}, example-server, notes]\n  - name: far\n    transport: http\n    endpoint: {}\n    \
             auth:\n      type: header\n      header: X-Api-Key\n      value: {CANARY}\n",
            callmux(),
            far.url()
        ),
    );
    let path = sandbox.path("mcpmux.yaml").display().to_string();
    let (code, stdout, stderr) = run(&sandbox, &["import", &path, "--json"]);
    let report: Json = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["written"]), (Some(0), &Json::from(true)), "{report}{stderr}");
    assert!(!stdout.contains(CANARY), "{stdout}");
    let tools = listed(&sandbox, &["notes", "far"]);
    assert!(tools.contains("far__echo") && tools.contains("notes__"), "{tools}");
    assert!(far.seen().iter().all(|seen| seen.header("x-api-key") == Some(CANARY)));
}

#[test]
fn what_cannot_be_imported_is_said() {
    let sandbox = Sandbox::new();
    let check = |args: &[&str], code: i32, words: &[&str]| {
        let (found, stdout, stderr) = run(&sandbox, &[&["import"], args].concat());
        assert_eq!(found, Some(code), "{args:?}: {stdout}{stderr}");
        for words in words {
            assert!(format!("{stdout}{stderr}").contains(words), "{args:?}: {stdout}{stderr}");
        }
        assert!(!sandbox.path("config/callmux").exists());
    };
    let path = |name: &str| sandbox.path(name).display().to_string();
    check(&[], 64, &["FILE"]);
    check(&[&path("gone.json")], 65, &["gone.json"]);
    sandbox.write("broken.json", "{\n  \"a\": 1\n  \"b\": 2\n}\n");
    check(&[&path("broken.json")], 65, &["broken.json:2:", "not valid JSON"]);
    sandbox.write("empty.json", "{\"a\": 1}");
    check(&[&path("empty.json")], 65, &["no MCP servers"]);
    sandbox.write("large.json", &" ".repeat(17 << 20));
    check(&[&path("large.json")], 65, &["large.json"]);
    // What others wrote is only shown, in lines that fit.
    let name = "\\u001b[2Jname";
    sandbox.write(
        "odd.json",
        &format!("{{\"mcpServers\": {{\"{name}\": {{\"command\": \"no-such-program\", \"{name}\": 1, \"env\": {{\"A\": \"${{input:a}}\"}}}}}}}}"),
    );
    let (code, stdout, stderr) = run(&sandbox, &["import", &path("odd.json"), "--dry-run"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(!stderr.contains('\u{1b}') && stderr.contains("\\u{1b}[2Jname"), "{stderr}");
    assert!(stderr.contains("secrets/input-a") && stderr.contains("no such program"), "{stderr}");
}

#[test]
fn files_of_clients_are_imported_together() {
    let sandbox = Sandbox::new();
    let program = callmux();
    sandbox.write(
        ".cursor/mcp.json",
        &format!("{{\n  // mine\n  \"mcpServers\": {{\"clock\": {{\"command\": \"{program}\", \"args\": [\"example-server\", \"time\"]}},}}\n}}"),
    );
    sandbox.write(
        ".codex/config.toml",
        &format!("[mcp_servers.time]\ncommand = \"{program}\"\nargs = [\"example-server\", \"time\"]\n[mcp_servers.callmux]\ncommand = \"callmux\"\nargs = [\"bridge\"]\n"),
    );
    let files = [".cursor/mcp.json", ".codex/config.toml"]
        .map(|name| sandbox.path(name).display().to_string());
    let (code, stdout, stderr) = run(&sandbox, &["import", &files[0], &files[1]]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let written = read(&sandbox, "config/callmux/conf.d/from-several.toml");
    assert_eq!(written.matches("[servers.").count(), 1, "{written}");
    assert!(listed(&sandbox, &["clock"]).contains("clock__now"));
}
