//! References in the config: programs that print secrets, and secrets that change.

use std::os::unix::fs::{MetadataExt, chown};
use std::process::Output;

use rustix::process::Signal;
use serde_json::json;

use crate::support::far::{Far, Out, Seen, legacy, said};
use crate::support::{
    Daemon, Lines, Program, Sandbox, callmux, canary, config, descendants, hostile, is_alive, until,
};

const COUNTER: (&str, &[&str]) =
    ("counter", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "counter"]);
const MAIN: &str = "config/callmux/config.toml";
const DROPIN: &str = "config/callmux/conf.d/far.toml";

fn far() -> Far {
    Far::start(legacy(|seen: &Seen, out: &mut Out| out.json(&seen.result(&said("fine")))))
}

/// Whether any request had this path and header so far, or has it soon.
fn asked(far: &Far, path: &str, header: (&str, &str)) {
    let (name, value) = header;
    let is_it = |seen: &Seen| seen.path == path && seen.header(name) == Some(value);
    until(&format!("{path} with {value}"), || far.seen().iter().any(is_it).then_some(()));
}

#[test]
fn a_program_prints_a_secret() {
    let sandbox = Sandbox::new();
    let far = far();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let mut client = Lines::bridge(&sandbox);
    // Twice in the config, once run; it waits for its file, and nobody waits for it.
    let script = "echo x >> runs; until [ -s go ]; do sleep 0.02; done; echo $(cat go)-$$";
    let program = format!("${{cmd:sh -c '{script}'}}");
    let url = far.url();
    let server = format!(
        "[servers.far]\nurl = \"{url}?key={program}\"\nheaders = {{ X-Key = \"{program}\" }}\n"
    );
    sandbox.write(DROPIN, &server);
    until("the program runs", || sandbox.path("config/callmux/runs").exists().then_some(()));
    assert!(client.call("counter__value", &json!({})).to_string().contains("\"value\":0"));
    sandbox.write("config/callmux/go", "canary7-1\n");
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    // Each run prints something else.
    let is_once = |seen: &Seen| seen.header("x-key") == seen.path.strip_prefix("/mcp?key=");
    let asked_with = |value: &str| {
        let begin = format!("/mcp?key={value}-");
        let is_it = |seen: &Seen| seen.path.starts_with(&begin);
        until(value, || far.seen().iter().any(is_it).then_some(()));
        assert!(far.seen().iter().all(is_once), "one run for one reading: {:?}", far.seen());
    };
    asked_with(canary!("-1"));

    // What it prints later is in force with the next reading.
    sandbox.write("config/callmux/go", "canary7-2\n");
    daemon.signal(Signal::HUP);
    asked_with(canary!("-2"));
    let failing = "${cmd:sh -c 'echo locked >&2; exit 4' canary7}";
    sandbox.write(DROPIN, &format!("[servers.far]\nurl = \"{url}\"\nauth = {{ type = \"bearer\", token = \"{failing}\" }}\n"));
    let told = daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
    let reason = told["reason"].as_str().unwrap();
    for words in ["servers.far.auth.token: ", "`${cmd:sh …}`", "exit status: 4 and said: locked"]
    {
        assert!(reason.contains(words), "{words}: {reason}");
    }
}

#[test]
fn a_daemon_ends_while_a_program_runs() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::with(&sandbox, &[COUNTER]);
    // Longer than anybody here waits.
    let waits = "${cmd:sh -c 'echo $$ > runs; exec sleep 3600'}";
    sandbox
        .write(DROPIN, &format!("[servers.far]\ncommand = \"x\"\nenv = {{ A = \"{waits}\" }}\n"));
    let pid: u32 = until("the program runs", || {
        let noted = std::fs::read_to_string(sandbox.path("config/callmux/runs")).ok()?;
        noted.trim().parse().ok()
    });
    assert_eq!(daemon.stop(), Some(0));
    until("the program's end", || (!is_alive(pid)).then_some(()));
}

