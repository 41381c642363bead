//! All clients, in all states of their files, on a disk.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{around, bridge, install, states, write};
use crate::base::executable::is_executable;
use crate::clients::change::{Seat, Wish};
use crate::clients::client::Grammar;
use crate::clients::target::FILE_MAX;
use crate::clients::{CLIENTS, ClientError, KnownClient, Launch, Scope, Standing, Surroundings};

const WHERE: Scope = Scope::User;

fn file(around: &Surroundings, client: &KnownClient, text: Option<&str>) -> PathBuf {
    let path = around.file(client, WHERE).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match text {
        Some(text) => write(&path, text),
        None => drop(fs::remove_file(&path)),
    }
    path
}

fn content(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

fn attach(seat: &Seat<'_>, wish: &Wish) -> Result<bool, ClientError> {
    let Some(plan) = seat.attaching(wish)? else { return Ok(false) };
    seat.carry_out(plan, || seat.attaching(wish)).map(|kept| kept.is_some())
}

fn detach(seat: &Seat<'_>, wish: &Wish) -> Result<bool, ClientError> {
    let Some(plan) = seat.detaching(wish)? else { return Ok(false) };
    seat.carry_out(plan, || seat.detaching(wish)).map(|kept| kept.is_some())
}

fn undo(seat: &Seat<'_>) -> Result<(), ClientError> {
    let (plan, kept) = seat.undoing()?;
    seat.undo(&plan, &kept)
}

/// A directory in memory, where there is such a place: thousands of files are written through to the disk here, and a
/// disk takes its time for each.
fn scratch() -> TempDir {
    // Signs of clients are programs, which some such places let nobody run.
    let runs_programs = |dir: &TempDir| {
        let path = dir.path().join("program");
        write(&path, "");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let runs = is_executable(&path);
        fs::remove_file(path).unwrap();
        runs
    };
    let quick = tempfile::tempdir_in("/dev/shm").ok().filter(runs_programs);
    quick.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

#[test]
fn every_file_comes_back_as_it_was() {
    for client in CLIENTS {
        let mut all: Vec<(&str, Option<String>)> = vec![("absent", None)];
        all.extend(states(client).into_iter().map(|(name, text)| (name, Some(text))));
        for (state, text) in all {
            let dir = scratch();
            let around = around(dir.path());
            install(&around, client);
            let path = file(&around, client, text.as_deref());
            let before = content(&path);
            let seat = Seat { client, scope: WHERE, around: &around };
            let wish = bridge();
            let what = format!("{}: {state}", client.id);
            assert!(attach(&seat, &wish).unwrap_or_else(|error| panic!("{what}: {error}")));
            assert_eq!(seat.look().unwrap().standing(&wish), Standing::Attached { is_on: true });
            let after = content(&path).unwrap();
            assert!(!attach(&seat, &wish).unwrap(), "{what}: twice");
            assert_eq!(content(&path).unwrap(), after, "{what}");
            assert!(detach(&seat, &wish).unwrap(), "{what}");
            assert_eq!(content(&path), before, "{what}: detached");
            assert!(!detach(&seat, &wish).unwrap(), "{what}: twice");
            undo(&seat).unwrap();
            assert_eq!(content(&path).unwrap(), after, "{what}: detaching undone");
            undo(&seat).unwrap();
            assert_eq!(content(&path), before, "{what}: undone");
            assert!(matches!(undo(&seat), Err(ClientError::NothingToUndo(_))), "{what}");
            // Without a memory of it, it still goes, and nothing else does.
            attach(&seat, &wish).unwrap();
            fs::remove_dir_all(&around.records).unwrap();
            assert!(detach(&seat, &wish).unwrap(), "{what}: from what is written alone");
            assert_eq!(seat.look().unwrap().standing(&wish), Standing::Absent, "{what}");
        }
    }
}

#[test]
fn what_others_write_since_stays() {
    for client in CLIENTS {
        let dir = scratch();
        let around = around(dir.path());
        install(&around, client);
        let text = &states(client).into_iter().find(|(name, _)| *name == "others").unwrap().1;
        let (change, to) = match client.format {
            Grammar::Json => ("\"z\": null", "\"z\": [\"mine\"]"),
            Grammar::Toml => ("trusted", "untrusted"),
            Grammar::Yaml => ("GOOSE_MODEL: x", "GOOSE_MODEL: other"),
        };
        let path = file(&around, client, Some(text));
        let seat = Seat { client, scope: WHERE, around: &around };
        attach(&seat, &bridge()).unwrap();
        let now = fs::read_to_string(&path).unwrap().replace(change, to);
        write(&path, &now);
        let refused = undo(&seat).unwrap_err();
        assert!(matches!(&refused, ClientError::Changed { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), now);
        assert!(detach(&seat, &bridge()).unwrap(), "{}", client.id);
        assert_eq!(fs::read_to_string(&path).unwrap(), text.replace(change, to), "{}", client.id);
    }
}

#[test]
fn files_that_would_be_harmed_are_left_alone() {
    let dir = scratch();
    for client in CLIENTS {
        let key = client.keys[0];
        let broken: Vec<Vec<u8>> = match client.format {
            Grammar::Json => vec![
                b"{".into(),
                b"{\"a\": 1 \"b\": 2}".into(),
                b"[]".into(),
                b"\xff\xfe{}".into(),
                format!("{{\"{key}\": [1]}}").into(),
                format!("{{\"{key}\": null}}").into(),
                format!("{{\"{key}\": {{}}, \"{key}\": {{}}}}").into(),
                vec![b' '; usize::try_from(FILE_MAX).unwrap() + 1],
            ],
            Grammar::Toml => vec![
                b"a = ".into(),
                b"a = 1\na = 2\n".into(),
                b"\xff".into(),
                b"mcp_servers = {}\n".into(),
            ],
            Grammar::Yaml => vec![
                b"a: [".into(),
                b"- a\n".into(),
                b"\xff".into(),
                b"extensions: {}\n".into(),
                b"extensions:\n  {a: {b: 1}}\n".into(),
                b"a: 1\n---\nb: 1\n".into(),
                b"a: 1\n...\n".into(),
            ],
        };
        for bytes in broken {
            let around = around(dir.path());
            install(&around, client);
            let path = file(&around, client, Some(""));
            write(&path, &bytes);
            let seat = Seat { client, scope: WHERE, around: &around };
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
            let Err(said) = attach(&seat, &bridge()) else { panic!("{}: {shown}", client.id) };
            let said = said.to_string();
            assert!(said.contains("nothing was written") || said.contains("larger"), "{said}");
            assert!(said.contains(&*path.to_string_lossy()), "{said}");
            assert!(content(&path).unwrap() == bytes, "{}: {said}", client.id);
            assert!(!around.records.exists());
            fs::remove_dir_all(dir.path().join("home")).unwrap();
        }
    }
}

#[test]
fn what_may_not_be_written_is_not() {
    for client in CLIENTS {
        let dir = scratch();
        let around = around(dir.path());
        install(&around, client);
        let seat = Seat { client, scope: WHERE, around: &around };
        let path = file(&around, client, None);
        let parent = path.parent().unwrap();
        let refused = |words: &str| {
            let said = attach(&seat, &bridge()).unwrap_err().to_string();
            assert!(said.contains(words), "{}: {said}", client.id);
        };
        symlink("nothing", &path).unwrap();
        refused("link to nothing");
        fs::remove_file(&path).unwrap();
        symlink(path.file_name().unwrap(), &path).unwrap();
        refused("link to nothing");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused("directory");
        fs::remove_dir(&path).unwrap();
        fs::set_permissions(parent, Permissions::from_mode(0o555)).unwrap();
        refused("read-only");
        fs::set_permissions(parent, Permissions::from_mode(0o755)).unwrap();
        write(&path, "");
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        refused("read-only");
        assert_eq!(content(&path).unwrap(), b"");
        assert!(!around.records.exists());
    }
}

#[test]
fn links_are_followed_and_modes_are_kept() {
    for client in CLIENTS {
        let dir = scratch();
        let around = around(dir.path());
        install(&around, client);
        let seat = Seat { client, scope: WHERE, around: &around };
        let path = file(&around, client, None);
        let (real, middle) = (dir.path().join("real"), dir.path().join("middle"));
        write(&real, "");
        fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        symlink("real", &middle).unwrap();
        symlink(&middle, &path).unwrap();
        attach(&seat, &bridge()).unwrap();
        assert!(path.is_symlink() && middle.is_symlink() && !real.is_symlink());
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
        assert!(fs::read_to_string(&real).unwrap().contains("callmux"));
        undo(&seat).unwrap();
        assert_eq!(content(&real).unwrap(), b"");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 5, "home, project, state and two");
    }
}

#[test]
fn nothing_is_made_for_a_client_that_is_not_here() {
    for client in CLIENTS {
        let dir = scratch();
        let around = around(dir.path());
        let seat = Seat { client, scope: WHERE, around: &around };
        let said = attach(&seat, &bridge()).unwrap_err();
        assert!(matches!(said, ClientError::NotHere { .. }), "{said}");
        assert_eq!(fs::read_dir(&around.home).unwrap().count(), 1);
    }
}

#[test]
fn other_entries_under_our_name_are_not_touched_unasked() {
    let entry = |words: &str| format!("{{\"mcpServers\": {{\"callmux\": {words}}}}}");
    let client = CLIENTS.iter().find(|client| client.id == "cursor").unwrap();
    for (words, says, is_ours) in [
        ("{\"command\": \"npx\", \"args\": [\"callmux\"]}", "npx callmux", false),
        (
            "{\"command\": \"callmux\", \"args\": [\"bridge\", \"--wait\", \"1s\"]}",
            "callmux bridge --wait 1s",
            true,
        ),
        ("{\"url\": \"http://127.0.0.1:4860/mcp/\"}", "http://127.0.0.1:4860/mcp/", true),
        ("7", "something that is no server", false),
    ] {
        let dir = scratch();
        let around = around(dir.path());
        let path = file(&around, client, Some(&entry(words)));
        let seat = Seat { client, scope: WHERE, around: &around };
        let standing = seat.look().unwrap().standing(&bridge());
        assert_eq!(standing, Standing::Otherwise { says: says.into(), is_ours });
        assert!(attach(&seat, &bridge()).unwrap_err().to_string().contains(says));
        assert_eq!(detach(&seat, &bridge()).is_ok(), is_ours, "{words}");
        write(&path, entry(words));
        let wish = Wish { replace: true, ..bridge() };
        attach(&seat, &wish).unwrap();
        assert_eq!(seat.look().unwrap().standing(&wish), Standing::Attached { is_on: true });
        undo(&seat).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), entry(words));
    }
    let off = entry("{\"command\": \"/x/callmux\", \"args\": [\"bridge\"], \"disabled\": true}");
    let dir = scratch();
    let around = around(dir.path());
    file(&around, client, Some(&off));
    let seat = Seat { client, scope: WHERE, around: &around };
    let standing = seat.look().unwrap().standing(&bridge());
    assert_eq!(standing, Standing::Attached { is_on: false });
}

