//! `callmux doctor` finds each broken set-up, with the remedy that fits it, and is silent about a healthy one.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use serde_json::{Value, json};

use crate::support::{Daemon, Program, Sandbox, callmux, config, until};

const MAIN: &str = "config/callmux/config.toml";
const COUNTER: (&str, &[&str]) =
    ("counter", &[env!("CARGO_BIN_EXE_callmux"), "example-server", "counter"]);

/// What stands in for the user manager: it says what lies in files.
const SYSTEMCTL: &str = "#!/bin/sh
case \"$*\" in
*show-environment*) exec cat \"$HOME/manager\" ;;
*'show callmux.service'*) exec cat \"$HOME/service\" ;;
*'show callmux.socket'*) exec cat \"$HOME/socket\" ;;
esac
exit 1
";

const SERVICE: &str = "LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\n\
    ExecMainCode=0\nExecMainStatus=0\nExecStart={ path=/bin/sh ; argv[]=/bin/sh serve ; pid=0 }\n\
    UnitFileState=indirect\nNRestarts=0\n";
const SOCKET: &str = "LoadState=loaded\nActiveState=active\nSubState=listening\nResult=success\n\
    UnitFileState=enabled\n";
const NONE: &str = "LoadState=not-found\nActiveState=inactive\nSubState=dead\n";

fn executable(sandbox: &Sandbox, name: &str, text: &str) {
    sandbox.write(name, text);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.path(name), mode).unwrap();
}

fn private(sandbox: &Sandbox, name: &str, text: &str) {
    sandbox.write(name, text);
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(sandbox.path(name), mode).unwrap();
}

/// A sandbox with a user manager in which all is well.
fn healthy() -> Sandbox {
    let sandbox = Sandbox::new();
    executable(&sandbox, "bin/systemctl", SYSTEMCTL);
    executable(&sandbox, "bin/systemd-run", "#!/bin/sh\nexit 0\n");
    executable(&sandbox, "bin/loginctl", "#!/bin/sh\nexec cat \"$HOME/linger\"\n");
    sandbox.write("linger", "yes\n");
    sandbox.write("service", SERVICE);
    sandbox.write("socket", SOCKET);
    sandbox.write("manager", "LANG=C.UTF-8\nPATH=/usr/bin:/bin\n");
    private(&sandbox, MAIN, &config(&[COUNTER]));
    sandbox
}

fn program(sandbox: &Sandbox) -> Program {
    let mut command = sandbox.command();
    let bin = sandbox.path("bin").display().to_string();
    let own = sandbox.path("own").display().to_string();
    command.env("PATH", format!("{bin}:{own}:/usr/bin:/bin"));
    command
}

