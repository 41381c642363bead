//! `callmux call`: a command line as a client.

use std::io::Write;
use std::process::{Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Daemon, Pty, Sandbox, callmux, config, every, tools, until};

const MAIN: &str = "config/callmux/config.toml";

/// A daemon with the server that has a tool for each thing.
fn daemon(sandbox: &Sandbox) -> Daemon {
    let (tools, log) = (tools(), sandbox.path("ledger"));
    Daemon::with(
        sandbox,
        &[
            ("tools", &[tools.to_str().unwrap(), "--log", log.to_str().unwrap()]),
            ("slow", &[callmux(), "example-server", "slow"]),
        ],
    )
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Said {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// `callmux call …` has to end well; what it prints on stdout.
#[track_caller]
fn call(sandbox: &Sandbox, args: &[&str]) -> String {
    let said = run(sandbox, &[&["call"], args].concat());
    assert_eq!(said.code, Some(0), "{args:?}: {}{}", said.out, said.err);
    said.out
}

/// `callmux call …` has to end with this code and say this; nothing is on stdout.
#[track_caller]
fn fails(sandbox: &Sandbox, args: &[&str], code: i32, words: &str) {
    let said = run(sandbox, &[&["call"], args].concat());
    assert_eq!((said.code, &*said.out), (Some(code), ""), "{args:?}: {}", said.err);
    assert!(said.err.contains(words), "{args:?}: {}", said.err);
}

fn ledger(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("ledger")).unwrap_or_default()
}

#[test]
fn each_form_of_arguments_reaches_the_tool() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox);
    sandbox.write("given.json", "{\"n\": 12345678901234567890}");
    for (words, arrived) in [
        (&[][..], "{}"),
        (&[r#"{"x": 1.10}"#], r#"{"x":1.10}"#),
        (&["a=1", "b:=[1,2]"], r#"{"b":[1,2],"a":"1"}"#),
        (&["@given.json"], r#"{"n":12345678901234567890}"#),
        (&["@given.json", "more=x"], r#"{"n":12345678901234567890,"more":"x"}"#),
    ] {
        let printed = call(&sandbox, &[&["tools__echo"], words].concat());
        assert_eq!(printed, format!("{arrived}\n"), "{words:?}");
    }
    // By the tool's schema.
    let printed = call(&sandbox, &["strict", "owner=7", "n=7", "flag=true", "tags=a", "tags=b"]);
    assert_eq!(printed, "{\"owner\":\"7\",\"n\":7,\"flag\":true,\"tags\":[\"a\",\"b\"]}\n");
    // By the server's own name for it.
    assert_eq!(call(&sandbox, &["--server", "tools", "ping"]), "pong\n");
    let mut child = sandbox.command();
    let mut child = child.args(["call", "echo", "-"]).stdin(Stdio::piped()).spawn();
    child.stdin.take().unwrap().write_all(b" {\"from\": \"stdin\"}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\"from\":\"stdin\"}\n");
    let told = daemon.wait_for("call_finished", |fact| fact["tool"] == "tools__strict");
    assert!(told["client"].as_str().unwrap().starts_with("callmux-shell "), "{told}");
    let address = format!("http://{}", daemon.address);
    assert_eq!(call(&sandbox, &["--url", &address, "ping"]), "pong\n");
}

#[test]
fn each_outcome_has_an_exit_code() {
    let sandbox = Sandbox::new();
    fails(&sandbox, &["ping"], 69, "callmux serve");
    let text = config(&[
        ("tools", &[tools().to_str().unwrap(), "--log", sandbox.path("ledger").to_str().unwrap()]),
        ("gone", &["no-such-program"]),
        ("counter", &[callmux(), "example-server", "counter"]),
        ("slow", &[callmux(), "example-server", "slow"]),
    ]);
    sandbox.write(MAIN, &text);
    let mut daemon = Daemon::start(&sandbox);
    for server in ["tools", "counter", "slow"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    fails(&sandbox, &["toolerr"], 1, "the tool says no\n");
    fails(&sandbox, &["fail"], 1, "it failed");
    fails(&sandbox, &["ech"], 64, "unknown tool: ech");
    fails(&sandbox, &["echo", "word"], 64, "NAME=VALUE");
    fails(&sandbox, &["strict", "n=x"], 64, "n has to be a whole number");
    fails(&sandbox, &["strict", "onwer=x"], 64, "did you mean owner?");
    fails(&sandbox, &["--url", "ftp://example.com", "ping"], 64, "http://");
    fails(&sandbox, &["--timeout", "5", "ping"], 64, "no unit");
    fails(&sandbox, &["--cwd", "/no/such/directory", "ping"], 64, "no directory");
    fails(&sandbox, &["--server", "gone", "x"], 75, "not_sent");
    fails(&sandbox, &["--timeout", "300ms", "hold", "key=never"], 124, "within 300 ms");
    until("the call to be taken back", || ledger(&sandbox).contains("cancelled").then_some(()));
    // A daemon that ends while the call runs.
    let running = sandbox.command().args(["call", "slow__wait", "seconds=60"]).spawn_heard();
    let sessions = |daemon: &Daemon| daemon.count("session_opened", |_| true);
    let before = sessions(&daemon);
    until("the call's session", || (sessions(&daemon) > before).then_some(()));
    call(&sandbox, &["counter__value"]);
    daemon.kill();
    let _daemon = Daemon::start(&sandbox);
    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("outcome_unknown"), "{said}");
}

/// systemd takes connections for a daemon, whether or not that can be started.
#[test]
fn a_socket_without_a_daemon_behind_it_is_not_waited_at_for_ever() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.socket().parent().unwrap()).unwrap();
    let _taken = std::os::unix::net::UnixListener::bind(sandbox.socket()).unwrap();
    fails(
        &sandbox,
        &["--wait", "100ms", "counter__value"],
        69,
        "no daemon has answered there after",
    );
    fails(&sandbox, &["--wait", "100ms", "counter__value"], 69, "callmux doctor");
}

#[test]
fn a_call_outlives_a_restart_of_the_daemon() {
    let sandbox = Sandbox::new();
    let (tools, log) = (tools(), sandbox.path("ledger"));
    let text = config(&[("tools", &[tools.to_str().unwrap(), "--log", log.to_str().unwrap()])]);
    sandbox.write(MAIN, &format!("{text}trusted = true\n"));
    let mut first = Daemon::start(&sandbox);
    first.wait_for("server_ready", |_| true);
    let mut waiting = sandbox.command();
    let waiting = waiting.args(["call", "hold", "key=k"]).spawn_heard();
    until("the call to arrive", || ledger(&sandbox).contains("hold").then_some(()));
    first.kill();
    let mut second = Daemon::start(&sandbox);
    // What only reads is asked again of the new process of the server.
    until("the call to arrive again", || {
        (ledger(&sandbox).matches("hold").count() == 2).then_some(())
    });
    call(&sandbox, &["release", "key=k"]);
    let output = waiting.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"met\n"[..]));
    // A daemon that is told to stop waits for it.
    let mut waiting = sandbox.command();
    let waiting = waiting.args(["call", "meet", "n=2"]).spawn_heard();
    until("the call to arrive", || ledger(&sandbox).contains("meet").then_some(()));
    let mut other = sandbox.command();
    let other = other.args(["call", "meet", "n=2"]).spawn_heard();
    until("the other", || (ledger(&sandbox).matches("meet").count() == 2).then_some(()));
    assert_eq!(second.stop(), Some(0));
    for call in [waiting, other] {
        let output = call.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"met\n"[..]));
    }
}