#[test]
fn servers_that_callmux_runs_are_replaced_if_asked() {
    for client in CLIENTS {
        let dir = scratch();
        let around = around(dir.path());
        install(&around, client);
        let text = &states(client).into_iter().find(|(name, _)| *name == "others").unwrap().1;
        let path = file(&around, client, Some(text));
        let seat = Seat { client, scope: WHERE, around: &around };
        let (name, launch) = match client.format {
            Grammar::Json => ("other", Launch::Program("/bin/x".into(), Vec::new())),
            Grammar::Toml => ("other", Launch::Program("y".into(), vec!["a".into()])),
            Grammar::Yaml => continue,
        };
        let mut wish = Wish { run: vec![("mine".into(), launch)], ..bridge() };
        assert_eq!(seat.twice(&wish).as_deref(), Some(name));
        wish.replace = true;
        attach(&seat, &wish).unwrap();
        assert_eq!(seat.twice(&wish), None, "{}", client.id);
        assert!(!attach(&seat, &wish).unwrap());
        undo(&seat).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), *text, "{}", client.id);
    }
}

#[test]
fn opencode_keeps_the_form_that_its_file_has() {
    let client = CLIENTS.iter().find(|client| client.id == "opencode").unwrap();
    let dir = scratch();
    let around = around(dir.path());
    let path = file(&around, client, Some("{\n  \"mcp\": {\n    \"servers\": {}\n  }\n}\n"));
    let seat = Seat { client, scope: WHERE, around: &around };
    attach(&seat, &bridge()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&content(&path).unwrap()).unwrap();
    let words = serde_json::json!(["/opt/bin/callmux", "bridge"]);
    assert_eq!(
        json["mcp"],
        serde_json::json!({"servers": {"callmux": {"type": "local", "command": words}}})
    );
    // A server of that name is of the first form.
    let first = "{\"mcp\": {\"servers\": {\"type\": \"local\", \"command\": [\"x\"]}}}";
    write(&path, first);
    attach(&seat, &bridge()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&content(&path).unwrap()).unwrap();
    assert_eq!(json["mcp"]["callmux"]["enabled"], true);
}

