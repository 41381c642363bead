//! Where no systemd is, a daemon is started by whoever needs one.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::processes::{daemons_at, of_process, stat};
use crate::support::{Lines, Program, Sandbox, callmux, config, is_alive, skipped, tools, until};

const MAIN: &str = "config/callmux/config.toml";

/// A sandbox in which nothing runs, and in the end nothing is left running.
struct Idle {
    sandbox: Sandbox,
    /// The socket's directory.
    dir: PathBuf,
}

impl Idle {
    fn new() -> Self {
        let (sandbox, tools) = (Sandbox::new(), tools());
        let servers: [(&str, &[&str]); 2] = [
            ("tools", &[tools.to_str().unwrap()]),
            ("counter", &[callmux(), "example-server", "counter"]),
        ];
        sandbox.write(MAIN, &config(&servers));
        let dir = sandbox.path("callmux");
        Self { sandbox, dir }
    }

    /// What starts a daemon if there is none.
    fn command(&self, words: &[&str]) -> Program {
        let mut command = self.sandbox.command();
        command.without("CALLMUX_NO_SPAWN").args(words);
        command
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        said(&mut self.command(words))
    }

    fn bridge(&self) -> Lines {
        let mut bridge = Lines::start(self.command(&["bridge"]));
        bridge.greet(&json!({}));
        bridge
    }

    /// The daemons of this sandbox that run.
    fn daemons(&self) -> Vec<u32> {
        daemons_at(&self.dir.join("mcp.sock"))
    }

    fn daemon(&self) -> u32 {
        let all = self.daemons();
        assert_eq!(all.len(), 1, "{all:?}");
        all[0]
    }

    fn log(&self) -> String {
        let path = self.sandbox.path(".local/state/callmux/daemon.log");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::read_to_string(path).unwrap()
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        for pid in self.daemons() {
            signal(pid, Signal::KILL);
        }
        until("the end of every daemon", || self.daemons().is_empty().then_some(()));
    }
}

fn signal(pid: u32, signal: Signal) {
    // It may have ended.
    _ = kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal);
}

/// Ends a daemon in order. Its command line is gone before its sockets are (`do_exit` of Linux).
fn end(pid: u32) {
    signal(pid, Signal::TERM);
    until("the daemon's end", || (!is_alive(pid)).then_some(()));
}

fn said(command: &mut Program) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn twenty_bridges_at_once_start_one_daemon() {
    let idle = Idle::new();
    let mut bridges: Vec<Lines> =
        (0..20).map(|_| Lines::start(idle.command(&["bridge"]))).collect();
    for bridge in &mut bridges {
        bridge.greet(&json!({}));
        let answer = bridge.call("counter__increment", &json!({}));
        assert!(answer["result"]["structuredContent"]["value"].is_u64(), "{answer}");
    }
    let value = bridges[0].call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 20, "{value}");
    idle.daemon();
    let log = idle.log();
    let started = format!("callmux {} started", env!("CARGO_PKG_VERSION"));
    assert_eq!(log.matches(&started).count(), 1, "{log}");
    for bridge in &mut bridges {
        assert_eq!(bridge.finish(), Some(0));
    }
}

#[test]
fn a_call_from_nothing_starts_a_daemon_that_is_nobodys_child() {
    let idle = Idle::new();
    let mut command = idle.command(&["call", "tools__ping"]);
    command.env("CALLMUX_SERVER_RUN", "0123").env("LISTEN_PID", "1").env("INVOCATION_ID", "x");
    let (code, out, err) = said(&mut command);
    assert_eq!((code, &*out), (Some(0), "pong\n"), "{err}");
    let pid = idle.daemon();
    // Ours may be led from outside of our namespace, and then has no number (pid_namespaces(7)).
    let session = |pid| stat(pid, 3).unwrap();
    assert_eq!(Some(session(pid)), stat(pid, 2), "it leads a group of its own");
    assert_ne!(session(pid), session(std::process::id()));
    let link = |name: &str| std::fs::read_link(format!("/proc/{pid}/{name}")).unwrap();
    assert_eq!(link("cwd"), PathBuf::from("/"));
    let (input, output, errors) = (link("fd/0"), link("fd/1"), link("fd/2"));
    assert_eq!((input, output), ("/dev/null".into(), "/dev/null".into()));
    assert!(errors.ends_with("callmux/daemon.log"), "{errors:?}");
    let environment = of_process(pid, "environ");
    for name in ["CALLMUX_SERVER_RUN=", "LISTEN_PID=", "INVOCATION_ID=", "CALLMUX_NO_SPAWN="] {
        assert!(!environment.lines().any(|line| line.starts_with(name)), "{environment}");
    }
    let (code, out, _) = idle.run(&["status"]);
    assert_eq!((code, out.matches("without systemd").count()), (Some(0), 1), "{out}");
    let (_, out, _) = idle.run(&["doctor"]);
    assert_eq!(out.matches("systemd does not run this daemon").count(), 1, "{out}");
    // The next one finds it.
    assert_eq!(idle.run(&["call", "counter__value"]).0, Some(0));
    assert_eq!(idle.daemon(), pid);
    // What only looks and what stops starts nothing.
    end(pid);
    for words in [&["status"][..], &["doctor"], &["reload"], &["stop", "counter"]] {
        assert_eq!(idle.run(words).0, Some(69), "{words:?}");
    }
    assert!(idle.daemons().is_empty());
    let (code, out, err) = idle.run(&["list"]);
    assert!(code == Some(0) && out.contains("counter__value"), "{out}{err}");
    idle.daemon();
}

