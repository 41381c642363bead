//! From a package of npm or PyPI: the program itself gets a place that stays.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

use super::{CURSOR, DESKTOP, read, tree};
use crate::support::{Daemon, Lines, Program, Sandbox, callmux, until};

/// Where `npx` puts it.
const NPX: &str = ".npm/_npx/0123abcd/node_modules/@callmux/linux-x64/bin/callmux";
/// Where it stays.
const PLACE: &str = ".local/bin/callmux";
const RECORD: &str = ".local/state/callmux/setup/program.json";

/// A home with a program of ours in a place that goes away, and two clients.
struct Packaged {
    sandbox: Sandbox,
    program: PathBuf,
}

impl Packaged {
    fn at(place: &str) -> Self {
        let sandbox = Sandbox::new();
        let program = put(&sandbox, place);
        for dir in ["bin", "work", "config"] {
            fs::create_dir_all(sandbox.path(dir)).unwrap();
        }
        let server = json!({"command": callmux(), "args": ["example-server", "counter"]});
        let text = json!({"mcpServers": {"counter": server}}).to_string();
        sandbox.write(CURSOR, &text);
        sandbox.write(DESKTOP, "{}\n");
        Self { sandbox, program }
    }

    fn npx() -> Self {
        Self::at(NPX)
    }

    fn command(&self, words: &[&str]) -> Program {
        self.command_of(&self.program, words)
    }

    fn command_of(&self, program: &Path, words: &[&str]) -> Program {
        let mut command = self.sandbox.program(program.to_str().unwrap());
        // As npm and uv have it: their own directory comes first.
        let dirs = [program.parent().unwrap().to_path_buf(), self.sandbox.path("bin")];
        command.env("PATH", std::env::join_paths(dirs).unwrap());
        command.env("TMPDIR", self.sandbox.path("tmp")).current_dir(self.sandbox.path("work"));
        command.args(words);
        command
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        said(&mut self.command(words))
    }

    fn place(&self) -> PathBuf {
        self.sandbox.path(PLACE)
    }

    /// The program that the entries in the files of both clients start.
    fn named(&self) -> [String; 2] {
        [CURSOR, DESKTOP].map(|file| {
            let text: Json = serde_json::from_str(&read(&self.sandbox, file)).unwrap();
            text["mcpServers"]["callmux"]["command"].as_str().unwrap_or_default().to_owned()
        })
    }

    fn is_at_place(&self) -> bool {
        fs::read(self.place()).is_ok_and(|found| found == fs::read(callmux()).unwrap())
    }
}

impl Drop for Packaged {
    fn drop(&mut self) {
        // The end of a sandbox searches every file for secrets, and these are large.
        for program in [self.program.clone(), self.place()] {
            drop(fs::remove_file(program));
        }
    }
}

fn put(sandbox: &Sandbox, place: &str) -> PathBuf {
    let program = sandbox.path(place);
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    if fs::hard_link(callmux(), &program).is_err() {
        fs::copy(callmux(), &program).unwrap();
    }
    program
}

/// A program that says this when it is asked for its version.
fn stand_in(path: &Path, says: &str) -> Vec<u8> {
    let text = format!("#!/bin/sh\necho '{says}'\n");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    crate::support::overwrite(path, &text);
    fs::set_permissions(path, Permissions::from_mode(0o750)).unwrap();
    text.into_bytes()
}

fn said(command: &mut Program) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_a_package_brought_is_copied_named_and_taken_back() {
    let home = Packaged::npx();
    let before = tree(&home.sandbox);
    let place = home.place().display().to_string();
    let (code, stdout, stderr) = home.run(&["setup", "--dry-run"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains(&format!("copy callmux to {place}")), "{stdout}");
    assert!(tree(&home.sandbox) == before, "--dry-run changed something");

    let (code, stdout, stderr) = home.run(&["setup", "--yes", "--json"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let report: Json = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["program"]["path"], place, "{report}");
    assert_eq!(report["program"]["action"], "copied", "{report}");
    assert_eq!(home.named(), [place.clone(), place.clone()]);
    assert!(home.is_at_place());
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o7777, 0o755);

    // The cache is wiped: what the entry names goes on.
    fs::remove_dir_all(home.sandbox.path(".npm")).unwrap();
    let mut daemon = Daemon::start(&home.sandbox);
    let mut bridge = Lines::start(home.command_of(&home.place(), &["bridge"]));
    bridge.greet(&json!({}));
    let answer = bridge.call("counter__increment", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 1, "{answer}");
    bridge.finish();
    daemon.stop();

    // From another cache nothing is left to do, and the copy takes itself back.
    let again = put(&home.sandbox, ".cache/uv/archive-v0/abc/bin/callmux");
    let (code, stdout, stderr) = said(&mut home.command_of(&again, &["setup", "--yes"]));
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("nothing is to be done"), "{stdout}");
    fs::remove_dir_all(home.sandbox.path(".cache/uv")).unwrap();
    let (code, stdout, stderr) = said(&mut home.command_of(&home.place(), &["setup", "--undo"]));
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains(&format!("{place} is gone")), "{stdout}");
    assert!(!home.sandbox.path(".local/bin").exists() && !home.sandbox.path(RECORD).exists());
    assert_eq!(read(&home.sandbox, DESKTOP), "{}\n");
}

