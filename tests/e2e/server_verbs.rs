//! `callmux server show | test | set | enable | disable`.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Output;

use serde_json::{Value, json};

use crate::support::canary::CANARY;
use crate::support::{Daemon, Sandbox, callmux};

const MAIN: &str = "config/callmux/config.toml";

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = sandbox.command();
    let Output { status, stdout, stderr } = command.arg("server").args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn mine() -> String {
    format!(
        "# Mine.\nlist_timeout = \"5m\"\n\n[servers.notes] # the best\ncommand = \"{}\"\nargs = [\"example-server\", \"notes\"]\nenv = {{ API_KEY = \"{CANARY}\", PATH = \"/usr/bin:/bin\", LEVEL = \"1\" }} # by hand\n\n[servers.broken]\ncommand = \"no-such-command\"\n",
        callmux()
    )
}

#[test]
fn a_server_is_shown_without_its_secrets() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &mine());
    let (code, stdout, stderr) = run(&sandbox, &["show", "notes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stdout.contains("config.toml:4:")
            && stdout.contains("args = [\"example-server\", \"notes\"]"),
        "{stdout}"
    );
    assert!(!stdout.contains(CANARY) && stdout.contains("API_KEY = \"(hidden)\""), "{stdout}");
    assert!(stdout.contains("PATH = \"/usr/bin:/bin\""), "it is no secret: {stdout}");
    let (_, stdout, _) = run(&sandbox, &["show", "notes", "--json"]);
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (&said["line"], &said["enabled"], &said["added_by_callmux"]),
        (&json!(4), &json!(true), &json!(false))
    );
    let (code, _, stderr) = run(&sandbox, &["show", "nobody"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("the config has no server nobody"), "{stderr}");
}

#[test]
fn a_server_is_tested_without_a_daemon() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &mine());
    let (code, stdout, stderr) = run(&sandbox, &["test", "notes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.starts_with("ready: "), "{stdout}");
    let (code, _, stderr) = run(&sandbox, &["test", "broken"]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("broken is not ready: ") && stderr.contains("no-such-command"),
        "{stderr}"
    );
    let (code, stdout, _) = run(&sandbox, &["test", "broken", "--json"]);
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert!(code == Some(1) && said["state"]["not_ready"]["reason"].is_string(), "{said}");
}

#[test]
fn a_persons_file_is_changed_key_by_key_after_it_was_seen() {
    let sandbox = Sandbox::new();
    let text = mine();
    sandbox.write("dotfiles/config.toml", &text);
    let real = sandbox.path("dotfiles/config.toml");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::create_dir_all(sandbox.path("config/callmux")).unwrap();
    symlink(&real, sandbox.path(MAIN)).unwrap();
    let read = || std::fs::read_to_string(&real).unwrap();
    // Nobody agrees.
    let (code, _, stderr) = run(&sandbox, &["set", "notes", "env.LEVEL=2"]);
    assert_eq!(code, Some(64));
    assert!(stderr.contains("--yes, or --dry-run") && read() == text, "{stderr}");
    let (code, stdout, _) = run(&sandbox, &["set", "notes", "env.LEVEL=2", "--dry-run"]);
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains("+ env = ") && stdout.contains("LEVEL = \"2\"") && read() == text,
        "{stdout}"
    );
    assert!(!stdout.contains(CANARY), "{stdout}");
    let set = ["set", "notes", "env.LEVEL=2", "call_timeout=2m", "tools=search*,add", "--yes"];
    let (code, stdout, stderr) = run(&sandbox, &set);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let expected = text.replace(
        "LEVEL = \"1\" } # by hand\n",
        "LEVEL = \"2\" } # by hand\ncall_timeout = \"2m\"\ntools = [\"search*\", \"add\"]\n",
    );
    assert_eq!(read(), expected);
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(sandbox.path(MAIN).symlink_metadata().unwrap().is_symlink());
    let (code, stdout, _) = run(&sandbox, &set);
    assert!(code == Some(0) && stdout.starts_with("unchanged notes: "), "{stdout}");
    let undone = [
        "set",
        "notes",
        "env.LEVEL=1",
        "--unset",
        "call_timeout",
        "--unset",
        "tools",
        "--yes",
        "--json",
    ];
    let (code, stdout, _) = run(&sandbox, &undone);
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &said["done"]), (Some(0), &json!("changed")));
    assert_eq!(read(), text);
    for (args, expected, words) in [
        (&["set", "notes", "calltimeout=1s", "--yes"][..], 64, "did you mean `call_timeout`?"),
        (&["set", "notes", "call_timeout=soon", "--yes"], 65, "servers.notes.call_timeout"),
        (&["set", "notes", "url=https://a.example/", "--yes"], 65, "servers.notes"),
        (&["set", "nobody", "lazy=true", "--yes"], 1, "the config has no server nobody"),
        (&["set", "notes"], 64, "KEY=VALUE"),
    ] {
        let (code, _, stderr) = run(&sandbox, args);
        assert_eq!(code, Some(expected), "{args:?}: {stderr}");
        assert!(stderr.contains(words) && read() == text, "{args:?}: {stderr}");
    }
}

#[test]
fn a_server_is_switched_off_and_on_and_the_daemon_follows() {
    let sandbox = Sandbox::new();
    let (code, _, stderr) =
        run(&sandbox, &["add", "notes", "--no-probe", "--", callmux(), "example-server", "notes"]);
    assert_eq!(code, Some(0), "{stderr}");
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "notes");
    // What callmux wrote itself is changed unasked.
    let (code, stdout, stderr) = run(&sandbox, &["disable", "notes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("changed notes: ") && stdout.contains("+ enabled = false"), "{stdout}");
    daemon.wait_for("server_stopped", |fact| fact["server"] == "notes");
    let (_, stdout, _) = run(&sandbox, &["list", "--json"]);
    let listed: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(listed[0]["enabled"], json!(false));
    let ready = daemon.count("server_ready", |fact| fact["server"] == "notes");
    assert_eq!(run(&sandbox, &["enable", "notes"]).0, Some(0));
    crate::support::until("it runs again", || {
        (daemon.count("server_ready", |fact| fact["server"] == "notes") > ready).then_some(())
    });
    assert_eq!(run(&sandbox, &["remove", "notes"]).0, Some(0), "it is still callmux's own");
}
