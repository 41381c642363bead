use std::collections::BTreeSet;

use super::{Change, Keeper, Offered, PinKind, Pinned, Store};
use crate::base::{ServerName, file};

const TOOL: &str = r#"{"name":"t","title":"T","description":"d","inputSchema":{"type":"object","properties":{"a":{"type":"string"},"b":{}}},"annotations":{"readOnlyHint":true},"_meta":{"n":1}}"#;

/// Which parts differ from those of [`TOOL`].
fn differing(text: &str) -> Vec<&'static str> {
    let (was, is) = (Pinned::of(PinKind::Tool, TOOL), Pinned::of(PinKind::Tool, text));
    let parts = was.differing(&is);
    assert_eq!(was.digest == is.digest, parts.is_empty(), "{text}");
    assert_eq!(was.is_same(PinKind::Tool, text), parts.is_empty(), "{text}");
    parts
}

#[test]
fn what_means_the_same_is_the_same_and_nothing_else_is() {
    let with = |from: &str, to: &str| {
        assert!(TOOL.contains(from), "{from}");
        TOOL.replacen(from, to, 1)
    };
    for same in [
        TOOL.to_owned(),
        r#" { "_meta": {"n": 2}, "annotations": {"readOnlyHint": true}, "inputSchema": {"properties":
            {"b": {}, "a": {"type": "string"}}, "type": "object"}, "description": "\u0064", "title": "T", "name": "t" }"#
            .to_owned(),
        with(r#","_meta":{"n":1}"#, ""),
    ] {
        assert_eq!(differing(&same), [""; 0], "{same}");
    }
    for (other, parts) in [
        (with(r#""d""#, r#""d ""#), vec!["description"]),
        (with(r#""d""#, r#""d\u200b""#), vec!["description"]),
        // A Cyrillic letter that looks like the other.
        (with(r#""d""#, r#""ԁ""#), vec!["description"]),
        (with(r#""T""#, r#""t""#), vec!["description"]),
        (with(r#","description":"d""#, ""), vec!["description"]),
        (with(r#""b":{}"#, r#""b":{"description":"x"}"#), vec!["schema"]),
        (with(r#","annotations""#, r#","outputSchema":{},"annotations""#), vec!["schema"]),
        (with("true", "false"), vec!["annotations"]),
        (with(r#","_meta""#, r#","execution":{},"_meta""#), vec!["rest"]),
        (with(r#"{"n":1}}"#, r#"{"n":1},"x":1.0}"#), vec!["rest"]),
        // Who takes the first of two members reads another text.
        (
            with(r#""description":"d""#, r#""description":"e","description":"d""#),
            vec!["description"],
        ),
        (with("d\",", "e\",").replace("true", "false"), vec!["description", "annotations"]),
    ] {
        assert_eq!(differing(&other), parts, "{other}");
    }
    let text = |text: &str| Pinned::of(PinKind::Instructions, text).digest;
    assert_ne!(text("{}"), text("{} "));
    assert_eq!(Pinned::of(PinKind::Tool, "{}").digest.len(), 64);
}

#[test]
fn numbers_keep_their_digits_and_lists_their_order() {
    let digest = |schema: &str| {
        let text = format!(r#"{{"name":"t","inputSchema":{schema}}}"#);
        Pinned::of(PinKind::Tool, &text).digest
    };
    let schemas =
        [r#"{"a":1}"#, r#"{"a":1.0}"#, r#"{"a":1e400}"#, r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#];
    let digests: BTreeSet<String> = schemas.iter().map(|schema| digest(schema)).collect();
    assert_eq!(digests.len(), schemas.len());
}

struct Server {
    keeper: Keeper,
    path: std::path::PathBuf,
    _dir: tempfile::TempDir,
}

fn tool(description: &str) -> String {
    format!(r#"{{"name":"x","description":"{description}","inputSchema":{{}}}}"#)
}

impl Server {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keeper = Store::below(Some(dir.path())).of(&ServerName::parse("s").unwrap());
        Self { keeper, path: dir.path().join("pins/s.json"), _dir: dir }
    }

    /// It offers these tools: name and description. What differs, and what is told.
    fn offers(&self, tools: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let texts: Vec<String> = tools.iter().map(|(_, description)| tool(description)).collect();
        let offered: Vec<Offered<'_>> = tools
            .iter()
            .zip(&texts)
            .map(|((name, _), text)| Offered { kind: PinKind::Tool, name, text })
            .collect();
        let looked = self.keeper.look(&offered, &PinKind::ALL);
        let moved = looked.moved.iter().map(|(_, name, change)| format!("{name}: {change}"));
        let told = looked.told.iter().map(|it| format!("{}: {}", it.name, it.change));
        (moved.collect(), told.chain(looked.trouble).collect())
    }

    #[track_caller]
    fn check(&self, tools: &[(&str, &str)], moved: &[&str], told: &[&str]) {
        let (are, were_told) = self.offers(tools);
        assert_eq!(are, moved);
        assert_eq!(were_told, told);
    }
}

#[test]
fn what_changes_is_told_once_and_differs_until_it_is_accepted() {
    let server = Server::new();
    // Nobody could have looked at nothing.
    server.check(&[], &[], &[]);
    assert!(!server.path.exists());
    let first = [("a", "1"), ("b", "1")];
    server.check(&first, &[], &[]);
    server.check(&first, &[], &[]);
    let changed = [("a", "2"), ("b", "1")];
    server.check(&changed, &["a: another description"], &["a: another description"]);
    server.check(&changed, &["a: another description"], &[]);
    // There and back is no news.
    server.check(&first, &[], &[]);
    server.check(&changed, &["a: another description"], &[]);
    let third = [("a", "3"), ("b", "1"), ("c", "1")];
    let (a, c) = ("a: another description", "c: new");
    server.check(&third, &[a, c], &[a, c]);
    server.check(&third, &[a, c], &[]);
    let accepted = server.keeper.accept(&["a".to_owned()]).unwrap();
    assert_eq!(accepted.len(), 1);
    server.check(&third, &[c], &[]);
    server.keeper.accept(&[]).unwrap();
    server.check(&third, &[], &[]);
    assert_eq!(server.keeper.accept(&[]).unwrap(), []);
    // It is measured with what was accepted last.
    server.check(&changed, &[a], &[a, "c: gone"]);
    let error = server.keeper.accept(&["a".to_owned(), "none".to_owned()]).unwrap_err();
    assert_eq!(error.to_string(), "server s has nothing called none");
}

#[test]
fn what_is_gone_is_told_and_its_return_is_not() {
    let server = Server::new();
    server.check(&[("a", "1"), ("b", "1")], &[], &[]);
    server.check(&[("a", "1")], &[], &["b: gone"]);
    server.check(&[("a", "1")], &[], &[]);
    server.check(&[("a", "1"), ("b", "1")], &[], &[]);
    server.check(&[("a", "1")], &[], &[]);
    // Another of that name is no return.
    server.check(
        &[("a", "1"), ("b", "2")],
        &["b: another description"],
        &["b: another description"],
    );
    server.check(&[("a", "1")], &[], &[]);
    let accepted = server.keeper.accept(&[]).unwrap();
    assert_eq!((accepted[0].name.as_str(), &accepted[0].change), ("b", &Change::Gone));
    server.check(&[("a", "1"), ("b", "1")], &["b: new"], &["b: new"]);
}

#[test]
fn a_damaged_file_lets_nothing_pass() {
    let server = Server::new();
    server.check(&[("a", "1")], &[], &[]);
    file::replace(&server.path, b"{").unwrap();
    let (moved, told) = server.offers(&[("a", "1")]);
    assert_eq!(moved, ["a: new"]);
    assert!(told[0].starts_with("what was accepted of server s cannot be read"), "{told:?}");
    assert_eq!(told.len(), 1);
    server.check(&[("a", "1")], &["a: new"], &[]);
    server.keeper.accept(&[]).unwrap();
    server.check(&[("a", "1")], &[], &[]);
}

#[test]
fn an_item_is_meant_by_its_name_or_by_its_kind_and_name() {
    let server = Server::new();
    let offered = |kind, name| Offered { kind, name, text: r#"{"name":"x"}"# };
    let all = [
        offered(PinKind::Tool, "x"),
        offered(PinKind::Prompt, "x"),
        offered(PinKind::Tool, "instructions"),
        offered(PinKind::Instructions, ""),
    ];
    server.keeper.look(&all, &PinKind::ALL);
    let book = server.keeper.read().unwrap().unwrap();
    for (word, count) in
        [("x", 2), ("tool:x", 1), ("prompt:x", 1), ("instructions", 2), ("tool:y", 0), ("", 0)]
    {
        assert_eq!(book.pins().filter(|pin| pin.is_called(word)).count(), count, "{word}");
    }
}

/// A program and a daemon change the file at the same time.
#[test]
fn nothing_is_lost_where_several_write() {
    let server = Server::new();
    let names: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    server.check(&[("first", "1")], &[], &[]);
    std::thread::scope(|scope| {
        for name in &names {
            let server = &server;
            scope.spawn(move || {
                let text = tool("1");
                let offered = [Offered { kind: PinKind::Tool, name, text: &text }];
                server.keeper.look(&offered, &[]);
            });
        }
    });
    let book = server.keeper.read().unwrap().unwrap();
    assert_eq!(book.pins().count(), names.len() + 1);
}