#[test]
fn the_readmes_command_starts_a_daemon() {
    let idle = Idle::new();
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    let line = text.lines().find(|line| line.contains("starts a daemon unless")).unwrap();
    let words = line.split('#').next().unwrap().split_whitespace().skip(1);
    idle.sandbox.write(MAIN, &config(&[("time", &[callmux(), "example-server", "time"])]));
    let (code, out, err) = said(idle.command(&[]).args(words));
    assert!(code == Some(0) && !out.is_empty(), "{out}{err}");
    idle.daemon();
}

#[test]
fn a_session_goes_on_after_its_daemon_was_killed_under_a_call() {
    let idle = Idle::new();
    let mut client = idle.bridge();
    client.call("counter__increment", &json!({}));
    let first = idle.daemon();
    let held = client.start_call("tools__hold", &json!({ "key": "x" }));
    // It has arrived when the next one is answered.
    client.call("tools__ping", &json!({}));
    signal(first, Signal::KILL);
    let answer = client.answer(held);
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("outcome_unknown") || text.contains("may have"), "{answer}");
    let value = client.call("counter__value", &json!({}));
    assert_eq!(value["result"]["structuredContent"]["value"], 0, "{value}");
    assert_ne!(idle.daemon(), first);
    assert_eq!(client.finish(), Some(0));
}

#[test]
fn a_daemon_that_was_ended_in_order_is_missed_when_something_is_wanted() {
    let idle = Idle::new();
    let mut client = idle.bridge();
    client.call("tools__ping", &json!({}));
    end(idle.daemon());
    until("an empty place", || {
        std::fs::read_dir(&idle.dir).unwrap().next().is_none().then_some(())
    });
    let answer = client.call("tools__ping", &json!({}));
    assert_eq!(answer["result"]["content"][0]["text"], "pong", "{answer}");
    idle.daemon();
}

#[test]
fn a_daemon_that_nobody_needs_ends_and_leaves_nothing() {
    let idle = Idle::new();
    let text = std::fs::read_to_string(idle.sandbox.path(MAIN)).unwrap();
    idle.sandbox.write(MAIN, &format!("idle_exit = \"100ms\"\n{text}"));
    let mut client = idle.bridge();
    client.call("tools__ping", &json!({}));
    let pid = idle.daemon();
    let left = until("a process for each server", || {
        Some(crate::support::descendants(pid)).filter(|all| all.len() == 2)
    });
    assert_eq!(client.finish(), Some(0));
    until("the daemon's end", || (!is_alive(pid)).then_some(()));
    until("the end of its servers", || left.iter().all(|pid| !is_alive(*pid)).then_some(()));
    let found: Vec<_> = std::fs::read_dir(&idle.dir).unwrap().collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(idle.log().contains("nobody needs us"), "{}", idle.log());
}

/// Clients that end with their bridge's process and not with its stdin, as those on Tokio may.
#[test]
fn a_daemon_whose_client_killed_its_bridge_is_needed_by_nobody() {
    let idle = Idle::new();
    let text = std::fs::read_to_string(idle.sandbox.path(MAIN)).unwrap();
    idle.sandbox.write(MAIN, &format!("idle_exit = \"100ms\"\n{text}"));
    let mut client = idle.bridge();
    client.call("tools__ping", &json!({}));
    let pid = idle.daemon();
    client.signal(Signal::KILL);
    until("the daemon's end", || (!is_alive(pid)).then_some(()));
    assert!(idle.log().contains("session closed"), "{}", idle.log());
}

