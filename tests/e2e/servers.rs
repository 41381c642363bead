//! `callmux list`, `callmux server`, `callmux retry`, and servers that stay down.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::far::{Far, Out, SESSION, Seen, Stream, legacy, modern, older, said, vacant};
use crate::support::{Daemon, Http, Lines, Sandbox, callmux, config, tables, until};

const COUNTER: (&str, &[&str]) =
    ("counter", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "counter"]);
const MAIN: &str = "config/callmux/config.toml";
const NOTES: &str = "config/callmux/conf.d/notes.toml";

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn far() -> Far {
    Far::start(legacy(|seen: &Seen, out: &mut Out| out.json(&seen.result(&said("fine")))))
}

#[test]
fn the_tools_of_all_servers_are_listed() {
    let sandbox = Sandbox::new();
    let (code, stdout, stderr) = run(&sandbox, &["list"]);
    assert_eq!((code, stdout.as_str()), (Some(69), ""), "{stderr}");
    let far = far();
    let hidden = "exposure = \"meta-only\"\n";
    sandbox.write(
        MAIN,
        &format!(
            "{hidden}list_timeout = \"5m\"\n{}[servers.far]\nurl = \"{}\"\n",
            tables(&[COUNTER]),
            far.url()
        ),
    );
    // At once: what is starting is waited for, as long as that takes.
    let daemon = Daemon::start(&sandbox);
    let (code, stdout, stderr) = run(&sandbox, &["list"]);
    let names = ["counter__increment", "counter__reset", "counter__value", "far__bad", "far__echo"];
    assert_eq!(
        (code, stdout.lines().collect::<Vec<_>>().as_slice()),
        (Some(0), &names[..]),
        "{stderr}"
    );
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let (greetings, sessions) = (far.count("initialize"), daemon.count("session_opened", |_| true));
    let (_, stdout, _) = run(&sandbox, &["list", "-d"]);
    let lines: Vec<&str> = stdout.lines().collect();
    let at = lines.iter().position(|line| *line == "counter__value").unwrap();
    assert!(lines[at + 1].starts_with("    ") && !lines[at + 1].trim().is_empty(), "{stdout}");
    let (_, stdout, _) = run(&sandbox, &["list", "--json"]);
    let listed: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["server"]),
        (&json!("counter__increment"), &json!("counter"))
    );
    assert!(listed[0]["description"].is_string(), "{listed}");
    assert_eq!(listed[4], json!({ "name": "far__echo", "server": "far", "description": null }));
    assert_eq!(far.count("initialize"), greetings, "servers notice nothing");
    daemon.expect_count("session_opened", sessions, |_| true);
}

#[test]
fn any_server_at_an_address_is_listed() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let url = format!("http://{}/mcp", daemon.address);
    let pid = daemon.server_pid("counter");
    let (code, stdout, stderr) = run(&sandbox, &["list", "--endpoint", &url]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.lines().any(|line| line == "counter__value"), "{stdout}");
    daemon.wait_for("session_opened", |fact| fact["client"].to_string().contains("callmux-list"));
    let told = Http::unix(&daemon).bare("GET", "/api/v1/status", &[]).json();
    assert_eq!(told["sessions"], 0, "it said goodbye");
    assert_eq!(daemon.server_pid("counter"), pid);

    // One that pages, and answers with a stream that it does not end.
    let far = Far::start(|seen: &Seen, out: &mut Out| {
        if seen.method() != "tools/list" {
            return legacy(|_: &Seen, _: &mut Out| {})(seen, out);
        }
        let tool = |name: &str| json!({ "name": name, "description": "a\n  b", "inputSchema": { "type": "object" } });
        let page = match seen.body["params"]["cursor"].as_str() {
            None => json!({ "tools": [tool("one")], "nextCursor": "2" }),
            Some(_) => json!({ "tools": [tool("two")] }),
        };
        out.stream();
        out.part(": hello\n\n");
        out.event(&seen.result(&page));
        out.wait_for_close();
    });
    let (code, stdout, stderr) = run(&sandbox, &["list", "-d", "--endpoint", &far.url()]);
    assert_eq!((code, stdout.as_str()), (Some(0), "one\n    a b\ntwo\n    a b\n"), "{stderr}");
    assert!(far.seen().iter().skip(1).all(|seen| seen.header("mcp-session-id") == Some(SESSION)));
    let (gone, none) = (far.url(), format!("http://{}/none", daemon.address));
    drop(far);
    for (url, code) in
        [(gone.as_str(), 69), (&none, 1), ("https://example.com/mcp", 64), ("nonsense", 64)]
    {
        assert_eq!(run(&sandbox, &["list", "--endpoint", url]).0, Some(code), "{url}");
    }
}

