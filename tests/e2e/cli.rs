//! The command line: what it prints, how it ends, what is generated from it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Output;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Daemon, Sandbox, callmux, until};

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn exit_codes_mean_something() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", "[servers.x]\ncomand = \"y\"\n");
    let check = |args: &[&str], code: i32, words: &str| {
        let (found, stdout, stderr) = run(&sandbox, args);
        assert_eq!(found, Some(code), "{args:?}: {stderr}");
        assert!(format!("{stdout}{stderr}").contains(words), "{args:?}: {stdout}{stderr}");
    };
    check(&["--version"], 0, env!("CARGO_PKG_VERSION"));
    check(&["--help"], 0, "systemctl --user enable --now callmux.socket");
    check(&["serve", "--help"], 0, "--listen");
    check(&[], 64, "Usage: callmux");
    check(&[], 64, "status");
    check(&["no-such-verb"], 64, "no-such-verb");
    check(&["stats"], 64, "did you mean `callmux status`?");
    check(&["install"], 64, "callmux server add");
    // And what the npm callmux would have understood.
    check(&["--listen", "4860"], 64, "callmux serve --listen 127.0.0.1:4860");
    check(&["--meta-only", "--", "sh"], 64, "--exposure meta-only");
    check(&["instructions", "--profile", "codex"], 64, "--client NAME");
    // Options of all verbs may stand before one.
    check(&["--log-level", "info", "config", "check"], 0, "fine");
    check(&["--log-format", "json", "status"], 69, "no daemon");
    check(&["config", "check", "--log-level", "info"], 0, "fine");
    check(&["serve", "--no-such-flag"], 64, "--no-such-flag");
    check(&["serve", "--listen", "nonsense"], 64, "nonsense");
    check(&["bridge", "--url", "ftp://example.com"], 64, "http://");
    check(&["bridge", "--wait", "5"], 64, "`5` has no unit; write \"5s\"");
    check(&["serve", "--config", "bad.toml"], 65, "did you mean `command`?");
    check(&["serve", "--config", "missing.toml"], 65, "missing.toml");
    // It names the address, not the unix socket.
    check(&["serve", "--listen", "0.0.0.0:0"], 69, "binding 0.0.0.0:0: it can be reached");
    check(&["serve", "--socket", &format!("/tmp/{}", "x".repeat(120))], 69, "longer than");
    // Behind `--` everything belongs to the server.
    check(&["--", "sh", "-c", "exit 0", "--version"], 0, "");
}

#[test]
fn the_config_can_be_checked_shown_and_completed() {
    let sandbox = Sandbox::new();
    sandbox.write("config/callmux/config.toml", "call_timeout = \"3m\"\n[servers.a]\ncommand = \"x\"\nenv = { T = \"${NOT_SET_AT_ALL}\", L = \"canary7\" }\n");
    let (code, stdout, stderr) = run(&sandbox, &["config", "check"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "fine: 1 server in 1 file\n"));
    assert!(stderr.contains("servers.a.env.T: the environment variable NOT_SET_AT_ALL is not set; this server will not start"), "{stderr}");
    let (_, stdout, _) = run(&sandbox, &["config", "show"]);
    assert!(
        stdout.contains("call_timeout = \"3m\"") && stdout.contains("${NOT_SET_AT_ALL}"),
        "{stdout}"
    );
    sandbox.write("config/callmux/conf.d/bad.toml", "[servers.b]\ncommand = 7\nfoo = 1\n");
    let (code, stdout, _) = run(&sandbox, &["config", "check", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["ok"]), (Some(65), &false.into()));
    assert_eq!(report["complaints"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&report["complaints"][0]["line"], &report["complaints"][0]["column"]),
        (&2.into(), &1.into())
    );
    let (code, stdout, _) = run(&sandbox, &["config", "schema"]);
    assert_eq!(code, Some(0));
    let schema: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert!(schema["properties"]["servers"].is_object());
}