#[test]
fn without_leave_nothing_is_started_and_that_is_said() {
    let idle = Idle::new();
    let mut spawn = idle.sandbox.command();
    let mut named = idle.command(&["call", "--no-spawn", "tools__ping"]);
    for command in [spawn.args(["call", "tools__ping"]), &mut named] {
        let (code, _, err) = said(command);
        assert!(code == Some(69) && err.contains("--no-spawn (CALLMUX_NO_SPAWN)"), "{err}");
    }
    let mut bridge = Lines::start(idle.command(&["bridge", "--no-spawn", "--wait", "1ms"]));
    until("the reason", || {
        let answer = bridge.call("tools__ping", &json!({}));
        answer.to_string().contains("--no-spawn (CALLMUX_NO_SPAWN)").then_some(())
    });
    // A socket that somebody named is somebody's matter.
    let other = idle.sandbox.path("other.sock").display().to_string();
    let (code, _, err) = idle.run(&["call", "--socket", &other, "tools__ping"]);
    assert!(code == Some(69) && err.contains("callmux serve"), "{err}");
    assert!(idle.daemons().is_empty());
}

#[test]
fn a_config_that_is_refused_is_told_by_the_daemon_that_was_started() {
    let idle = Idle::new();
    idle.sandbox.write(MAIN, "nonsense = 1\n");
    let mut client = idle.bridge();
    let answer = client.call("tools__ping", &json!({}));
    assert!(answer.to_string().contains("nonsense"), "{answer}");
    idle.daemon();
}

#[test]
fn why_a_daemon_does_not_start_is_told() {
    let idle = Idle::new();
    // It cannot bind there.
    std::fs::create_dir_all(idle.dir.join("mcp.sock")).unwrap();
    let (code, _, err) = idle.run(&["call", "tools__ping"]);
    assert!(code == Some(69) && err.contains("is no socket"), "{err}");
    assert!(err.contains("daemon.log has all of it"), "{err}");
    let mut bridge = Lines::start(idle.command(&["bridge", "--wait", "100ms"]));
    until("the reason", || {
        let answer = bridge.call("tools__ping", &json!({}));
        answer.to_string().contains("is no socket").then_some(())
    });
}

/// A sandbox without a runtime directory, whose temporary directory is its own.
fn homeless() -> Option<Idle> {
    let uid = rustix::process::getuid().as_raw();
    if std::path::Path::new(&format!("/run/user/{uid}")).is_dir() {
        skipped("/run/user has a directory for us, so there is always a runtime directory");
        return None;
    }
    let mut idle = Idle::new();
    let temporary = idle.sandbox.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    std::fs::set_permissions(&temporary, PermissionsExt::from_mode(0o1777)).unwrap();
    idle.dir = temporary.join(format!("callmux-{uid}"));
    Some(idle)
}

fn at_home_nowhere<'a>(idle: &Idle, command: &'a mut Program) -> &'a mut Program {
    command.without("XDG_RUNTIME_DIR").env("TMPDIR", idle.sandbox.path("tmp"))
}

#[test]
fn without_a_runtime_directory_all_meet_in_a_private_one() {
    let Some(idle) = homeless() else { return };
    let mut bridge = idle.command(&["bridge"]);
    at_home_nowhere(&idle, &mut bridge);
    let mut bridge = Lines::start(bridge);
    bridge.greet(&json!({}));
    bridge.call("counter__increment", &json!({}));
    let found = idle.dir.symlink_metadata().unwrap();
    assert_eq!((found.mode() & 0o7777, found.is_dir()), (0o700, true));
    let run = |words: &[&str]| said(at_home_nowhere(&idle, &mut idle.command(words)));
    let (code, out, err) = run(&["call", "--json", "counter__value"]);
    let value: Value = serde_json::from_str(&out).unwrap_or_default();
    assert_eq!(value["structuredContent"]["value"], 1, "{code:?} {out}{err}");
    let (code, out, _) = run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &status["pid"]), (Some(0), &json!(idle.daemon())));
    let (code, _, err) = run(&["serve"]);
    assert!(code == Some(69) && err.contains("already listening"), "{err}");
    // As good as not set.
    let mut named = idle.command(&["call", "tools__ping"]);
    at_home_nowhere(&idle, &mut named).env("XDG_RUNTIME_DIR", idle.sandbox.path("missing"));
    assert_eq!(said(&mut named).0, Some(0));
    idle.daemon();
}

