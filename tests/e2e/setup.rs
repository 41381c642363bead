//! `callmux setup`: homes with several clients, and the way back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

use crate::support::canary::canary;
use crate::support::far::{Far, Out, Seen, legacy, said};
use crate::support::{Daemon, Lines, Program, Sandbox, callmux, until};

mod lasting;

const CURSOR: &str = ".cursor/mcp.json";
const CODEX: &str = ".codex/config.toml";
const GEMINI: &str = ".gemini/settings.json";
const ZED: &str = "config/zed/settings.json";
const WINDSURF: &str = ".codeium/windsurf/mcp_config.json";
const DESKTOP: &str = "config/Claude/claude_desktop_config.json";
const FILES: [&str; 6] = [CURSOR, CODEX, GEMINI, ZED, WINDSURF, DESKTOP];
const WRITTEN: &str = "config/callmux/conf.d/from-setup.toml";

fn far() -> Far {
    Far::start(legacy(|seen: &Seen, out: &mut Out| out.json(&seen.result(&said("fine")))))
}

/// Six clients with twelve servers: three the same, two with secrets, one broken, one remote.
fn furnish(sandbox: &Sandbox, far: &Far) {
    let program = callmux();
    let server = |name: &str, kind: &str, env: &str| {
        format!(
            "\"{name}\": {{\"command\": \"{program}\", \"args\": [\"example-server\", \"{kind}\"]{env}}}"
        )
    };
    let secret = |text: &str| format!(", \"env\": {{\"API_TOKEN\": \"{text}\"}}");
    let clock = |name| server(name, "time", "");
    let mode = |mode| format!(", \"env\": {{\"MODE\": \"{mode}\"}}");
    sandbox.write(
        CURSOR,
        &format!(
            "{{\r\n\t// mine\r\n\t\"mcpServers\": {{\r\n\t\t{},\r\n\t\t{},\r\n\t}},\r\n}}",
            clock("clock"),
            server("notes", "notes", &secret(canary!("-cursor")))
        ),
    );
    sandbox.write(
        CODEX,
        &format!(
            "model = \"x\" # mine\n\n[mcp_servers.clock]\ncommand = \"{program}\"\nargs = [\"example-server\", \"time\"]\n\n\
             [mcp_servers.counter]\ncommand = \"{program}\"\nargs = [\"example-server\", \"counter\"]\n"
        ),
    );
    sandbox.write(
        GEMINI,
        &format!(
            "{{\"theme\": \"dark\", \"mcpServers\": {{{}, {}}}}}",
            clock("uhr"),
            server("slow", "slow", "")
        ),
    );
    sandbox.write(
        ZED,
        &format!(
            "// Zed\n{{\n  \"context_servers\": {{\n    {},\n    {}\n  }}\n}}\n",
            server("failing", "failing", ""),
            server("hours", "time", &secret(canary!("-zed")))
        ),
    );
    sandbox.write(
        WINDSURF,
        &format!(
            "{{\"mcpServers\": {{\"far\": {{\"serverUrl\": \"{}\"}}, \"broken\": {{\"command\": \"/bin/false\"}}}}}}",
            far.url()
        ),
    );
    sandbox.write(
        DESKTOP,
        &format!(
            "{{\"mcpServers\": {{{}, {}}}}}\n",
            server("time-b", "time", &mode("b")),
            server("counter-b", "counter", &mode("b"))
        ),
    );
}

const WORKING: [&str; 9] =
    ["clock", "counter", "counter-b", "failing", "far", "hours", "notes", "slow", "time-b"];