#[test]
fn the_check_warns_of_what_is_not_there() {
    let sandbox = Sandbox::new();
    let text = "[servers.a]\ncommand = \"no-such-program\"\ncwd = \"/no/such/dir\"\n\
                [servers.b]\ncommand = \"sh\"\nenv = { T = \"${file:gone}\" }\n\
                [servers.c]\ncommand = \"no-such-program -y x\"\n\
                [servers.d]\ncommand = \"no-such-program\"\nenabled = false\n";
    sandbox.write("config/callmux/config.toml", text);
    sandbox.write("config/callmux/mcp.json", "{}");
    let (code, stdout, stderr) = run(&sandbox, &["config", "check"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "fine: 4 servers in 1 file\n"));
    for words in [
        "warning: server a: its `cwd` /no/such/dir is no directory",
        "`mkdir -p /no/such/dir`, or name another",
        "warning: server a: its program `no-such-program` is not found in the PATH that servers get",
        "servers.b.env.T: ",
        "gone: No such file",
        "write `command = \"no-such-program\"` and `args = [\"-y\", \"x\"]`; this server will not start",
        "mcp.json: it is not read",
    ] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    assert!(!stderr.contains("server b") && !stderr.contains("server d"), "{stderr}");
    let (code, stdout, _) = run(&sandbox, &["config", "check", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["ok"]), (Some(0), &true.into()));
    assert_eq!(report["findings"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(report["complaints"].as_array().unwrap().len(), 2, "{report}");
}

#[test]
fn a_config_to_begin_with_is_written_once() {
    let sandbox = Sandbox::new();
    let (code, out, err) = run(&sandbox, &["init"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let path = sandbox.path("config/callmux/config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("# list_timeout = ") && text.contains("# [servers.memory]"), "{text}");
    let (code, _, err) = run(&sandbox, &["config", "check"]);
    assert_eq!(code, Some(0), "{err}");
    sandbox.write("config/callmux/config.toml", "# mine\n");
    let (code, _, err) = run(&sandbox, &["init"]);
    assert!(code == Some(1) && err.contains("stays as it is"), "{err}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "# mine\n");
    let (code, out, _) = run(&sandbox, &["init", "--print"]);
    assert_eq!((code, out), (Some(0), text));
}

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::with(&sandbox, &[("counter", &[callmux(), "example-server", "counter"])]);
    let (code, _, stderr) = run(&sandbox, &["serve"]);
    assert_eq!(code, Some(69));
    assert!(stderr.contains("a daemon is already listening on"), "{stderr}");
    let mut http = crate::support::Http::unix(&daemon).legacy(&serde_json::json!({}));
    assert_eq!(http.request("ping", &serde_json::json!({})).status, 200);
}

#[test]
fn the_demo_shows_everything_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("tmp/keep", "");
    let output = sandbox.command().arg("demo").env("TMPDIR", sandbox.path("tmp")).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    let in_one_line = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "list the tools",
        "20 × 0.3 s",
        "outcome_unknown",
        "in the same session",
        "callmux server add time -- callmux example-server time",
        "callmux bridge",
    ] {
        assert!(in_one_line.contains(words), "{words}: {stdout}");
    }
    assert!(stdout.lines().all(|line| line.chars().count() <= 80), "{stdout}");
    let left: Vec<_> = std::fs::read_dir(sandbox.path("tmp"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["keep"]);
}

#[test]
fn a_demo_that_is_ended_leaves_nothing() {
    let all = [Signal::TERM, Signal::INT, Signal::HUP];
    let cases = all.into_iter().flat_map(|signal| [(signal, false), (signal, true)]);
    for (signal, keep) in cases {
        let sandbox = Sandbox::new();
        sandbox.write("tmp/keep", "");
        let tmp = sandbox.path("tmp");
        let entries = || -> Vec<std::path::PathBuf> {
            let all = std::fs::read_dir(&tmp).unwrap().map(|entry| entry.unwrap().path());
            all.filter(|path| !path.ends_with("keep")).collect()
        };
        let mut command = sandbox.command();
        command.arg("demo").env("TMPDIR", &tmp);
        if keep {
            command.arg("--keep");
        }
        let mut demo = command.spawn();
        let mut told = BufReader::new(demo.stdout.take().unwrap()).lines();
        let home = until("the demo's daemon", || {
            entries().into_iter().find(|home| home.join("mcp.sock").exists())
        });
        if keep {
            assert!(told.any(|line| line.unwrap().contains("mcpServers")), "it is all shown");
        }
        let name = home.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(processes_of(&name) > 0, "{signal:?}: its daemon is there");
        kill_process(Pid::from_child(&demo), signal).unwrap();
        demo.wait().unwrap();
        assert_eq!(entries(), Vec::<std::path::PathBuf>::new(), "{signal:?}");
        until("the end of its processes", || (processes_of(&name) == 0).then_some(()));
    }
}

/// How many processes have these words in their command line or environment.
fn processes_of(words: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let has = |path: std::path::PathBuf| {
        ["cmdline", "environ"].iter().any(|file| {
            let text = std::fs::read(path.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&text).contains(words)
        })
    };
    all.filter(|entry| has(entry.path())).count()
}

/// Compares a generated file with the one in the tree; `UPDATE=1` writes it.
pub fn is_fresh(path: &Path, fresh: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        crate::support::overwrite(path, fresh);
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == fresh,
        "{} is not what the program generates; run `UPDATE=1 cargo test`",
        path.display()
    );
}

#[test]
fn generated_files_are_fresh() {
    let sandbox = Sandbox::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = sandbox.path("man");
    let (code, _, stderr) = run(&sandbox, &["man", pages.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{stderr}");
    for page in std::fs::read_dir(&pages).unwrap() {
        let page = page.unwrap();
        is_fresh(
            &root.join("man").join(page.file_name()),
            &std::fs::read_to_string(page.path()).unwrap(),
        );
    }
    for (shell, file) in [("bash", "callmux.bash"), ("zsh", "_callmux"), ("fish", "callmux.fish")] {
        let (_, completions, _) = run(&sandbox, &["completions", shell]);
        is_fresh(&root.join("dist/completions").join(file), &completions);
    }
    let (_, schema, _) = run(&sandbox, &["config", "schema"]);
    is_fresh(&root.join("dist/config.schema.json"), &schema);
}