#[test]
fn a_directory_that_others_may_use_or_that_leads_elsewhere_is_refused() {
    let Some(idle) = homeless() else { return };
    let elsewhere = idle.sandbox.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::set_permissions(&elsewhere, PermissionsExt::from_mode(0o700)).unwrap();
    let refused = |words: &str| {
        for verb in [
            &["serve"][..],
            &["call", "tools__ping"],
            &["tools"],
            &["bridge"],
            &["status"],
            &["list"],
        ] {
            let (code, _, err) = said(at_home_nowhere(&idle, &mut idle.command(verb)));
            assert!(code == Some(69) && err.contains(words), "{verb:?}: {code:?} {err}");
            assert!(err.contains("XDG_RUNTIME_DIR"), "{err}");
        }
        assert!(idle.daemons().is_empty());
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    };
    symlink(&elsewhere, &idle.dir).unwrap();
    refused("symbolic link");
    std::fs::remove_file(&idle.dir).unwrap();
    std::fs::create_dir(&idle.dir).unwrap();
    std::fs::set_permissions(&idle.dir, PermissionsExt::from_mode(0o755)).unwrap();
    refused("others may use");
    std::fs::set_permissions(&idle.dir, PermissionsExt::from_mode(0o700)).unwrap();
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(&idle.dir, Some(12345), None).unwrap();
        refused("belongs to user 12345");
    }
}

/// What stands in for the user manager: it knows the units that lie in the home, and those that were enabled.
const SYSTEMCTL: &str = r#"#!/bin/sh
units="$HOME/config/systemd/user"
state=inactive; test -e "$HOME/enabled" && state=active
case "$*" in
*'show callmux'*)
    for word; do case $word in callmux.*) unit=$word ;; esac; done
    test -e "$units/$unit" || { printf 'LoadState=not-found\nActiveState=inactive\n'; exit; }
    printf 'LoadState=loaded\nActiveState=%s\nUnitFileState=enabled\n' "$state"
    sed -n 's/^ExecStart=\(.*\) serve/ExecStart={ path=\1 ; argv[] }/p' "$units/$unit" ;;
*'enable --now'*) : > "$HOME/enabled"; exit ;;
*'disable --now'*) rm "$HOME/enabled"; echo done ;;
*) echo done ;;
esac
"#;

#[test]
fn units_are_written_for_who_has_no_package_and_taken_away() {
    let idle = Idle::new();
    idle.sandbox.write("bin/systemctl", &SYSTEMCTL.replace("exit ;;", "echo done ;;"));
    let program = idle.sandbox.path("bin/systemctl");
    std::fs::set_permissions(program, PermissionsExt::from_mode(0o755)).unwrap();
    let bin = format!("{}:/usr/bin:/bin", idle.sandbox.path("bin").display());
    let run = |words: &[&str]| said(idle.command(&[&["daemon"], words].concat()).env("PATH", &bin));
    let units = idle.sandbox.path("config/systemd/user");
    let (code, out, err) = run(&["status"]);
    assert!(code == Some(1) && out.contains("not installed"), "{out}{err}");
    let (code, out, err) = run(&["install"]);
    assert!(code == Some(0) && out.contains("callmux.socket listens"), "{out}{err}");
    let service = std::fs::read_to_string(units.join("callmux.service")).unwrap();
    assert!(service.contains(&format!("ExecStart={} serve", callmux())), "{service}");
    let (code, out, _) = run(&["install"]);
    assert!(code == Some(0) && out.contains("already"), "{out}");
    let (code, out, _) = run(&["status", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["socket"]["active"]), (Some(1), &json!(true)), "{told}");
    assert_eq!(
        (&told["service"]["program"], &told["listening"]),
        (&json!(callmux()), &json!(false))
    );
    // What somebody changed is his.
    let socket = units.join("callmux.socket");
    let text = std::fs::read_to_string(&socket).unwrap();
    crate::support::overwrite(&socket, &format!("{text}# mine\n"));
    let (code, _, err) = run(&["uninstall"]);
    assert!(code == Some(1) && err.contains("callmux.socket is not as callmux writes it"), "{err}");
    crate::support::overwrite(&socket, &text);
    idle.sandbox.write("enabled", "");
    let (code, out, err) = run(&["uninstall"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(std::fs::read_dir(&units).unwrap().count(), 0);
    let (code, out, _) = run(&["uninstall"]);
    assert!(code == Some(0) && out.contains("there are no units"), "{out}");
    // And where there is no manager at all.
    let (code, _, err) = idle.run(&["daemon", "install"]);
    assert!(code == Some(69) && err.contains("no user manager"), "{err}");
    assert!(idle.run(&["daemon", "status"]).1.contains("daemon.log"));
}