#[test]
fn an_interrupted_call_is_taken_back() {
    let sandbox = Sandbox::new();
    let daemon = daemon(&sandbox);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut command = sandbox.command();
        let child = command.args(["call", "hold", &format!("key={code}")]).spawn_heard();
        let arrived = format!("\"{code}\"");
        until("the call to arrive", || ledger(&sandbox).contains(&arrived).then_some(()));
        let before = ledger(&sandbox).matches("cancelled").count();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stdout), (Some(code), &b""[..]));
        until("the call to be taken back", || {
            (ledger(&sandbox).matches("cancelled").count() > before).then_some(())
        });
    }
    daemon.wait_for("call_finished", |fact| {
        fact["tool"] == "tools__hold" && fact["outcome"] == "cancelled"
    });
}

#[test]
fn results_are_printed_whole_and_as_they_are() {
    let sandbox = Sandbox::new();
    let tools = tools();
    let servers = config(&[("tools", &[tools.to_str().unwrap()])]);
    // What agents get is none of a shell's business.
    let agents = servers
        .replace("exposure = \"no-meta\"", "exposure = \"meta-only\"\noutput_format = \"toon\"")
        .replace(
            "max_result = \"0B\"",
            "max_result = \"1KiB\"\nschema_compression = \"aggressive\"",
        );
    sandbox.write(MAIN, &format!("{agents}max_result = \"2KiB\"\n"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let rows: Value = serde_json::from_str(&call(&sandbox, &["bigarr", "rows=500"])).unwrap();
    assert_eq!((rows.as_array().unwrap().len(), &rows[499]["id"]), (500, &499.into()));
    let formats = |format: &str| call(&sandbox, &["bigarr", "rows=4", "--output-format", format]);
    assert!(formats("toon").starts_with("[4]{id,state,title}:\n"), "{}", formats("toon"));
    assert!(formats("json").starts_with(r#"[{"id":0"#), "{}", formats("json"));
    assert_eq!(call(&sandbox, &["structured", "--output-format", "json"]), "{\"field\":[7]}\n");
    assert_eq!(call(&sandbox, &["structured"]), "one field\n");
    assert_eq!(call(&sandbox, &["pid", "--output-format", "text"]).lines().count(), 1);
    assert_eq!(call(&sandbox, &["say", "text=a\n"]), "a\n");
    let whole = call(&sandbox, &["bigint", "--json"]);
    let digits = r#""structuredContent":{"id":12345678901234567890,"n":9007199254740993,"x":1.10}"#;
    assert!(whole.contains(digits) && whole.lines().count() == 1, "{whole}");
    let failed = run(&sandbox, &["call", "toolerr", "--json"]);
    let result: Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!((failed.code, &result["isError"]), (Some(1), &true.into()));
    let refused = run(&sandbox, &["call", "fail", "--json"]);
    let error: Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(
        (refused.code, error),
        (
            Some(1),
            json!({ "error": { "code": -32050, "message": "it failed", "data": { "why": "asked to" } } })
        )
    );
    assert_eq!(call(&sandbox, &["say", "text=here", "--out", "note"]), "");
    assert_eq!(std::fs::read_to_string(sandbox.path("note")).unwrap(), "here\n");
}

#[test]
fn images_go_to_files() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let size = |name: &str| std::fs::metadata(sandbox.path(name)).unwrap().len();
    let said = run(&sandbox, &["call", "image", "bytes=700"]);
    assert_eq!((said.code, &*said.out), (Some(0), "a picture\n"));
    assert_eq!((&*said.err, size("image.png")), ("image.png: image/png, 700 B\n", 700));
    // Nothing that is there is written over, but what was named.
    let said = run(&sandbox, &["call", "image", "bytes=70"]);
    assert!(said.err.starts_with("image-2.png: "), "{}", said.err);
    assert_eq!((size("image.png"), size("image-2.png")), (700, 70));
    let said = run(&sandbox, &["call", "image", "bytes=9", "--out", "image.png"]);
    assert_eq!((&*said.out, &*said.err, size("image.png")), ("a picture\n", "", 9));
    let piped =
        sandbox.command().args(["call", "image", "bytes=9", "--out", "-"]).output().unwrap();
    assert_eq!((piped.stdout, piped.stderr), (vec![7; 9], b"a picture\n".to_vec()));
    let line = format!("{} call image bytes=9 --out -", callmux());
    let (code, shown) = Pty::start(&sandbox, &line).finish();
    assert_eq!(code, Some(64), "{shown}");
    assert!(shown.contains("not for a terminal") && !shown.contains('\x07'), "{shown:?}");
}

#[test]
fn hostile_text_is_raw_in_a_pipe_and_tame_on_a_terminal() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let evil = "a\x1b[31mb\u{202e}c\nd\te\u{200b}";
    assert_eq!(call(&sandbox, &["say", &format!("text={evil}")]), format!("{evil}\n"));
    sandbox.write("evil.json", &json!({ "text": evil }).to_string());
    let line = format!("{} call say @evil.json", callmux());
    let (code, shown) = Pty::start(&sandbox, &line).finish();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("a\\u{1b}[31mb\\u{202e}c\nd\te\\u{200b}\n"), "{shown:?}");
}

#[test]
fn questions_are_asked_on_the_terminal_and_declined_elsewhere() {
    let sandbox = Sandbox::new();
    let every = every();
    for era in ["--legacy", "--modern"] {
        let _daemon = Daemon::with(&sandbox, &[("every", &[every.to_str().unwrap(), era])]);
        let said = run(&sandbox, &["call", "every__elicit", "--json"]);
        let declined = r#""answer":{"action":"decline"}"#;
        assert!(said.out.contains(declined), "{era}: {}", said.out);
        assert!(said.err.contains("every__elicit asks: Round 1?: declined"), "{}", said.err);
        let line = format!("{} call every__elicit --json rounds:=2", callmux());
        let mut pty = Pty::start(&sandbox, &line);
        // Who types ahead is not made to type again.
        pty.answer("zeta [nothing]: ", "first\nx\n");
        pty.answer("x is no number", "\n");
        pty.answer("asks: Round 2? (Ctrl-D declines)\n  zeta [nothing]: ", "second\n");
        pty.answer("zeta [nothing]: second", "1.50\n");
        let (code, shown) = pty.finish();
        assert_eq!(code, Some(0), "{era}: {shown}");
        let content = r#""answer":{"action":"accept","content":{"zeta":"second","alpha":1.50}}"#;
        assert!(shown.contains(content), "{era}: {shown}");
        let mut pty = Pty::start(&sandbox, &format!("{} call every__elicit_url --json", callmux()));
        pty.answer("https://example.com/?x=é", "n\n");
        let (_, shown) = pty.finish();
        assert!(shown.contains(declined), "{era}: {shown}");
    }
}

#[test]
fn progress_is_told_where_somebody_wants_it() {
    let sandbox = Sandbox::new();
    let _daemon = daemon(&sandbox);
    let args = ["call", "slow__wait", "seconds=0.01", "steps=3"];
    let said = run(&sandbox, &[&args[..], &["--progress"]].concat());
    assert_eq!((said.code, said.err.lines().count()), (Some(0), 3), "{}", said.err);
    let quiet = run(&sandbox, &args);
    assert_eq!((quiet.code, &*quiet.err), (Some(0), ""));
    assert_eq!(quiet.out, said.out);
    let (_, shown) = Pty::start(&sandbox, &format!("{} {}", callmux(), args.join(" "))).finish();
    assert!(shown.contains("\x1b[K"), "{shown:?}");
}
