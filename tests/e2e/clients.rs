//! `callmux client`: files of clients that are not there, edited by the real program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

use crate::support::canary::canary;
use crate::support::{Daemon, Lines, Program, Sandbox, callmux, overwrite, until};

/// The program in a sandbox that finds no client of this machine.
fn client(sandbox: &Sandbox, args: &[&str]) -> Program {
    fs::create_dir_all(sandbox.path("bin")).unwrap();
    let mut program = sandbox.command();
    program.env("PATH", sandbox.path("bin")).without("CALLMUX_LOG_LEVEL");
    program.arg("client").args(args);
    program
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = client(sandbox, args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap()
}

const CURSOR: &str = ".cursor/mcp.json";
const TEXT: &str = "{\r\n\t// mine\r\n\t\"mcpServers\": {\r\n\t\t\"other\": {\"command\": \"npx\", \"args\": [\"-y\", \"notes\"]},\r\n\t},\r\n}";

#[test]
fn a_client_is_attached_and_comes_back_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.write(CURSOR, TEXT);
    let (code, stdout, _) = run(&sandbox, &["status"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("cursor") && stdout.contains("found"), "{stdout}");
    let (code, stdout, _) = run(&sandbox, &["attach", "cursor", "--dry-run"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("+ \t\t\"callmux\": {"), "{stdout}");
    assert!(!stdout.contains("- "), "{stdout}");
    assert_eq!(read(&sandbox, CURSOR), TEXT);
    // Nobody is there to be asked.
    let (code, _, stderr) = run(&sandbox, &["attach", "cursor"]);
    assert_eq!(code, Some(64), "{stderr}");
    assert!(stderr.contains("--yes") && read(&sandbox, CURSOR) == TEXT, "{stderr}");

    let (code, stdout, stderr) = run(&sandbox, &["attach", "cursor", "--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("cursor: attached: "), "{stdout}");
    let attached = read(&sandbox, CURSOR);
    // A desktop's client is given the whole path.
    assert!(attached.contains(&format!("\"command\": \"{}\"", callmux())));
    assert_eq!(attached.matches("\r\n").count(), attached.matches('\n').count());
    let (code, stdout, _) = run(&sandbox, &["attach", "cursor", "--yes"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("attached already"), "{stdout}");
    assert_eq!(read(&sandbox, CURSOR), attached);
    let (_, stdout, _) = run(&sandbox, &["status", "--json"]);
    let status: Json = serde_json::from_str(&stdout).unwrap();
    assert_eq!(status[0]["state"], "attached", "{status}");

    let (code, _, stderr) = run(&sandbox, &["detach", "cursor", "--yes"]);
    assert_eq!((code, read(&sandbox, CURSOR).as_str()), (Some(0), TEXT), "{stderr}");
    for after in [attached.as_str(), TEXT] {
        let (code, _, stderr) = run(&sandbox, &["undo", "cursor", "--yes"]);
        assert_eq!((code, read(&sandbox, CURSOR).as_str()), (Some(0), after), "{stderr}");
    }
    let (code, _, stderr) = run(&sandbox, &["undo", "cursor", "--yes"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("left to undo"), "{stderr}");
}

#[test]
fn backups_are_private_and_named() {
    let sandbox = Sandbox::new();
    sandbox.write(CURSOR, TEXT);
    let (code, stdout, stderr) = run(&sandbox, &["attach", "cursor", "--yes", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    let report: Json = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&report["action"], &report["changed"]), (&json!("attached"), &json!(true)));
    let backup = Path::new(report["backup"].as_str().unwrap());
    assert_eq!(fs::read_to_string(backup).unwrap(), TEXT);
    assert!(backup.starts_with(sandbox.path(".local/state/callmux/clients/cursor")));
    assert_eq!(backup.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // Somebody else writes it: it is not taken back, and said what to do.
    overwrite(&sandbox.path(CURSOR), &read(&sandbox, CURSOR).replace("notes", "other"));
    let (code, _, stderr) = run(&sandbox, &["undo", "cursor", "--yes"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("callmux client detach cursor"), "{stderr}");
    assert!(stderr.contains(&*backup.to_string_lossy()), "{stderr}");
    assert_eq!(run(&sandbox, &["detach", "cursor", "--yes"]).0, Some(0));
    assert_eq!(read(&sandbox, CURSOR), TEXT.replace("notes", "other"));
}

#[test]
fn what_is_not_done_is_said_with_the_text_to_paste() {
    let sandbox = Sandbox::new();
    let check = |args: &[&str], code: i32, words: &[&str]| {
        let (found, stdout, stderr) = run(&sandbox, args);
        assert_eq!(found, Some(code), "{args:?}: {stdout}{stderr}");
        for words in words {
            assert!(format!("{stdout}{stderr}").contains(words), "{args:?}: {stdout}{stderr}");
        }
    };
    check(&["attach", "cursr", "--yes"], 64, &["did you mean `cursor`?"]);
    check(&["attach", "--yes"], 64, &["NAME"]);
    check(&["attach", "--all", "--yes"], 0, &["no client is found here"]);
    check(&["attach", "zed", "--yes"], 1, &["no sign of Zed", "callmux client print zed"]);
    check(&["status"], 0, &["no client is found here"]);
    check(&["status", "zed"], 0, &["not found"]);
    check(&["print", "zed"], 0, &["\"context_servers\": {", "\"bridge\""]);
    check(&["print", "codex"], 0, &["[mcp_servers.callmux]\ncommand = ", "args = [\"bridge\"]"]);
    check(&["print", "goose"], 0, &["extensions:\n  callmux:\n    enabled: true"]);
    check(&["list"], 0, &["claude-code", "~/.gemini/settings.json"]);
    sandbox.write("config/zed/settings.json", "{\n  \"a\": 1\n  \"b\": 2\n}\n");
    check(
        &["attach", "zed", "--yes"],
        1,
        &[
            "config/zed/settings.json:2:",
            "not valid JSON",
            "nothing was written",
            "\"context_servers\"",
        ],
    );
    sandbox.write("config/zed/settings.json", "{}");
    check(&["attach", "zed", "--yes", "--http"], 1, &["listen = [\"127.0.0.1:4860\"]"]);
    check(
        &["attach", "zed", "--yes", "--http", "--json"],
        1,
        &["\"action\":\"refused\"", "\"reason\":\"the config has callmux listen on no address"],
    );
    // What others wrote is only shown.
    sandbox.write(CURSOR, "{\"mcpServers\": {\"callmux\": {\"command\": \"\\u001b[2Jx\"}}}");
    check(&["attach", "cursor", "--yes"], 1, &["\\u{1b}[2Jx", "--replace"]);
    check(&["detach", "cursor", "--yes"], 1, &["not ours"]);
    check(&["status", "cursor"], 0, &["attached otherwise"]);
}

/// What systemd says of a socket unit that is enabled, and of everything else.
const SYSTEMCTL: &str = r#"#!/bin/sh
case "$*" in
*callmux-http.socket*ActiveState,Listen*) printf 'ActiveState=%s\nListen=127.0.0.1:4870 (Stream)\n' "$(/bin/cat "$HOME/state")" ;;
*callmux-http.socket*) printf 'LoadState=loaded\nFragmentPath=\n' ;;
*) exit 1 ;;
esac
"#;

#[test]
fn an_address_is_written_where_somebody_answers_at_it() {
    let sandbox = Sandbox::new();
    let settings = "config/zed/settings.json";
    let before = "{\n  // mine\n  \"a\": 1\n}\n";
    sandbox.write(settings, before);
    // Of the config, if a program of ours is there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let vacant = crate::support::far::vacant();
    let config = |address| format!("[http]\nlisten = [\"{address}\"]\n");
    sandbox.write("config/callmux/config.toml", &config(vacant));
    let (code, _, stderr) = run(&sandbox, &["attach", "zed", "--yes", "--http"]);
    assert!(code == Some(1) && stderr.contains("no daemon of yours listens there"), "{stderr}");
    assert_eq!(read(&sandbox, settings), before);
    sandbox.write("config/callmux/config.toml", &config(address));
    let attached = |url: &str| {
        let (code, stdout, stderr) = run(&sandbox, &["attach", "zed", "--yes", "--http"]);
        assert!(code == Some(0) && stdout.contains(url), "{url}: {stdout}{stderr}");
        assert!(read(&sandbox, settings).contains(&format!("\"url\": \"{url}\"")));
        let (_, stdout, _) = run(&sandbox, &["status", "zed", "--json"]);
        let said: Json = serde_json::from_str(&stdout).unwrap();
        assert_eq!(said[0]["state"], "attached", "{said}");
        let (code, _, stderr) = run(&sandbox, &["undo", "zed", "--yes"]);
        assert_eq!((code, read(&sandbox, settings).as_str()), (Some(0), before), "{stderr}");
    };
    attached(&format!("http://{address}/mcp"));
    // Of systemd, once that listens.
    sandbox.write("bin/systemctl", SYSTEMCTL);
    fs::set_permissions(sandbox.path("bin/systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.write("config/callmux/config.toml", "");
    sandbox.write("state", "inactive");
    let (code, _, stderr) = run(&sandbox, &["attach", "zed", "--yes", "--http"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("systemctl --user enable --now callmux-http.socket"), "{stderr}");
    sandbox.write("state", "active");
    attached("http://127.0.0.1:4870/mcp");
    // Of the daemon, if one runs.
    let daemon = Daemon::start(&sandbox);
    attached(&format!("http://{}/mcp", daemon.address));
    // A client that takes no addresses is told so.
    sandbox.write("config/Claude/claude_desktop_config.json", "{}");
    let (code, _, stderr) = run(&sandbox, &["attach", "claude-desktop", "--yes", "--http"]);
    assert_eq!(code, Some(1), "{stderr}");
}

#[test]
fn the_daemon_says_when_it_saw_a_client() {
    let sandbox = Sandbox::new();
    sandbox.write(CURSOR, TEXT);
    let (code, stdout, _) = run(&sandbox, &["attach", "cursor", "--yes"]);
    assert!(code == Some(0) && stdout.contains("callmux client status cursor"), "{stdout}");
    let status = || {
        let (_, stdout, _) = run(&sandbox, &["status", "--json"]);
        serde_json::from_str::<Json>(&stdout).unwrap()[0].clone()
    };
    assert!(status().get("seen_at").is_none(), "nobody knows: {}", status());
    let daemon = Daemon::start(&sandbox);
    assert_eq!(status()["seen_at"], Json::Null, "{}", status());
    let (_, stdout, _) = run(&sandbox, &["status"]);
    assert!(stdout.contains("not yet: restart Cursor"), "{stdout}");
    let mut command = sandbox.command();
    command.arg("bridge");
    let mut bridge = Lines::start(command);
    bridge.greet_as("cursor-vscode", &json!({}));
    daemon.wait_for("session_opened", |_| true);
    assert!(status()["seen_at"].as_u64().is_some_and(|at| at > 1_700_000_000), "{}", status());
    let (_, stdout, _) = run(&sandbox, &["status"]);
    assert!(stdout.contains("seen ") && stdout.contains(" today"), "{stdout}");
}

#[test]
fn servers_that_callmux_runs_can_be_replaced() {
    let sandbox = Sandbox::new();
    sandbox.write(CURSOR, TEXT);
    let config = "[servers.notes]\ncommand = \"npx\"\nargs = [\"-y\", \"notes\"]\n";
    sandbox.write("config/callmux/config.toml", config);
    let (code, _, stderr) = run(&sandbox, &["attach", "cursor", "--yes"]);
    assert_eq!(code, Some(0));
    assert!(stderr.contains("servers that callmux runs: other; --replace"), "{stderr}");
    let (code, _, stderr) = run(&sandbox, &["attach", "cursor", "--yes", "--replace"]);
    assert_eq!(code, Some(0), "{stderr}");
    let written = read(&sandbox, CURSOR);
    assert!(!written.contains("notes") && written.contains("bridge"), "{written}");
    run(&sandbox, &["undo", "cursor", "--yes"]);
    run(&sandbox, &["undo", "cursor", "--yes"]);
    assert_eq!(read(&sandbox, CURSOR), TEXT);
}

#[test]
fn secrets_in_a_file_are_not_shown() {
    let sandbox = Sandbox::new();
    let secret = canary!("-client");
    let entry = format!(
        "{{\"command\": \"npx\", \"args\": [\"notes\"], \"env\": {{\"API_TOKEN\": \"{secret}\"}}}}"
    );
    sandbox.write(CURSOR, &format!("{{\n  \"mcpServers\": {{\n    \"notes\": {entry}\n  }}\n}}\n"));
    sandbox.write(
        "config/callmux/config.toml",
        "[servers.notes]\ncommand = \"npx\"\nargs = [\"notes\"]\n",
    );
    // What it says is searched for the secret at the end.
    for args in [&["--dry-run"][..], &["--dry-run", "--json"], &["--yes"]] {
        let (code, stdout, stderr) =
            run(&sandbox, &[&["attach", "cursor", "--replace"], args].concat());
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.contains("API_TOKEN") && !stdout.contains(secret), "{stdout}");
    }
    assert_eq!(run(&sandbox, &["undo", "cursor", "--yes"]).0, Some(0));
}

#[test]
fn a_project_has_a_file_of_its_own_which_may_shadow_the_users() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("work")).unwrap();
    sandbox.write(".gemini/settings.json", "{}");
    let at_work = |args: &[&str]| {
        let output = client(&sandbox, args).current_dir(sandbox.path("work")).output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (code, said) = at_work(&["attach", "gemini", "--project", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    let written: Json =
        serde_json::from_str(&read(&sandbox, "work/.gemini/settings.json")).unwrap();
    // Others who have the project have it elsewhere.
    assert_eq!(written["mcpServers"]["callmux"]["command"], "callmux");
    assert_eq!(read(&sandbox, ".gemini/settings.json"), "{}");
    let (code, said) = at_work(&["undo", "gemini", "--project", "--yes"]);
    assert_eq!(
        (code, sandbox.path("work/.gemini/settings.json").exists()),
        (Some(0), false),
        "{said}"
    );
    let other = "{\"mcpServers\": {\"callmux\": {\"command\": \"other\"}}}";
    sandbox.write("work/.gemini/settings.json", other);
    let (code, said) = at_work(&["attach", "gemini", "--yes"]);
    assert!(code == Some(0) && said.contains("shadowed") && said.contains("`other`"), "{said}");
    let (_, said) = at_work(&["status", "gemini"]);
    assert!(said.contains("shadowed"), "{said}");
    let (code, said) = at_work(&["attach", "zed", "claude-desktop", "--project", "--yes"]);
    assert!(code == Some(1) && said.contains("no file for projects"), "{said}");
}

/// Claude Code as far as it matters: `mcp add-json NAME JSON -s user` and `mcp remove NAME -s user`.
const CLAUDE: &str = r#"#!/bin/sh
echo "$@" >> "$HOME/asked"
case "$2" in
add-json) printf '{"mcpServers":{"%s":%s},"starts":2}' "$3" "$4" > "$HOME/.claude.json" ;;
remove) printf '{"mcpServers":{},"starts":3}' > "$HOME/.claude.json" ;;
esac
"#;

#[test]
fn claude_code_is_asked_to_do_it_itself() {
    let sandbox = Sandbox::new();
    let before = "{\"starts\":1}";
    sandbox.write(".claude.json", before);
    sandbox.write("bin/claude", CLAUDE);
    fs::set_permissions(sandbox.path("bin/claude"), fs::Permissions::from_mode(0o755)).unwrap();
    let (code, _, stderr) = run(&sandbox, &["attach", "claude-code", "--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    let written: Json = serde_json::from_str(&read(&sandbox, ".claude.json")).unwrap();
    assert_eq!(
        (&written["starts"], &written["mcpServers"]["callmux"]["type"]),
        (&json!(2), &json!("stdio"))
    );
    let (code, _, stderr) = run(&sandbox, &["detach", "claude-code", "--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    let asked = read(&sandbox, "asked");
    assert!(
        asked.contains("mcp add-json callmux {") && asked.contains("mcp remove callmux -s user")
    );
    for _ in 0..2 {
        assert_eq!(run(&sandbox, &["undo", "claude-code", "--yes"]).0, Some(0));
    }
    assert_eq!(read(&sandbox, ".claude.json"), before);
    // One that fails is told of, and leaves nothing to undo.
    sandbox.write("bin/claude", "#!/bin/sh\necho no >&2\nexit 3\n");
    fs::set_permissions(sandbox.path("bin/claude"), fs::Permissions::from_mode(0o755)).unwrap();
    let (code, _, stderr) = run(&sandbox, &["attach", "claude-code", "--yes"]);
    assert!(code == Some(1) && stderr.contains("claude mcp"), "{stderr}");
    assert_eq!(run(&sandbox, &["undo", "claude-code", "--yes"]).0, Some(1));
}

/// As public reports have it (anthropics/claude-code#29051, #29217): writers beside one another, of which
/// one does not take the lock, leave files that are broken.
#[test]
fn the_lock_of_claude_code_is_taken() {
    let sandbox = Sandbox::new();
    sandbox.write(".claude.json", "{\"starts\": 1}");
    let lock = sandbox.path(".claude.json.lock");
    fs::create_dir(&lock).unwrap();
    let mut child = client(&sandbox, &["attach", "claude-code", "--yes"]).spawn();
    // Its record is written under the lock only.
    let records = sandbox.path(".local/state/callmux/clients");
    until("it waits for the lock", || records.exists().then_some(()));
    assert!(child.try_wait().unwrap().is_none());
    overwrite(&sandbox.path(".claude.json"), "{\"starts\": 2}");
    fs::remove_dir(&lock).unwrap();
    assert!(child.wait().unwrap().success());
    let written: Json = serde_json::from_str(&read(&sandbox, ".claude.json")).unwrap();
    assert_eq!(written["starts"], 2, "what was written meanwhile stays: {written}");
    assert!(written["mcpServers"]["callmux"].is_object() && !lock.exists(), "{written}");
}

#[test]
fn killed_at_any_moment_the_file_is_the_old_or_the_new_one() {
    let sandbox = Sandbox::new();
    sandbox.write(CURSOR, TEXT);
    run(&sandbox, &["attach", "cursor", "--yes"]);
    let attached = read(&sandbox, CURSOR);
    run(&sandbox, &["undo", "cursor", "--yes"]);
    let has = |dir: &str, end: &str| {
        let entries = fs::read_dir(sandbox.path(dir)).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| path.to_string_lossy().contains(end))
    };
    let records = ".local/state/callmux/clients/cursor";
    let facts: [(&str, &dyn Fn() -> bool); 6] = [
        ("it runs", &|| true),
        ("what the file was is kept", &|| has(records, ".before")),
        ("the record is there", &|| has(records, ".json")),
        ("the new file lies beside the old one", &|| has(".cursor", ".callmux.")),
        ("the file is the new one", &|| read(&sandbox, CURSOR) == attached),
        ("it has ended", &|| false),
    ];
    for (what, fact) in facts {
        for round in 0..6 {
            drop(fs::remove_dir_all(sandbox.path(records)));
            let mut child = client(&sandbox, &["attach", "cursor", "--yes"]).spawn();
            // Looked at as often as can be: each of it is over soon.
            while !fact() && child.try_wait().unwrap().is_none() {
                std::hint::spin_loop();
            }
            let _ = kill_process(Pid::from_child(&child), Signal::KILL);
            child.wait().unwrap();
            let now = read(&sandbox, CURSOR);
            assert!(now == TEXT || now == attached, "{what}, round {round}: {now}");
            if now == attached {
                let (code, _, stderr) = run(&sandbox, &["undo", "cursor", "--yes"]);
                assert_eq!(code, Some(0), "{what}, round {round}: {stderr}");
                assert_eq!(read(&sandbox, CURSOR), TEXT, "{what}, round {round}");
            }
        }
    }
    // What was left over goes with the next change.
    assert_eq!(run(&sandbox, &["attach", "cursor", "--yes"]).0, Some(0));
    assert_eq!(fs::read_dir(sandbox.path(".cursor")).unwrap().count(), 1);
}

#[test]
fn two_at_once_write_one_entry() {
    let sandbox = Sandbox::new();
    sandbox.write(CURSOR, TEXT);
    let spawn = || client(&sandbox, &["attach", "cursor", "--yes"]).spawn();
    let children: Vec<_> = (0..6).map(|_| spawn()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(read(&sandbox, CURSOR).matches("callmux\"").count(), 2, "one key, one command");
    assert_eq!(run(&sandbox, &["undo", "cursor", "--yes"]).0, Some(0));
    assert_eq!(read(&sandbox, CURSOR), TEXT);
}
