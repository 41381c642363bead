//! Files that are not what they should be: pipes, too large, writable by others.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Output;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

use crate::support::{Daemon, Lines, Sandbox, config, hostile, until};

const COUNTER: (&str, &[&str]) =
    ("counter", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "counter"]);
const MAIN: &str = "config/callmux/config.toml";

/// Puts a named pipe there that nobody writes into.
fn pipe(path: &Path) {
    drop(std::fs::remove_file(path));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

fn status(sandbox: &Sandbox) -> Value {
    let output = sandbox.command().args(["status", "--json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A server whose variable is a file.
fn reading(file: &str) -> String {
    let command = hostile();
    let command = command.to_str().unwrap();
    format!(
        "{}[servers.odd]\ncommand = {command:?}\nenv = {{ A = \"${{file:{file}}}\" }}\n",
        config(&[COUNTER])
    )
}

#[test]
fn a_pipe_in_place_of_a_secret_stops_one_server_and_nothing_else() {
    let sandbox = Sandbox::new();
    pipe(&sandbox.path("config/callmux/pipe"));
    sandbox.write(MAIN, &reading("pipe"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    let told = daemon.wait_for("server_unusable", |fact| fact["server"] == "odd");
    let reason = told["reason"].as_str().unwrap();
    assert!(
        reason.contains("pipe: it is a named pipe") && reason.contains("`${cmd:cat PATH}`"),
        "{reason}"
    );
    let (code, text) = run(&sandbox, &["config", "check"]);
    assert!(code == Some(0) && text.contains("it is a named pipe"), "{text}");
    // What it was about is over, and so is that.
    sandbox.write("config/callmux/secret", "canary7-secret\n");
    sandbox.write(MAIN, &reading("secret"));
    daemon.wait_for("server_ready", |fact| fact["server"] == "odd");
    // Nor does it stop a daemon that runs.
    pipe(&sandbox.path("config/callmux/secret"));
    let again = |fact: &Value| {
        fact["server"] == "odd" && fact.to_string().contains("secret: it is a named pipe")
    };
    daemon.wait_for("server_unusable", again);
    sandbox.write(MAIN, &config(&[COUNTER]));
    daemon.wait_for("config_reloaded", |fact| fact["removed"] == "odd");
    daemon.expect_count("server_started", 1, |fact| fact["server"] == "counter");
}

#[test]
fn a_pipe_in_place_of_a_file_of_ours_keeps_nobody_waiting() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::with(&sandbox, &[COUNTER]);
    Lines::bridge(&sandbox).call("counter__value", &json!({}));
    assert_eq!(daemon.stop(), Some(0));
    let state = sandbox.path(".local/state/callmux");
    let mut ours = Vec::new();
    for dir in [
        sandbox.path("cache/callmux"),
        sandbox.path("cache/callmux/servers"),
        state.join("last-good"),
    ] {
        let entries =
            std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        ours.extend(files);
    }
    let is_there = |name: &str| ours.iter().any(|path| path.to_str().unwrap().contains(name));
    for name in ["bridge.json", "/servers/", "last-good/"] {
        assert!(is_there(name), "{name}: {ours:?}");
    }
    ours.push(state.join("credentials/counter.json"));
    ours.push(state.join("results/0123456789abcdef"));
    for path in &ours {
        pipe(path);
    }
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let mut client = Lines::bridge(&sandbox);
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 0);
    // They are replaced by files again.
    let kept = ours.iter().find(|path| path.to_str().unwrap().contains("last-good")).unwrap();
    until("the copy of the config", || kept.is_file().then_some(()));
    drop(daemon);
    // A daemon without a config to read looks for the copy.
    sandbox.write(MAIN, "[servers.counter]\ncommand = 7\n");
    pipe(kept);
    assert_eq!(run(&sandbox, &["serve"]).0, Some(65));
}

#[test]
fn a_file_without_an_end_is_refused_by_its_size() {
    let sandbox = Sandbox::new();
    for name in ["config/callmux/huge", "config/callmux/conf.d/huge.toml"] {
        sandbox.write(name, "");
        std::fs::File::create(sandbox.path(name)).unwrap().set_len(10 << 30).unwrap();
    }
    sandbox.write(MAIN, &reading("huge").replace("huge", "/dev/zero"));
    let (code, text) = run(&sandbox, &["config", "check"]);
    assert_eq!(code, Some(65), "{text}");
    assert!(text.contains("huge.toml:1:1: it is larger than 4 MiB; name a smaller file"), "{text}");
    std::fs::remove_file(sandbox.path("config/callmux/conf.d/huge.toml")).unwrap();
    let (_, text) = run(&sandbox, &["config", "check"]);
    assert!(text.contains("/dev/zero: it is a device, not a regular file"), "{text}");
    sandbox.write(MAIN, &reading("huge"));
    let (_, text) = run(&sandbox, &["config", "check"]);
    assert!(text.contains("huge: it is larger than 1 MiB"), "{text}");
    // The search for secrets at the end would read all of it.
    std::fs::remove_file(sandbox.path("config/callmux/huge")).unwrap();
}

#[test]
fn a_config_that_others_may_write_is_refused_and_the_one_before_stays() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[COUNTER]);
    let pid = daemon.server_pid("counter");
    let is_root = rustix::process::getuid().is_root();
    let main = sandbox.path(MAIN);
    let (dir, dropins) = (sandbox.path("config/callmux"), sandbox.path("config/callmux/conf.d"));
    sandbox.write("config/callmux/conf.d/more.toml", "");
    let above = sandbox.path("config");
    let more = dropins.join("more.toml");
    let mut refused = 0;
    let mut check = |spoil: &dyn Fn(), mend: &dyn Fn(), path: &Path, words: &str| {
        refused += 1;
        spoil();
        let expected = format!("{} {words}", path.display());
        let (code, text) = run(&sandbox, &["config", "check"]);
        assert!(code == Some(65) && text.contains(&expected), "{expected}: {text}");
        let is_it = |fact: &Value| fact["config_complaint"].as_str().unwrap().contains(&expected);
        daemon.signal(rustix::process::Signal::HUP);
        daemon.wait_for("config_refused", is_it);
        let told = status(&sandbox);
        assert_eq!(told["config"]["in_force"], "earlier", "{told}");
        mend();
        daemon.signal(rustix::process::Signal::HUP);
        until("the config in force", || {
            (status(&sandbox)["config"]["in_force"] == "current").then_some(())
        });
    };
    for (path, usual) in
        [(&main, 0o644), (&more, 0o644), (&dir, 0o755), (&dropins, 0o755), (&above, 0o755)]
    {
        let words = format!(
            "is writable by everybody, so it is not trusted; `chmod o-w {}`",
            path.display()
        );
        check(&|| mode(path, usual | 0o002), &|| mode(path, usual), path, &words);
        if is_root {
            let words = format!(
                "is writable by the group 12345, so it is not trusted; `chmod g-w {}`",
                path.display()
            );
            let spoil = || {
                mode(path, usual | 0o020);
                chown(path, None, Some(12345)).unwrap();
            };
            let mend = || {
                chown(path, None, Some(0)).unwrap();
                mode(path, usual);
            };
            check(&spoil, &mend, path, &words);
            let words = "belongs to user 65534, so it is not trusted; `chown` it";
            check(
                &|| chown(path, Some(65534), None).unwrap(),
                &|| chown(path, Some(0), None).unwrap(),
                path,
                words,
            );
        }
    }
    assert_eq!(daemon.server_pid("counter"), pid, "nothing was started anew");
    // The user's own group is nobody else.
    if is_root {
        mode(&main, 0o664);
        assert_eq!(run(&sandbox, &["config", "check"]).0, Some(0));
    }
}

#[test]
fn the_doctor_names_secrets_and_programs_that_are_open_to_others() {
    let sandbox = Sandbox::new();
    sandbox.write("config/callmux/secret", "canary7-secret\n");
    let (secret, program) = (sandbox.path("config/callmux/secret"), sandbox.path("program"));
    std::fs::copy(hostile(), &program).unwrap();
    let command = hostile();
    sandbox.write(
        MAIN,
        &reading("secret").replace(command.to_str().unwrap(), program.to_str().unwrap()),
    );
    mode(&secret, 0o600);
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "odd");
    assert!(run(&sandbox, &["doctor"]).1.contains("nothing to report"));
    mode(&secret, 0o644);
    mode(&program, 0o777);
    assert_eq!(run(&sandbox, &["reload", "--wait"]).0, Some(0));
    let (code, text) = run(&sandbox, &["doctor"]);
    assert_eq!(code, Some(0), "it works all the same: {text}");
    for words in [
        format!("every user may read this secret; `chmod o-r {}`", secret.display()),
        format!(
            "is writable by everybody, so it is not trusted; `chmod o-w {}`",
            program.display()
        ),
    ] {
        assert!(text.contains(&words), "{words}: {text}");
        let (_, text) = run(&sandbox, &["config", "check"]);
        assert!(text.contains(&words), "{words}: {text}");
    }
}

#[test]
fn the_doctor_says_that_the_state_directory_cannot_be_used() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, "");
    let in_the_way = sandbox.path("in-the-way");
    sandbox.write("in-the-way/callmux", "no directory");
    let state = in_the_way.to_str().unwrap();
    let _daemon = Daemon::start_with(&sandbox, &[("XDG_STATE_HOME", state)]);
    let (code, text) = run(&sandbox, &["doctor"]);
    assert_eq!(code, Some(1), "{text}");
    let expected = format!("the state directory {state}/callmux cannot be used");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(&expected) && flat.contains("can be written to"), "{text}");
}

#[test]
fn a_socket_is_bound_only_where_nobody_can_exchange_it() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("open")).unwrap();
    mode(&sandbox.path("open"), 0o777);
    let socket = sandbox.path("open/s");
    let (code, text) = run(&sandbox, &["serve", "--socket", socket.to_str().unwrap()]);
    assert_eq!(code, Some(69), "{text}");
    assert!(text.contains(&format!("`chmod o-w {}`", sandbox.path("open").display())), "{text}");
}
