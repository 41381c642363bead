use std::path::Path;

use super::is_patch;
use crate::config::load::merge_with_remarks;
use crate::config::source::Text;
use crate::keys::tree::{Table, Value};

const BASE: &str = "\
[servers.a]
command = \"a\"
env = { A = \"1\", B = \"2\" }
args = [\"x\", \"y\"]

[servers.b]
command = \"b\"
";

fn merged(patch: &str) -> Result<(Table, Vec<String>), Vec<String>> {
    let text = |path: &str, text: &str| Text { path: path.into(), text: text.to_owned() };
    // Whatever comes first.
    let texts = [text("/c/patch.d/servers.a.toml", patch), text("/c/config.toml", BASE)];
    let mut remarks = Vec::new();
    let lines = |all: Vec<_>| all.iter().map(ToString::to_string).collect::<Vec<String>>();
    match merge_with_remarks(&texts, &mut remarks) {
        Ok(table) => Ok((table, lines(remarks))),
        Err(complaints) => Err(lines(complaints)),
    }
}

fn json(table: &Table, path: &[&str]) -> String {
    let mut node = table.get(path[0]).unwrap();
    for name in &path[1..] {
        let Value::Table(inner) = &node.value else { panic!("{name}") };
        node = inner.get(*name).unwrap();
    }
    node.json().unwrap().to_string()
}

#[test]
fn what_is_meant_is_changed_and_nothing_else() {
    let (table, remarks) = merged("[servers.a]\nargs = [\"z\"]\nenv = { B = \"3\" }\n").unwrap();
    assert!(remarks.is_empty(), "{remarks:?}");
    assert_eq!(
        json(&table, &["servers", "a"]),
        r#"{"args":["z"],"command":"a","env":{"A":"1","B":"3"}}"#
    );
    assert_eq!(json(&table, &["servers", "b"]), r#"{"command":"b"}"#);
    let Value::Table(servers) = &table["servers"].value else { panic!() };
    let Value::Table(a) = &servers["a"].value else { panic!() };
    assert!(a["args"].at.to_string().starts_with("/c/patch.d/servers.a.toml:2"), "its place");
    assert!(a["command"].at.to_string().starts_with("/c/config.toml:2"));
}

#[test]
fn what_is_unset_was_never_written() {
    let (table, _) = merged("unset = [\"servers.a.env.A\", \"servers.a.args\"]\n").unwrap();
    assert_eq!(json(&table, &["servers", "a"]), r#"{"command":"a","env":{"B":"2"}}"#);
    let (table, remarks) =
        merged("unset = [\"servers.a\", \"servers.gone.env\", \"servers.'a.b'\"]\n").unwrap();
    assert_eq!(json(&table, &["servers"]), r#"{"b":{"command":"b"}}"#);
    assert!(remarks.is_empty());
}

#[test]
fn what_is_about_nothing_is_told_and_stops_nothing() {
    let (table, remarks) = merged("[servers.gone]\nenabled = false\n").unwrap();
    assert_eq!(json(&table, &["servers", "b"]), r#"{"command":"b"}"#);
    assert!(!json(&table, &["servers"]).contains("gone"));
    assert!(remarks[0].starts_with("/c/patch.d/servers.a.toml:1"), "{remarks:?}");
}

#[test]
fn anything_else_is_refused() {
    for (text, words) in [
        ("list_timeout = \"1m\"\n", "a patch file has `unset`"),
        ("[access.limits]\nx = 1\n", "a patch file has `unset`"),
        ("servers = 1\n", "a patch file has `unset`"),
        ("unset = \"servers.a\"\n", "a list of paths"),
        ("unset = [\"servers\"]\n", "a list of paths"),
        ("unset = [\"access.rules\"]\n", "a list of paths"),
        ("unset = [\"servers..a\"]\n", "a list of paths"),
    ] {
        let complaints = merged(text).unwrap_err();
        assert!(complaints[0].contains(words), "{text}: {complaints:?}");
    }
    // What it makes of a section is judged as if it were written there.
    let (table, _) = merged("[servers]\na = 1\n").unwrap();
    assert_eq!(json(&table, &["servers", "a"]), "1");
}

#[test]
fn a_patch_file_is_known_by_its_directory() {
    for (path, is) in [("/c/patch.d/a.toml", true), ("/c/conf.d/a.toml", false), ("a.toml", false)]
    {
        assert_eq!(is_patch(Path::new(path)), is, "{path}");
    }
}