#[test]
fn a_server_at_an_address_is_listed_whatever_it_speaks() {
    let sandbox = Sandbox::new();
    let list = |far: &Far| run(&sandbox, &["list", "--endpoint", &far.url()]);
    let never = |_: &Seen, _: &mut Out| {};
    let (code, stdout, stderr) = list(&Far::start(modern(never)));
    assert_eq!((code, stdout.as_str()), (Some(0), "echo\n"), "{stderr}");
    assert!(stderr.contains("1 tool is not shown: bad: "), "{stderr}");
    let never = |_: &Seen, _: &mut Out, _: &Stream| {};
    let (code, stdout, stderr) = list(&Far::start(older(Stream::default(), never)));
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "echo\nbad\n", ""));
    let none = Far::start(|_: &Seen, out: &mut Out| out.whole("404 Not Found", &[], ""));
    let (code, _, stderr) = list(&none);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("is no MCP server: ") && stderr.contains("404 Not Found"), "{stderr}");
    let nobody = format!("http://{}/mcp", vacant());
    let (code, _, stderr) = run(&sandbox, &["list", "--endpoint", &nobody]);
    assert_eq!(code, Some(69), "{stderr}");
    assert!(stderr.contains(&format!("nothing answers at {nobody}: ")), "{stderr}");
}

#[test]
fn without_a_usable_server_there_is_nothing_to_list() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, "[servers.bad]\ncommand = \"no-such-command\"\n");
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_failed", |_| true);
    let (code, stdout, stderr) = run(&sandbox, &["list"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("no server is usable"), "{stderr}");
}