fn doctor(command: &mut Program) -> (Option<i32>, Vec<Value>) {
    let output = command.args(["doctor", "--json"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let found = serde_json::from_str(&told).unwrap_or_else(|error| {
        panic!("{error}: {told} {}", String::from_utf8_lossy(&output.stderr))
    });
    (output.status.code(), found)
}

/// Something that is broken: how, and what the one finding has to say, and to advise.
struct Case(&'static str, fn(&Sandbox), &'static str, &'static str);

fn unit(sandbox: &Sandbox, name: &str, changes: &[(&str, &str)]) {
    let mut text = if name == "service" { SERVICE } else { SOCKET }.to_owned();
    for (key, value) in changes {
        let before = text.lines().find(|line| line.starts_with(&format!("{key}="))).unwrap();
        text = text.replace(before, &format!("{key}={value}"));
    }
    sandbox.write(name, &text);
}

fn servers(sandbox: &Sandbox, text: &str) {
    private(sandbox, MAIN, text);
}

const AGAIN: [(&str, &str); 3] =
    [("ActiveState", "activating"), ("SubState", "auto-restart"), ("Result", "exit-code")];

fn ended(sandbox: &Sandbox, more: &[(&str, &str)]) {
    unit(sandbox, "service", &[&AGAIN[..], more].concat());
}

const UNITS: &[Case] = &[
    Case(
        "no units",
        |s| {
            s.write("service", NONE);
            s.write("socket", NONE);
        },
        "there is no callmux.socket and no callmux.service",
        "callmux serve",
    ),
    Case(
        "masked service",
        |s| unit(s, "service", &[("LoadState", "masked")]),
        "callmux.service is masked",
        "systemctl --user unmask callmux.service",
    ),
    Case(
        "masked socket",
        |s| unit(s, "socket", &[("LoadState", "masked")]),
        "callmux.socket is masked",
        "systemctl --user unmask callmux.socket",
    ),
    Case(
        "no socket unit",
        |s| s.write("socket", NONE),
        "callmux.socket is not installed",
        "daemon-reload",
    ),
    Case(
        "no service unit",
        |s| s.write("service", NONE),
        "callmux.service is not installed",
        "daemon-reload",
    ),
    Case(
        "program moved",
        |s| {
            ended(
                s,
                &[
                    ("ExecMainCode", "1"),
                    ("ExecMainStatus", "203"),
                    (
                        "ExecStart",
                        "{ path=/no/such/callmux ; argv[]=/no/such/callmux serve ; pid=0 }",
                    ),
                ],
            );
        },
        "callmux.service starts /no/such/callmux, which does not exist",
        "systemctl --user edit --full",
    ),
    Case(
        "program that cannot be run",
        |s| ended(s, &[("ExecMainCode", "1"), ("ExecMainStatus", "203")]),
        "/bin/sh cannot be run (203/EXEC)",
        "journalctl --user -u callmux.service",
    ),
    Case(
        "daemon that refuses its config",
        |s| ended(s, &[("ExecMainCode", "1"), ("ExecMainStatus", "65")]),
        "callmux.service does not start: exit code 65",
        "journalctl --user -u callmux.service",
    ),
    Case(
        "daemon that was killed",
        |s| {
            unit(
                s,
                "service",
                &[
                    ("ActiveState", "failed"),
                    ("SubState", "failed"),
                    ("Result", "oom-kill"),
                    ("ExecMainCode", "2"),
                    ("ExecMainStatus", "9"),
                ],
            );
        },
        "callmux.service does not start: oom-kill, status 9",
        "journalctl --user -u callmux.service",
    ),
    Case(
        "manager that ends with the last session",
        |s| s.write("linger", "no\n"),
        "the daemon and its servers end when your last session",
        "loginctl enable-linger",
    ),
    Case(
        "start limit",
        |s| {
            unit(
                s,
                "service",
                &[("ActiveState", "failed"), ("SubState", "failed"), ("Result", "start-limit-hit")],
            );
        },
        "systemd gave up after too many starts",
        "systemctl --user reset-failed",
    ),
    Case(
        "trigger limit",
        |s| unit(s, "socket", &[("ActiveState", "failed"), ("Result", "trigger-limit-hit")]),
        "systemd gave up after too many starts",
        "systemctl --user reset-failed",
    ),
    Case(
        "socket not started",
        |s| unit(s, "socket", &[("ActiveState", "inactive")]),
        "callmux.socket is not started",
        "systemctl --user enable --now callmux.socket",
    ),
    Case(
        "socket not enabled",
        |s| unit(s, "socket", &[("UnitFileState", "disabled")]),
        "callmux.socket is not enabled",
        "systemctl --user enable callmux.socket",
    ),
];

const WRITTEN: &[Case] = &[
    Case(
        "no TOML",
        |s| servers(s, "[servers.x\n"),
        "the config is refused",
        "callmux config check",
    ),
    Case(
        "unknown key",
        |s| servers(s, "[servers.x]\ncommand = \"true\"\nprefx = \"y\"\n"),
        "did you mean `prefix`?",
        "callmux config check",
    ),
    Case(
        "program that is nowhere",
        |s| servers(s, "[servers.x]\ncommand = \"no-such-program\"\n"),
        "`no-such-program` is not found in the PATH that servers get (/usr/bin:/bin)",
        "install it",
    ),
    Case(
        "program of this shell alone",
        |s| {
            executable(s, "own/mine", "#!/bin/sh\n");
            servers(s, "[servers.x]\ncommand = \"mine\"\n");
        },
        "`mine` is not found",
        "this shell has it in",
    ),
    Case(
        "no such file",
        |s| servers(s, "[servers.x]\ncommand = \"/no/such/program\"\n"),
        "its program /no/such/program does not exist",
        "correct `command`",
    ),
    Case(
        "cwd",
        |s| servers(s, "[servers.x]\ncommand = \"true\"\ncwd = \"/no/such/dir\"\n"),
        "its `cwd` /no/such/dir is no directory",
        "mkdir -p /no/such/dir",
    ),
    Case(
        "env without its program",
        |s| {
            executable(s, "script", "#!/usr/bin/env no-such-node\n");
            servers(s, &format!("[servers.x]\ncommand = \"{}\"\n", s.path("script").display()));
        },
        "needs `no-such-node`, which is not found",
        "install it",
    ),
    Case(
        "node of this shell alone",
        |s| {
            executable(s, "own/mynode", "#!/bin/sh\n");
            executable(s, "script", "#!/usr/bin/env mynode\n");
            servers(s, &format!("[servers.x]\ncommand = \"{}\"\n", s.path("script").display()));
        },
        "needs `mynode`, which is not found",
        "this shell has it in",
    ),
    Case(
        "interpreter",
        |s| {
            executable(s, "script", "#!/no/such/python -u\n");
            servers(s, &format!("[servers.x]\ncommand = \"{}\"\n", s.path("script").display()));
        },
        "needs `/no/such/python`, which is not found",
        "install it",
    ),
    Case(
        "variable that is not set",
        |s| servers(s, "[servers.x]\ncommand = \"true\"\nenv = { A = \"${NOT_SET_AT_ALL}\" }\n"),
        "the environment variable NOT_SET_AT_ALL is not set",
        "set it where the daemon finds it",
    ),
    Case(
        "sandbox",
        |s| {
            executable(s, "bin/systemd-run", "#!/bin/sh\nexit 217\n");
            servers(s, "[servers.x]\ncommand = \"true\"\nsandbox = \"strict\"\n");
        },
        "its sandbox cannot be had here",
        "user namespaces",
    ),
    Case(
        "secret in env",
        |s| servers(s, "[servers.x]\ncommand = \"true\"\nenv = { MY_TOKEN = \"canary\" }\n"),
        "servers.x.env.MY_TOKEN is a secret that stands in the file",
        "${file:",
    ),
    Case(
        "secret in a header",
        |s| {
            servers(
                s,
                "[servers.x]\nurl = \"https://example.com/\"\nheaders = { X-Api-Key = \"canary\" }\n",
            );
        },
        "servers.x.headers.X-Api-Key is a secret that stands in the file",
        "${file:",
    ),
    Case(
        "secret file that others may read",
        |s| {
            s.write("config/callmux/token", "canary");
            let mode = std::fs::Permissions::from_mode(0o644);
            std::fs::set_permissions(s.path("config/callmux/token"), mode).unwrap();
            servers(s, "[servers.x]\ncommand = \"true\"\nenv = { A = \"${file:token}\" }\n");
        },
        "every user may read this secret",
        "the command in backquotes",
    ),
];

fn check(cases: &[Case]) {
    for Case(name, break_it, message, remedy) in cases {
        let sandbox = healthy();
        break_it(&sandbox);
        let (code, found) = doctor(&mut program(&sandbox));
        assert_eq!(code, Some(69), "{name}: {found:?}");
        let of_itself = |finding: &&Value| {
            !finding["message"].as_str().unwrap().starts_with("no daemon is listening")
        };
        let found: Vec<&Value> = found.iter().filter(of_itself).collect();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        let has = |key: &str, words: &str| found[0][key].as_str().unwrap().contains(words);
        assert!(has("message", message), "{name}: {found:?}");
        assert!(has("remedy", remedy), "{name}: {found:?}");
    }
}

#[test]
fn each_broken_unit_has_its_remedy_without_a_daemon() {
    check(UNITS);
}

#[test]
fn each_broken_config_has_its_remedy_without_a_daemon() {
    check(WRITTEN);
}

#[test]
fn secrets_that_others_may_read_are_a_problem() {
    let sandbox = healthy();
    servers(&sandbox, "[servers.x]\ncommand = \"true\"\nenv = { MY_TOKEN = \"canary\" }\n");
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(sandbox.path(MAIN), mode).unwrap();
    let (_, found) = doctor(&mut program(&sandbox));
    let file = sandbox.path(MAIN).display().to_string();
    let remedy = format!("`chmod 600 {file}`");
    assert!(
        found.iter().any(|it| it["severity"] == "problem" && it["remedy"] == *remedy),
        "{found:?}"
    );
}

#[test]
fn a_healthy_set_up_is_silent_but_for_what_is_missing() {
    let sandbox = healthy();
    let (code, found) = doctor(&mut program(&sandbox));
    assert_eq!((code, found.len()), (Some(69), 1), "{found:?}");
    assert!(
        found[0]["message"].as_str().unwrap().starts_with("no daemon is listening"),
        "{found:?}"
    );
    let _daemon = Daemon::with(&sandbox, &[COUNTER]);
    let output = program(&sandbox).arg("doctor").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(told, format!("callmux {version}: nothing to report, 1 server\n"));
    assert_eq!(output.status.code(), Some(0));
}

/// Every verb has an end although the socket takes its request, as systemd's does while the daemon
/// behind it cannot be started.
#[test]
fn a_daemon_that_cannot_start_is_not_waited_for() {
    let sandbox = healthy();
    ended(&sandbox, &[("ExecMainCode", "1"), ("ExecMainStatus", "203")]);
    std::fs::create_dir_all(sandbox.socket().parent().unwrap()).unwrap();
    let _held = UnixListener::bind(sandbox.socket()).unwrap();
    for args in [&["status"][..], &["list"], &["reload", "--wait"], &["restart", "x"]] {
        let output = program(&sandbox).args(args).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(69), "{args:?}: {told}");
        assert!(told.contains("does not start: callmux.service: its program /bin/sh"), "{told}");
        assert!(told.contains("203/EXEC"), "{told}");
    }
    let (code, found) = doctor(&mut program(&sandbox));
    assert_eq!((code, found.len()), (Some(69), 1), "{found:?}");
    assert!(found[0]["message"].as_str().unwrap().contains("203/EXEC"), "{found:?}");
}

/// A variable that the shell has, a daemon of systemd's need not have.
#[test]
fn variables_that_the_manager_has_not_are_told_where_a_server_inherits_them() {
    let sandbox = healthy();
    let text = config(&[COUNTER]);
    let names = "inherit_env = [\"SSH_AUTH_SOCK\", \"EQUAL\", \"UNIT\", \"NOWHERE\"]\n";
    private(&sandbox, MAIN, &format!("{names}{text}"));
    sandbox.write("manager", "PATH=/usr/bin:/bin\nEQUAL=1\nOTHER=2\n");
    sandbox.write("service", &format!("{SERVICE}Environment=A=b UNIT=4\n"));
    let _daemon = Daemon::start(&sandbox);
    let mut shell = program(&sandbox);
    for (name, value) in [("SSH_AUTH_SOCK", "/x"), ("EQUAL", "1"), ("UNIT", "3"), ("OTHER", "9")] {
        shell.env(name, value);
    }
    let (_, found) = doctor(&mut shell);
    let told: Vec<&Value> =
        found.iter().filter(|it| it["message"].as_str().unwrap().contains("inherit_env")).collect();
    assert_eq!(told.len(), 1, "{found:?}");
    let has = |key: &str, words: &str| told[0][key].as_str().unwrap().contains(words);
    assert!(has("message", "SSH_AUTH_SOCK, which the user manager does not have"), "{told:?}");
    assert!(has("remedy", "systemctl --user import-environment SSH_AUTH_SOCK"), "{told:?}");
    // A desktop's agents end with its session.
    sandbox.write("linger", "no\n");
    let ends = |found: &[Value]| json!(found).to_string().contains("enable-linger");
    assert!(ends(&doctor(&mut program(&sandbox)).1));
    assert!(!ends(&doctor(program(&sandbox).env("WAYLAND_DISPLAY", "wayland-0")).1));
}

#[test]
fn names_that_mean_nothing_are_told() {
    let sandbox = healthy();
    let text = config(&[COUNTER]).replace(
        "[servers.counter]\n",
        "[servers.counter]\ntools = [\"value\", \"inc*\", \"gone\"]\n",
    );
    let recipe = "[recipes.r]\nmode = \"call\"\ntool = \"counter__none\"\n";
    private(&sandbox, MAIN, &format!("{text}{recipe}"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    let found = until("what is found", || {
        let (_, found) = doctor(&mut program(&sandbox));
        (found.len() == 2).then_some(found)
    });
    let told = json!(found).to_string();
    assert!(told.contains("`tools` names what it does not have: gone"), "{told}");
    assert!(told.contains("recipe r calls the tool counter__none, which no server has"), "{told}");
}

#[test]
fn a_daemon_whose_program_was_replaced_is_told_of() {
    let sandbox = healthy();
    let path = sandbox.path("bin/callmux");
    std::fs::copy(callmux(), &path).unwrap();
    let text = config(&[COUNTER]);
    private(&sandbox, MAIN, &format!("restart_on_upgrade = false\n{text}"));
    let mut daemon = sandbox.program(path.to_str().unwrap()).arg("serve").spawn_heard();
    until("a daemon", || {
        (program(&sandbox).arg("status").output().unwrap().status.code() == Some(0)).then_some(())
    });
    std::fs::remove_file(&path).unwrap();
    let (_, found) = doctor(&mut program(&sandbox));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let mut told = String::new();
    daemon.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let has = |key: &str, words: &str| found[0][key].as_str().unwrap().contains(words);
    assert!(has("message", "the daemon still runs the program"), "{found:?}");
    assert!(has("remedy", "sessions and calls survive it"), "{found:?}");
}