#[test]
fn programs_are_for_servers_only() {
    let sandbox = Sandbox::new();
    let run = |args: &[&str]| {
        let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
        let text = String::from_utf8([stdout, stderr].concat()).unwrap();
        (status.code(), text)
    };
    sandbox.write(MAIN, "call_timeout = \"${cmd:sh -c 'touch ran; echo 1s'}\"\n");
    let (code, told) = run(&["config", "check"]);
    assert_eq!(code, Some(65));
    assert!(told.contains("call_timeout: `${cmd:…}` is for `[servers.…]` only"), "{told}");
    assert!(!sandbox.path("config/callmux/ran").exists());
    // What everybody can read in the process list is no place for what it prints.
    sandbox.write(MAIN, "[servers.a]\ncommand = \"x\"\nargs = [\"${cmd:echo canary7}\"]\n");
    let (code, told) = run(&["config", "check"]);
    assert_eq!(code, Some(65));
    assert!(told.contains("secret_args"), "{told}");
    sandbox.write(MAIN, "[servers.a]\nurl = \"https://a.example/mcp?key=canary7\"\n");
    let (_, told) = run(&["config", "show"]);
    assert!(told.contains("url = \"https://a.example/mcp?(hidden)\""), "{told}");
}

#[test]
fn a_secret_that_changes_is_taken_wherever_it_is() {
    for (keys, path, header) in [
        ("url = \"URL?key=${file:secret}\"", "/mcp?key=VALUE", ("host", "HOST")),
        ("url = \"URL\"\nheaders = { X-Key = \"${file:secret}\" }", "/mcp", ("x-key", "VALUE")),
        (
            "url = \"URL\"\nauth = { type = \"bearer\", token = \"${file:secret}\" }",
            "/mcp",
            ("authorization", "Bearer VALUE"),
        ),
    ] {
        let sandbox = Sandbox::new();
        let far = far();
        sandbox.write("config/callmux/secret", "canary7-one\n");
        let keys = keys.replace("URL", &far.url());
        sandbox.write(MAIN, &format!("{}[servers.far]\n{keys}\n", config(&[COUNTER])));
        let daemon = Daemon::start(&sandbox);
        for value in [canary!("-one"), canary!("-two"), canary!("-three")] {
            sandbox.write("config/callmux/secret", &format!("{value}\n"));
            let host = far.address.to_string();
            let expected = header.1.replace("VALUE", value).replace("HOST", &host);
            asked(&far, &path.replace("VALUE", value), (header.0, &expected));
        }
        daemon.expect_count("server_started", 1, |fact| fact["server"] == "counter");
    }
}

/// What the kernel says of a process: the line about core files, and whether it writes any.
fn core(pid: u32) -> (String, bool) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max core file size"));
    // Files of a process that is not dumpable are root's (proc(5)).
    let owner = std::fs::metadata(format!("/proc/{pid}/environ")).map_or(0, |file| file.uid());
    (line.unwrap_or_default().to_owned(), owner != 0)
}

#[test]
fn no_process_of_ours_writes_its_memory_down_and_servers_may() {
    const NOBODY: u32 = 65534;
    let sandbox = Sandbox::new();
    let server = hostile();
    let server = server.to_str().unwrap();
    sandbox.write(MAIN, &config(&[("odd", &[server])]));
    // As root every process looks the same.
    let is_root = rustix::process::getuid().is_root();
    let program = |words: &[&str]| -> Program {
        let mut program = sandbox.program(sandbox.path("program").to_str().unwrap());
        program.args(words);
        if is_root {
            program.uid(NOBODY);
        }
        program
    };
    std::fs::copy(callmux(), sandbox.path("program")).unwrap();
    if is_root {
        for path in ["config/callmux/config.toml", "config/callmux", "config", "."] {
            chown(sandbox.path(path), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let mut daemon = program(&["serve"]).spawn();
    until("the socket", || sandbox.socket().exists().then_some(()));
    let mut bridge = Lines::start(program(&["bridge"]));
    bridge.greet(&json!({}));
    // Its own descriptors are still its own.
    let answer = bridge.call("odd__environment", &json!({}));
    assert!(answer["result"]["content"][0]["text"].is_string(), "{answer}");
    let mut inline = Lines::start(program(&["--", server]));
    inline.greet(&json!({}));
    for (what, pid) in [("daemon", daemon.id()), ("bridge", bridge.pid()), ("inline", inline.pid())]
    {
        let (limit, is_dumpable) = core(pid);
        let words: Vec<&str> = limit.split_whitespace().collect();
        assert_eq!((words[4], is_dumpable), ("0", false), "{what}: {limit}");
    }
    let (limit, _) = core(std::process::id());
    let below = descendants(daemon.id());
    assert_eq!(below.len(), 1);
    assert_eq!(core(below[0]), (limit, true), "a server is as it would be without us");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}
