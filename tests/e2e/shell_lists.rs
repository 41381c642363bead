//! The other verbs of a shell: lists, several calls at once, logs, `callmux top`.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Daemon, Pty, Sandbox, callmux, config, every, skipped, tools, until};

const MAIN: &str = "config/callmux/config.toml";

fn daemon(sandbox: &Sandbox) -> Daemon {
    let (tools, every) = (tools(), every());
    let servers = config(&[
        ("tools", &[tools.to_str().unwrap()]),
        ("every", &[every.to_str().unwrap(), "--legacy"]),
    ]);
    let recipe = "[recipes.twice]\nmode = \"parallel\"\nexpose = true\n\
                  parameters = { n = { type = \"integer\" } }\n\
                  calls = [{ tool = \"tools__strict\", arguments = { owner = \"a\", n = { \"$param\" = \"n\" } } }, { tool = \"tools__ping\" }]\n";
    let servers = servers.replace("\"no-meta\"", "\"full\"");
    sandbox.write(MAIN, &format!("{servers}{recipe}"));
    let daemon = Daemon::start(sandbox);
    for server in ["tools", "every"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    daemon
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A verb has to end well; what it prints on stdout.
#[track_caller]
fn prints(sandbox: &Sandbox, args: &[&str]) -> String {
    let (code, out, err) = run(sandbox, args);
    assert_eq!(code, Some(0), "{args:?}: {out}{err}");
    out
}

#[track_caller]
fn reads(sandbox: &Sandbox, args: &[&str]) -> Value {
    serde_json::from_str(&prints(sandbox, args)).unwrap()
}

#[test]
fn tools_are_listed_found_and_shown() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let listed = prints(&sandbox, &["tools"]);
    assert!(listed.contains("tools__ping") && listed.contains("every__echo"), "{listed}");
    assert!(!listed.contains("callmux_"), "{listed}");
    let of_server = prints(&sandbox, &["tools", "--server", "tools"]);
    assert!(of_server.contains("tools__say") && !of_server.contains("every__"), "{of_server}");
    let all = reads(&sandbox, &["tools", "list", "--json", "--server", "tools"]);
    assert_eq!(
        (all.as_array().unwrap().len(), &all[0]["inputSchema"]["type"]),
        (23, &"object".into())
    );
    let (code, _, err) = run(&sandbox, &["tools", "--server", "tolls"]);
    assert_eq!(code, Some(64), "{err}");
    let found = prints(&sandbox, &["tools", "search", "open", "an", "issue"]);
    assert!(found.lines().nth(1).unwrap().starts_with("tools__strict"), "{found}");
    let found = reads(&sandbox, &["tools", "search", "issue", "-n", "1", "--json"]);
    assert_eq!(found.as_array().unwrap().len(), 1);
    let shown = prints(&sandbox, &["tools", "show", "strict"]);
    for part in ["tools__strict(", "Open an issue in a repository", "Who owns the repository"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (code, _, err) = run(&sandbox, &["tools", "show", "nothing"]);
    assert_eq!((code, err.contains("tools search")), (Some(64), true), "{err}");
    let (_, shown) = Pty::start(&sandbox, &format!("{} tools", callmux())).finish();
    for line in shown.lines() {
        let plain: String = line
            .split('\x1b')
            .map(|part| part.split_once('m').map_or(part, |(_, rest)| rest))
            .collect();
        assert!(plain.chars().count() <= 80, "{line:?}");
    }
}

#[test]
fn prompts_and_resources_are_listed_and_read() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let listed = prints(&sandbox, &["prompts"]);
    assert!(listed.contains("every__greet") && listed.contains("who [how]"), "{listed}");
    assert_eq!(reads(&sandbox, &["prompts", "--json", "--server", "other"]), json!([]));
    let got = prints(&sandbox, &["prompts", "get", "every__greet", "who=me", "--json"]);
    assert!(got.contains(r#""of":{"who":"me"}"#), "{got}");
    let (code, _, err) = run(&sandbox, &["prompts", "get", "nobodys"]);
    assert_eq!((code, err.contains("unknown prompt")), (Some(64), true), "{err}");
    let listed = prints(&sandbox, &["resources"]);
    assert!(listed.contains("every://a") && listed.contains("every://item/{id}"), "{listed}");
    let all = prints(&sandbox, &["resources", "list", "--json"]);
    assert!(all.contains(r#""resourceTemplates":[{"#) && all.contains("9007199254740993"), "{all}");
    assert_eq!(prints(&sandbox, &["resources", "read", "every://item/7"]), "é\n");
    assert_eq!(prints(&sandbox, &["resources", "read", "every://a", "--out", "it"]), "");
    assert_eq!(std::fs::read_to_string(sandbox.path("it")).unwrap(), "é\n");
    let (code, ..) = run(&sandbox, &["resources", "read", "every://nothing"]);
    assert_eq!(code, Some(64));
}

#[test]
fn several_calls_are_made_as_one() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let calls = r#"[{"tool":"tools__ping"},{"tool":"tools__say","arguments":{"text":"hi"}}]"#;
    let done = reads(&sandbox, &["parallel", calls]);
    assert_eq!((&done["status"], &done["succeeded"]), (&"completed".into(), &2.into()), "{done}");
    sandbox.write("calls.json", &format!(r#"{{"calls":{calls}}}"#));
    assert_eq!(reads(&sandbox, &["parallel", "@calls.json"])["succeeded"], 2);
    let (code, out, _) =
        run(&sandbox, &["parallel", r#"[{"tool":"tools__toolerr"},{"tool":"tools__ping"}]"#]);
    let partial: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &partial["failedIndexes"]), (Some(1), &json!([0])), "{out}");
    let dry = reads(&sandbox, &["parallel", calls, "--dry-run"]);
    assert_eq!(dry["valid"], true, "{dry}");
    let (code, ..) = run(&sandbox, &["parallel", r#"[{"tool":"tools__strict"}]"#, "--dry-run"]);
    assert_eq!(code, Some(1));
    let batch =
        r#"{"tool":"tools__say","items":[{"arguments":{"text":"a"}},{"arguments":{"text":"b"}}]}"#;
    assert_eq!(reads(&sandbox, &["batch", batch])["succeeded"], 2);
    let mut child = sandbox.command();
    let mut child = child.args(["pipeline", "-", "--json"]).stdin(Stdio::piped()).spawn();
    let steps = r#"[{"tool":"tools__say","arguments":{"text":"x"}},{"tool":"tools__say","inputMapping":{"text":"$text"}}]"#;
    child.stdin.take().unwrap().write_all(steps.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["structuredContent"]["status"], "completed", "{result}");
    let ran = reads(&sandbox, &["recipe", "twice", "n=7"]);
    assert_eq!(ran["status"], "completed", "{ran}");
    let (code, _, err) = run(&sandbox, &["recipe", "twice", "n=x"]);
    assert_eq!((code, err.contains("whole number")), (Some(64), true), "{err}");
    for (args, words) in [
        (&["batch", "[1]"][..], "has to be a JSON object"),
        (&["parallel", "word"], "is no JSON"),
        (&["recipe", "none"], "none"),
    ] {
        let (code, out, err) = run(&sandbox, args);
        assert!(matches!(code, Some(1 | 64)), "{args:?}: {out}{err}");
        assert!(err.contains(words), "{args:?}: {err}");
    }
}

#[test]
fn logs_come_from_the_journal_or_else_from_the_record() {
    let sandbox = Sandbox::new();
    // One that says what it was asked.
    sandbox.write("bin/journalctl", "#!/bin/sh\necho asked \"$@\"\n");
    let program = sandbox.path("bin/journalctl");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap());
    let mut asks = sandbox.command();
    let asked = asks.args(["logs", "github", "-n", "3"]).env("PATH", &path).output().unwrap();
    assert_eq!(
        String::from_utf8(asked.stdout).unwrap(),
        "asked --user --lines=3 --output=short-iso CALLMUX_SERVER=github\n"
    );
    if std::path::Path::new("/run/systemd/journal/socket").exists() {
        return skipped("this machine has a journal, which goes before the record");
    }
    // One that has no files, and says so in its own words.
    sandbox.write("empty/journalctl", "#!/bin/sh\necho No journal files were found. >&2\n");
    let empty = sandbox.path("empty/journalctl");
    std::fs::set_permissions(&empty, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut asks = sandbox.command();
    asks.env("PATH", format!("{}:/usr/bin:/bin", sandbox.path("empty").display()));
    let asked = asks.arg("logs").output().unwrap();
    let told = String::from_utf8(asked.stderr).unwrap();
    assert_eq!((asked.status.code(), told.lines().count()), (Some(69), 1), "{told}");
    assert!(told.contains("no journal here") && told.contains("callmux trace --all"), "{told}");
    let entry = |sequence: u64, server: &str| {
        format!(
            r#"{{"sequence":{sequence},"at":1764500000000000,"tool":"{server}__x","server":"{server}","outcome":"done","client":"c\u001b 1","duration_us":"1500"}}"#
        )
    };
    let record = format!("{}\n{{\"checked\":2,\"missing\":0}}\n{}\n", entry(1, "a"), entry(2, "b"));
    sandbox.write(".local/state/callmux/audit/calls.jsonl", &record);
    let (_, all, _) = run(&sandbox, &["logs"]);
    assert_eq!(all.lines().count(), 2, "{all}");
    assert!(all.starts_with("2025-11-30T10:53:20Z a__x done in 2 ms for c\\u{1b} 1\n"), "{all}");
    let (_, one, _) = run(&sandbox, &["logs", "b", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&one).unwrap()["sequence"], 2, "{one}");
    assert_eq!(prints(&sandbox, &["logs", "--since", "1h"]), "");
    let mut child = sandbox.command().args(["logs", "-f", "-n", "0"]).spawn();
    let mut file = std::fs::OpenOptions::new();
    let path = sandbox.path(".local/state/callmux/audit/calls.jsonl");
    let mut file = file.append(true).open(path).unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    // Whether it has read to the end before is nothing that can be seen: until it shows one, there are more.
    let reader = std::thread::spawn(move || {
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        line
    });
    until("the follower to show what comes", || {
        writeln!(file, "{}", entry(3, "later")).unwrap();
        reader.is_finished().then_some(())
    });
    assert!(reader.join().unwrap().contains("later__x"));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    child.wait().unwrap();
}

#[test]
fn top_shows_servers_once_or_until_it_is_ended() {
    let sandbox = Sandbox::new();
    let (code, _, err) = run(&sandbox, &["top"]);
    assert_eq!((code, err.contains("no daemon")), (Some(69), true), "{err}");
    let daemon = daemon(&sandbox);
    let once = prints(&sandbox, &["top"]);
    for part in ["MEMORY", "tools", "every", "MiB", "ready"] {
        assert!(once.contains(part), "{part}: {once}");
    }
    let looked = reads(&sandbox, &["top", "--json"]);
    assert!(looked["servers"][0]["memory"].as_u64().unwrap() > 100_000, "{looked}");
    assert_eq!(looked["pid"], daemon.pid());
    let mut pty = Pty::start(&sandbox, &format!("{} top --delay 10ms", callmux()));
    // Ctrl-C, once it has shown more than one page.
    until("the second page", || (pty.shown().matches("\x1b[2J").count() > 1).then_some(()));
    pty.answer("MEMORY", "\x03");
    let (code, _) = pty.finish();
    assert_eq!(code, Some(130));
}