#[test]
fn a_change_that_was_cut_off_is_known_as_that() {
    let client = CLIENTS.iter().find(|client| client.id == "zed").unwrap();
    let dir = scratch();
    let around = around(dir.path());
    let path = file(&around, client, Some("{}"));
    let seat = Seat { client, scope: WHERE, around: &around };
    attach(&seat, &bridge()).unwrap();
    let after = content(&path).unwrap();
    // Killed behind the record and before the file: what it was is there still.
    write(&path, "{}");
    assert!(matches!(undo(&seat), Err(ClientError::NothingToUndo(_))));
    // Killed before the renaming: what is left over goes with the next change.
    let left = path.with_file_name(".settings.json.callmux.4194999");
    write(&left, "x");
    attach(&seat, &bridge()).unwrap();
    assert!(!left.exists());
    assert_eq!(content(&path).unwrap(), after);
    undo(&seat).unwrap();
    assert_eq!(content(&path).unwrap(), b"{}");
}

#[test]
fn variables_count_where_the_client_reads_them() {
    let dir = scratch();
    let mut around = around(dir.path());
    let names =
        ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME", "CLINE_DIR", "CRUSH_GLOBAL_CONFIG"];
    around.variables = names.map(|name| (name, dir.path().join("set"))).into();
    for client in CLIENTS {
        let path = around.file(client, WHERE).unwrap();
        let reads = ["claude-code", "codex", "vscode-copilot", "copilot-cli", "cline-cli", "crush"];
        assert_eq!(
            path.starts_with(dir.path().join("set")),
            reads.contains(&client.id),
            "{path:?}"
        );
    }
    around.variables.clear();
    around.config = dir.path().join("xdg");
    let by_xdg = ["claude-desktop", "vscode", "zed", "opencode", "goose", "cline", "amp", "crush"];
    for client in CLIENTS {
        let path = around.file(client, WHERE).unwrap();
        assert_eq!(path.starts_with(&around.config), by_xdg.contains(&client.id), "{path:?}");
    }
}