#[test]
fn a_server_is_added_and_removed() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let mut client = Lines::bridge(&sandbox);
    let before = std::fs::read(sandbox.path(MAIN)).unwrap();
    let (code, stdout, stderr) = run(
        &sandbox,
        &[
            "server",
            "add",
            "notes",
            "--wait",
            "--env",
            "T=${cmd:echo canary7}",
            "--prefix",
            "n",
            "--",
            callmux(),
            "example-server",
            "notes",
        ],
    );
    assert_eq!(code, Some(0), "{stderr}");
    let path = sandbox.path(NOTES);
    assert!(stdout.starts_with(&format!("added notes: {}\n", path.display())), "{stdout}");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    daemon.wait_for("server_ready", |fact| fact["server"] == "notes");
    until("its tools", || {
        client.request("tools/list", &json!({})).to_string().contains("\"n__").then_some(())
    });
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# Written by `callmux server add`")
            && text.contains("${cmd:echo canary7}"),
        "{text}"
    );

    let (code, stdout, _) = run(&sandbox, &["server", "list", "--json"]);
    let listed: Value = serde_json::from_str(&stdout).unwrap();
    let ours: Vec<_> =
        listed.as_array().unwrap().iter().map(|s| (&s["name"], &s["added_by_callmux"])).collect();
    assert_eq!(code, Some(0));
    assert_eq!(ours, [(&json!("counter"), &json!(false)), (&json!("notes"), &json!(true))]);
    let (_, stdout, _) = run(&sandbox, &["server", "list"]);
    assert!(stdout.contains("conf.d/notes.toml:2:"), "{stdout}");

    // What a person wrote is theirs.
    for name in ["counter", "notes"] {
        let (code, _, stderr) =
            run(&sandbox, &["server", "add", name, "--url", "https://a.example/"]);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(&format!("there is a server {name} already, at ")), "{stderr}");
    }
    let (code, _, stderr) = run(&sandbox, &["server", "remove", "counter"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("config.toml:3:") && stderr.contains("edit the file"), "{stderr}");
    assert_eq!(run(&sandbox, &["server", "remove", "nobody"]).0, Some(1));
    sandbox.write(NOTES, &format!("{text}[servers.mine]\ncommand = \"x\"\nenabled = false\n"));
    assert_eq!(run(&sandbox, &["server", "remove", "notes"]).0, Some(1), "it holds more");
    sandbox.write(NOTES, &text);
    let (code, stdout, _) = run(&sandbox, &["server", "remove", "notes", "--dry-run"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("would remove") && path.exists());
    let (code, stdout, stderr) = run(&sandbox, &["server", "remove", "notes", "--wait", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (&report["done"], &report["plan"]["removed"]),
        (&json!("removed"), &json!(["notes"]))
    );
    daemon.wait_for("server_stopped", |fact| fact["server"] == "notes");
    assert!(!path.exists() && std::fs::read(sandbox.path(MAIN)).unwrap() == before);
}

/// What nvm, pyenv and the like make: a script whose interpreter lies beside it, where services do not
/// look.
#[test]
fn a_program_of_a_version_manager_just_works() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path("nvm/bin");
    let program = |name: &str, text: &str| {
        sandbox.write(&format!("nvm/bin/{name}"), text);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(dir.join(name), mode).unwrap();
    };
    program("npx", "#!/usr/bin/env node\n");
    program("node", &format!("#!/bin/sh\nshift\nexec {} example-server \"$@\"\n", callmux()));
    let path = format!("{}:/usr/bin:/bin", dir.display());
    let add = |args: &[&str]| {
        let Output { status, stdout, stderr } = sandbox
            .command()
            .env("PATH", &path)
            .args(["server", "add"])
            .args(args)
            .output()
            .unwrap();
        let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
        (status.code(), stdout, stderr)
    };
    // Without a daemon it is looked at here.
    let (code, stdout, stderr) = add(&["first", "--", "npx", "counter"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.ends_with("\nready: 3 tools\n"), "{stdout}");
    assert!(stderr.contains("PATH of this shell"), "{stderr}");
    let written =
        std::fs::read_to_string(sandbox.path("config/callmux/conf.d/first.toml")).unwrap();
    assert!(written.contains(&format!("env = {{ PATH = \"{path}\" }}")), "{written}");
    let (code, stdout, stderr) = add(&["broken", "--json", "--", "npx", "no-such-server"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["done"]), (Some(1), &json!("added")), "{stderr}");
    let reason = report["state"]["not_ready"]["reason"].as_str().unwrap();
    assert!(reason.contains("no-such-server"), "its last words: {reason}");
    let (code, stdout, _) = add(&["unseen", "--no-probe", "--", "npx", "no-such-server"]);
    assert_eq!((code, stdout.lines().count()), (Some(0), 1), "{stdout}");
    for name in ["broken", "unseen"] {
        assert_eq!(run(&sandbox, &["server", "remove", name]).0, Some(0));
    }
    // A daemon that knows nothing of that directory.
    let daemon = Daemon::start_with(&sandbox, &[("PATH", "/usr/bin:/bin")]);
    daemon.wait_for("server_ready", |fact| fact["server"] == "first");
    let (code, stdout, stderr) = add(&["second", "--", "npx", "counter"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.ends_with("\nready: 3 tools\n"), "{stdout}");
    let mut client = Lines::bridge(&sandbox);
    let answer = client.call("second__value", &json!({}));
    assert!(answer["result"]["structuredContent"].is_object(), "{answer}");
    let (code, _, stderr) = add(&["third", "--wait", "--", "npx", "no-such-server"]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("third is not ready: ") && stderr.contains("no-such-server"),
        "{stderr}"
    );
    // A PATH that was given is what is meant.
    let given = format!("PATH={path}:/given");
    let (code, _, stderr) = add(&["fourth", "--env", &given, "--dry-run", "--", "npx"]);
    assert_eq!(code, Some(0));
    assert!(!stderr.contains("PATH of this shell"), "{stderr}");
}

/// `command = "callmux"` in the README: after `cargo install` no service finds it.
#[test]
fn callmux_finds_itself() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &config(&[("time", &["callmux", "example-server", "time"])]));
    let daemon = Daemon::start_with(&sandbox, &[("PATH", "/usr/bin:/bin")]);
    daemon.wait_for("server_ready", |fact| fact["server"] == "time");
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let dropins = sandbox.path("config/callmux/conf.d");
    let refused = |args: &[&str], expected: i32, words: &str| {
        let args = [&["server", "add"][..], args].concat();
        let (code, _, stderr) = run(&sandbox, &args);
        assert_eq!(code, Some(expected), "{args:?}: {stderr}");
        assert!(stderr.contains(words), "{args:?}: {stderr}");
        let left = std::fs::read_dir(&dropins).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{args:?}");
    };
    refused(&["a b", "--url", "https://a.example/"], 64, "server name");
    refused(&["a"], 64, "--url");
    refused(&["a", "--url", "https://a.example/", "--", "x"], 64, "cannot be used with");
    refused(&["a", "--url", "ftp://a.example/"], 65, "must begin with");
    refused(&["a", "--url", "https://a.example/", "--header", "x"], 64, "NAME:VALUE");
    refused(&["a", "--url", "https://a.example/", "--auth", "bearer"], 64, "--token");
    refused(&["a", "--", "no-such-command"], 1, "there is no program `no-such-command`");
    refused(&["a", "--prefix", "a b", "--", "sh"], 65, "servers.a.prefix");
    sandbox.write(MAIN, "nonsense = 1\n");
    refused(&["a", "--", "sh"], 65, "nonsense");
    sandbox.write(MAIN, "");
    let (code, stdout, stderr) = run(
        &sandbox,
        &[
            "server",
            "add",
            "a",
            "--dry-run",
            "--url",
            "https://a.example/",
            "--auth",
            "command",
            "--token-command",
            "pass 'a b'",
            "--header",
            "X-A: canary7-b",
            "--tools",
            "x,y*",
        ],
    );
    assert_eq!(code, Some(0), "{stderr}");
    let printed = "it prints what it would write, for the one who typed it";
    sandbox.watch.excuse("the stdout of `callmux server add a --dry-run", "headers = ", printed);
    for line in [
        "[servers.a]",
        "url = \"https://a.example/\"",
        "auth = { type = \"command\", command = [\"pass\", \"a b\"] }",
        "headers = { X-A = \"canary7-b\" }",
        "tools = [\"x\", \"y*\"]",
    ] {
        assert!(stdout.lines().any(|found| found == line), "{line}: {stdout}");
    }
    assert!(!dropins.exists());
    let (code, stdout, stderr) =
        run(&sandbox, &["server", "add", "a", "--dry-run", "--", "sh", "-c", "x"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("/sh\"\nargs = [\"-c\", \"x\"]"), "{stdout}");
    assert!(stderr.contains("`sh` is /"), "{stderr}");
    // One file has no place for another.
    sandbox.write("one.toml", "");
    let (code, _, stderr) =
        run(&sandbox, &["server", "--config", "one.toml", "add", "a", "--", "sh"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("is one file"), "{stderr}");
    // Without a daemon it is written all the same.
    let (code, stdout, _) = run(&sandbox, &["server", "add", "a", "--wait", "--", "sh"]);
    assert_eq!(code, Some(69));
    assert!(stdout.starts_with("added a: ") && dropins.join("a.toml").exists(), "{stdout}");
}

#[test]
fn what_waits_for_its_next_try_is_tried_now() {
    let sandbox = Sandbox::new();
    let script = |name: &str| {
        format!(
            "[servers.{name}]\ncommand = \"sh\"\nargs = [\"-c\", \"[ -e {} ] && exec {} example-server counter\"]\n",
            sandbox.path(name).display(),
            callmux()
        )
    };
    sandbox.write(MAIN, &format!("{}{}{}", config(&[COUNTER]), script("one"), script("two")));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    let (code, stdout, _) = run(&sandbox, &["retry", "counter"]);
    assert_eq!(
        (code, stdout.as_str()),
        (Some(0), "server counter does not wait for its next try\n")
    );
    let patient = |server: &str| {
        until("a long pause", || {
            let told = Http::unix(&daemon).bare("GET", "/api/v1/status", &[]).json();
            let found =
                told["servers"].as_array().unwrap().iter().find(|s| s["name"] == server)?.clone();
            (found["retry_in_ms"].as_u64()? > 5000).then_some(())
        });
    };
    patient("one");
    patient("two");
    let pid = daemon.server_pid("counter");
    let (code, _, stderr) = run(&sandbox, &["retry", "one"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("server one is waiting"), "{stderr}");
    patient("one");
    sandbox.write("one", "");
    let (code, stdout, stderr) = run(&sandbox, &["retry", "one"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "server one is ready\n"), "{stderr}");
    assert_eq!(daemon.count("server_ready", |fact| fact["server"] == "two"), 0);
    patient("two");
    sandbox.write("two", "");
    daemon.signal(Signal::USR1);
    daemon.wait_for("server_ordered", |fact| {
        fact["server"] == "two" && fact["principal"] == "SIGUSR1"
    });
    daemon.wait_for("server_ready", |fact| fact["server"] == "two");
    assert_eq!(daemon.server_pid("counter"), pid);
    let (code, stdout, _) = run(&sandbox, &["retry"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "no server waits for its next try\n"));
    assert_eq!(run(&sandbox, &["retry", "nobody"]).0, Some(1));
    assert_eq!(run(&sandbox, &["retry", "no/body"]).0, Some(64));
}

#[test]
fn a_server_that_stays_down_is_told_three_times() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, "[servers.bad]\ncommand = \"no-such-command\"\n");
    let daemon = Daemon::start(&sandbox);
    let told = |level: &str| daemon.count("server_failed", |fact| fact["level"] == level);
    until("a repetition", || (told("debug") >= 1).then_some(()));
    assert_eq!(told("warning"), 3);
    run(&sandbox, &["retry"]);
    until("a fourth time: somebody wants to know", || (told("warning") == 4).then_some(()));
}