#[test]
fn every_place_that_goes_away_is_known() {
    for (place, is_lasting) in [
        (NPX, false),
        ("proj/node_modules/@callmux/linux-x64/bin/callmux", false),
        (".cache/uv/archive-v0/abc/bin/callmux", false),
        ("cache/any/callmux", false),
        ("venv/bin/callmux", false),
        ("tmp/any/callmux", false),
        ("opt/callmux/callmux", true),
    ] {
        let home = Packaged::at(place);
        if place.starts_with("venv") {
            home.sandbox.write("venv/pyvenv.cfg", "home = /usr/bin\n");
        }
        let (code, stdout, stderr) = home.run(&["client", "print", "claude-desktop"]);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        let entry: Json = serde_json::from_str(&stdout).unwrap();
        let named = entry["mcpServers"]["callmux"]["command"].as_str().unwrap().to_owned();
        let wanted = if is_lasting { &home.program } else { &home.place() };
        assert_eq!(Path::new(&named), wanted, "{place}");
    }
}

#[test]
fn an_older_one_is_replaced_and_comes_back() {
    let home = Packaged::npx();
    let old = stand_in(&home.place(), "callmux 0.0.9");
    let (code, stdout, stderr) = home.run(&["setup", "--yes"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("in place of callmux 0.0.9"), "{stdout}");
    assert!(home.is_at_place());
    let (code, stdout, stderr) = home.run(&["setup", "--undo"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert_eq!(fs::read(home.place()).unwrap(), old);
    assert_eq!(fs::metadata(home.place()).unwrap().permissions().mode() & 0o7777, 0o750);
    assert!(!home.sandbox.path(".local/state").exists(), "{:?}", tree(&home.sandbox).keys());
}

#[test]
fn a_newer_one_and_one_of_an_installer_are_used_as_they_are() {
    let home = Packaged::npx();
    let new = stand_in(&home.place(), "callmux 99.0.0");
    let (code, stdout, stderr) = home.run(&["setup", "--dry-run", "--json"]);
    let report: Json = serde_json::from_str(&stdout).unwrap();
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert_eq!(report["program"]["action"], "kept", "{report}");
    let (code, ..) = home.run(&["client", "attach", "cursor", "--yes"]);
    assert_eq!(code, Some(0));
    assert_eq!(home.named()[0], home.place().display().to_string());
    assert_eq!(fs::read(home.place()).unwrap(), new);
    drop(home);

    // `uv tool install` and `pipx install` leave a link in a directory of programs.
    let home = Packaged::at("share/uv/tools/callmux/bin/callmux");
    home.sandbox.write("share/uv/tools/callmux/pyvenv.cfg", "home = /usr/bin\n");
    let link = home.sandbox.path("bin/callmux");
    symlink(&home.program, &link).unwrap();
    let (code, _, stderr) = home.run(&["client", "attach", "cursor", "--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(home.named()[0], link.display().to_string());
    assert!(!home.place().exists());
}

#[test]
fn what_is_not_callmux_is_left_alone_and_nothing_is_done() {
    for says in ["0.24.3", "mcp 1.0.0"] {
        let home = Packaged::npx();
        let other = stand_in(&home.place(), says);
        let before = tree(&home.sandbox);
        for words in [&["setup", "--yes"][..], &["client", "attach", "cursor", "--yes"]] {
            let (code, stdout, stderr) = home.run(words);
            assert_eq!(code, Some(1), "{stdout}{stderr}");
            assert!(stderr.contains(PLACE) && stderr.contains("is not callmux"), "{stderr}");
        }
        let now = tree(&home.sandbox);
        assert!(now == before, "{:?}", now.keys());
        assert_eq!(fs::read(home.place()).unwrap(), other);
    }
}

#[test]
fn what_somebody_changed_or_still_names_stays() {
    let home = Packaged::npx();
    assert_eq!(home.run(&["setup", "--yes", "--client", "cursor"]).0, Some(0));
    assert_eq!(home.run(&["client", "attach", "claude-desktop", "--yes"]).0, Some(0));
    let (code, stdout, stderr) = home.run(&["setup", "--undo"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stderr.contains(PLACE) && stderr.contains("claude-desktop"), "{stderr}");
    assert!(home.is_at_place());
    assert_eq!(home.run(&["client", "undo", "claude-desktop", "--yes"]).0, Some(0));
    stand_in(&home.place(), "callmux 0.1.0, mine");
    let (code, stdout, stderr) = home.run(&["setup", "--undo"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stderr.contains(PLACE) && stderr.contains("was changed since"), "{stderr}");
    assert!(home.place().exists());
}

#[test]
fn killed_while_it_is_copied_all_of_it_can_be_taken_back() {
    for fact in [RECORD, PLACE, "config/callmux/conf.d/from-setup.toml"] {
        let home = Packaged::npx();
        let before = tree(&home.sandbox);
        let mut child = home.command(&["setup", "--yes"]).spawn();
        until(fact, || home.sandbox.path(fact).exists().then_some(()));
        let _ = kill_process(Pid::from_child(&child), Signal::KILL);
        child.wait().unwrap();
        let (code, stdout, stderr) = home.run(&["setup", "--undo"]);
        assert_eq!(code, Some(0), "{fact}: {stdout}{stderr}");
        let now = tree(&home.sandbox);
        assert_eq!(now.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{fact}");
        assert!(now == before, "{fact}: a file is not as it was: {stdout}");
    }
}

#[test]
fn servers_are_not_started_from_what_a_runner_put_into_the_path() {
    let home = Packaged::npx();
    let script = "#!/bin/sh\nexec \"$CALLMUX\" example-server counter\n";
    for dir in [".npm/_npx/0123abcd/node_modules/@callmux/linux-x64/bin", "bin"] {
        let program = home.sandbox.path(dir).join("counter-server");
        crate::support::overwrite(&program, script);
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    }
    let server = |command: &str| json!({"command": command, "env": {"CALLMUX": callmux()}});
    let own = json!({"command": "callmux", "args": ["example-server", "time"]});
    let servers = json!({"counter": server("counter-server"), "own": own});
    home.sandbox.write(CURSOR, &json!({"mcpServers": servers}).to_string());
    let (code, stdout, stderr) = home.run(&["setup", "--yes"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let text = read(&home.sandbox, "config/callmux/conf.d/from-setup.toml");
    let lasting = home.sandbox.path("bin");
    let named = format!("command = \"{}\"", lasting.join("counter-server").display());
    assert!(text.contains(&named) && text.contains("command = \"callmux\""), "{text}");
    assert!(text.contains(&format!("PATH = \"{}\"", lasting.display())), "{text}");
    assert!(!text.contains(".npm"), "{text}");
}

#[test]
fn units_start_the_program_that_stays() {
    let home = Packaged::npx();
    // A manager that has no unit, and takes any.
    let systemctl = home.sandbox.path("bin/systemctl");
    crate::support::overwrite(
        &systemctl,
        "#!/bin/sh\ncase \"$*\" in *show-environment*) echo A=1 ;; *show*) echo LoadState=not-found ;; esac\n",
    );
    fs::set_permissions(&systemctl, Permissions::from_mode(0o755)).unwrap();
    let unit = "config/systemd/user/callmux.service";
    let line = format!("ExecStart={} serve\n", home.place().display());
    for words in [&["daemon", "install"][..], &["setup", "--yes"]] {
        let (code, stdout, stderr) = home.run(words);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        assert!(stdout.contains(PLACE), "{stdout}");
        let text = read(&home.sandbox, unit);
        assert!(text.contains(&line), "{text}");
        assert!(home.is_at_place());
        fs::remove_file(home.sandbox.path(unit)).unwrap();
        fs::remove_file(home.place()).unwrap();
    }
}