fn setup(sandbox: &Sandbox, args: &[&str]) -> Program {
    fs::create_dir_all(sandbox.path("bin")).unwrap();
    fs::create_dir_all(sandbox.path("work")).unwrap();
    let mut program = sandbox.command();
    // No client of this machine, and no systemd.
    program.env("PATH", sandbox.path("bin")).current_dir(sandbox.path("work"));
    program.arg("setup").args(args);
    program
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = setup(sandbox, args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Every file and directory of the home, but for those of programs that run.
fn tree(sandbox: &Sandbox) -> BTreeMap<String, Option<Vec<u8>>> {
    fn walk(dir: &Path, home: &Path, out: &mut BTreeMap<String, Option<Vec<u8>>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(home).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, home, out);
                out.insert(name, None);
            } else if path.is_file() {
                out.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(&sandbox.path(""), &sandbox.path(""), &mut out);
    out
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap()
}

#[test]
fn all_of_it_is_done_and_taken_back_twice() {
    let (sandbox, far) = (Sandbox::new(), far());
    furnish(&sandbox, &far);
    let (code, stdout, stderr) = run(&sandbox, &["--dry-run"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("broken: does not work: "), "{stdout}");
    assert!(
        stdout.contains("clock: ready: 3 tools") || stdout.contains("clock: ready: "),
        "{stdout}"
    );
    let before = tree(&sandbox);
    let (code, _, stderr) = run(&sandbox, &[]);
    assert!(code == Some(64) && stderr.contains("--yes"), "nobody is there to be asked: {stderr}");
    for _ in 0..2 {
        let (code, stdout, stderr) = run(&sandbox, &["--yes", "--json"]);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        let report: Json = serde_json::from_str(&stdout).unwrap();
        let taken: Vec<&str> = report["servers"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|server| server["taken_over"] == true)
            .map(|server| server["name"].as_str().unwrap())
            .collect();
        assert_eq!(taken, WORKING, "{report}");
        assert_eq!(report["processes"], json!({"before": 10, "after": 8}), "{report}");
        for name in FILES {
            let text = read(&sandbox, name);
            assert!(text.contains("bridge") && !text.contains("example-server"), "{name}: {text}");
            assert!(!text.contains(canary!()), "{name}: {text}");
        }
        assert!(read(&sandbox, WINDSURF).contains("/bin/false"), "what is broken stays");
        assert!(!read(&sandbox, WRITTEN).contains(canary!()));
        // Again: nothing changes.
        let done = tree(&sandbox);
        let (code, stdout, stderr) = run(&sandbox, &["--yes"]);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        assert!(stdout.contains("nothing is to be done"), "{stdout}");
        assert!(tree(&sandbox) == done, "a second run changes something");

        let (code, stdout, stderr) = run(&sandbox, &["--undo"]);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        let now = tree(&sandbox);
        let names = |tree: &BTreeMap<String, _>| tree.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&now), names(&before), "{stdout}");
        assert!(now == before, "a file is not as it was: {stdout}");
    }
    let (code, stdout, _) = run(&sandbox, &["--undo"]);
    assert!(code == Some(0) && stdout.contains("nothing to undo"), "{stdout}");
}

#[test]
fn every_tool_that_works_can_be_called_afterwards() {
    let (sandbox, far) = (Sandbox::new(), far());
    furnish(&sandbox, &far);
    sandbox.write("config/callmux/config.toml", "exposure = \"no-meta\"\n");
    let mut daemon = Daemon::start(&sandbox);
    let (code, stdout, stderr) = run(&sandbox, &["--yes"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("a first call through a bridge was answered"), "{stdout}");
    assert!(stdout.contains("10 before, 8 now"), "{stdout}");
    for server in WORKING {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    let mut bridge = Lines::bridge(&sandbox);
    bridge.greet(&json!({}));
    let listed = bridge.request("tools/list", &json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap().clone();
    for server in WORKING {
        let of_it = tools
            .iter()
            .filter(|tool| tool["name"].as_str().unwrap().starts_with(&format!("{server}__")));
        assert!(of_it.count() > 0, "{server}: {listed}");
    }
    for tool in tools.iter().filter(|tool| tool["inputSchema"]["required"].is_null()) {
        let name = tool["name"].as_str().unwrap();
        if !name.starts_with("failing__") && !name.starts_with("slow__") {
            let said = bridge.call(name, &json!({}));
            assert!(said["result"]["content"].is_array(), "{name}: {said}");
        }
    }
    bridge.finish();
    daemon.stop();
    // A client that was changed by others keeps that, and the others are taken back.
    let changed = read(&sandbox, CURSOR).replace("// mine", "// yours");
    sandbox.write(CURSOR, &changed);
    let (code, stdout, stderr) = run(&sandbox, &["--undo"]);
    assert!(code == Some(1) && stderr.contains("callmux client detach cursor"), "{stdout}{stderr}");
    assert!(!read(&sandbox, GEMINI).contains("bridge"), "{stdout}");
    assert!(!sandbox.path(WRITTEN).exists(), "{stdout}");
    assert_eq!(read(&sandbox, CURSOR), changed);
    sandbox.watch.excuse(
        "the file .local/state/callmux/clients/cursor/",
        "",
        "what the file was is kept",
    );
}

#[test]
fn only_the_clients_that_are_named_are_touched() {
    let (sandbox, far) = (Sandbox::new(), far());
    furnish(&sandbox, &far);
    let before = tree(&sandbox);
    let (code, stdout, stderr) =
        run(&sandbox, &["--yes", "--client", "gemini", "--from", "gemini", "--from", "codex"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    for name in FILES {
        assert_eq!(read(&sandbox, name).contains("\"bridge\""), name == GEMINI, "{name}");
    }
    let written = read(&sandbox, WRITTEN);
    assert_eq!(written.matches("[servers.").count(), 3, "{written}");
    // Later another one comes to it.
    let (code, stdout, stderr) =
        run(&sandbox, &["--yes", "--client", "cursor", "--from", "cursor"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(
        read(&sandbox, CURSOR).contains("bridge") && !read(&sandbox, CURSOR).contains(canary!())
    );
    let second = read(&sandbox, "config/callmux/conf.d/from-setup-2.toml");
    assert_eq!(second.matches("[servers.").count(), 1, "{second}");
    let (code, stdout, stderr) = run(&sandbox, &["--undo", "--json"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(
        tree(&sandbox)
            == before
                .into_iter()
                .chain(
                    tree(&sandbox)
                        .into_iter()
                        .filter(|(name, _)| ["bin", "work"].contains(&name.as_str()))
                )
                .collect()
    );
    let (code, _, stderr) = run(&sandbox, &["--yes", "--client", "cursr"]);
    assert!(code == Some(64) && stderr.contains("cursr"), "{stderr}");
}

/// Something that is to be seen from outside, and whether it is there.
type Fact<'a> = (&'static str, Box<dyn Fn(&Sandbox) -> bool + 'a>);

/// Files of projects and what Claude Code keeps for one are left as they are, and so are the secrets in them.
#[test]
fn secrets_that_stay_are_told_with_what_mends_it() {
    let sandbox = Sandbox::new();
    let server = |name: &str, kind: &str, secret: &str| json!({ name: { "command": callmux(), "args": ["example-server", kind], "env": { "API_TOKEN": secret } } });
    let work = sandbox.path("work").display().to_string();
    let elsewhere = sandbox.path("elsewhere").display().to_string();
    let claude = json!({ "mcpServers": server("wide", "time", canary!("-wide")), "projects": {
        (work.as_str()): { "mcpServers": server("local", "counter", canary!("-local")) },
        (elsewhere.as_str()): { "mcpServers": server("far", "slow", canary!("-far")) },
    } });
    sandbox.write(".claude.json", &claude.to_string());
    let project = json!({ "mcpServers": server("shared", "notes", canary!("-shared")) });
    sandbox.write("work/.mcp.json", &project.to_string());
    let (code, stdout, stderr) = run(&sandbox, &["--yes"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let lines = [
        format!("secrets stay in {work}/.mcp.json: shared: env.API_TOKEN\n"),
        format!(", for {work}: local: env.API_TOKEN\n"),
        format!(", for {elsewhere}: far: env.API_TOKEN\n"),
        "`callmux client attach claude-code --project --replace`".to_owned(),
        "`claude mcp remove local -s local`".to_owned(),
    ];
    for line in &lines {
        assert!(stderr.contains(line), "{line}\n{stderr}");
    }
    assert!(!stderr.contains("wide: env"), "it went: {stderr}");
    let doctor = || {
        let mut doctor = sandbox.command();
        doctor.env("PATH", sandbox.path("bin")).current_dir(&work);
        let output = doctor.args(["doctor", "--json"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let found = doctor();
    assert!(found.contains("/work/.mcp.json: shared: env.API_TOKEN"), "{found}");
    assert!(found.contains("local: env.API_TOKEN"), "{found}");
    // What it advises mends it.
    let mut attach = sandbox.command();
    attach.env("PATH", sandbox.path("bin")).current_dir(&work);
    let args = ["client", "attach", "claude-code", "--project", "--replace", "--yes"];
    let output = attach.args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = doctor();
    assert!(!found.contains(".mcp.json"), "{found}");
    assert!(!read(&sandbox, "work/.mcp.json").contains(canary!("-shared")));
    // All of it goes back, and so do the copies of what was there.
    let mut undo = sandbox.command();
    undo.env("PATH", sandbox.path("bin")).current_dir(&work);
    let args = ["client", "undo", "claude-code", "--project", "--yes"];
    assert!(undo.args(args).status().unwrap().success());
    assert_eq!(run(&sandbox, &["--undo", "--yes"]).0, Some(0));
    assert_eq!(read(&sandbox, "work/.mcp.json"), project.to_string());
}

#[test]
fn killed_at_any_step_all_of_it_can_be_taken_back() {
    let far = far();
    let journal = ".local/state/callmux/setup/done.json";
    let secret = "config/callmux/secrets/notes-API_TOKEN";
    let is_there = |sandbox: &Sandbox, name: &str| sandbox.path(name).exists();
    let is_attached = |sandbox: &Sandbox, name: &str| read(sandbox, name).contains("bridge");
    let facts: [Fact<'_>; 6] = [
        ("the journal", Box::new(|sandbox| is_there(sandbox, journal))),
        ("a secret", Box::new(|sandbox| is_there(sandbox, secret))),
        ("the config", Box::new(|sandbox| is_there(sandbox, WRITTEN))),
        ("the first client", Box::new(|sandbox| is_attached(sandbox, DESKTOP))),
        ("another client", Box::new(|sandbox| is_attached(sandbox, CODEX))),
        ("the last client", Box::new(|sandbox| is_attached(sandbox, ZED))),
    ];
    for (what, fact) in facts {
        let sandbox = Sandbox::new();
        furnish(&sandbox, &far);
        fs::create_dir_all(sandbox.path("bin")).unwrap();
        fs::create_dir_all(sandbox.path("work")).unwrap();
        let before = tree(&sandbox);
        let mut child = setup(&sandbox, &["--yes", "--json"]).spawn();
        until(what, || fact(&sandbox).then_some(()));
        let _ = kill_process(Pid::from_child(&child), Signal::KILL);
        child.wait().unwrap();
        let (code, stdout, stderr) = run(&sandbox, &["--undo"]);
        assert_eq!(code, Some(0), "{what}: {stdout}{stderr}");
        let now = tree(&sandbox);
        let names = |tree: &BTreeMap<String, _>| tree.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&now), names(&before), "{what}: {stdout}");
        assert!(now == before, "{what}: a file is not as it was: {stdout}");
    }
}
