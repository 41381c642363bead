use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Catalog, NotFound, NotLocated, OwnTools};
use crate::base::ServerName;
use crate::config::model::ToolNames;
use crate::servers::{Offer, Server};
use crate::wire::{Era, ListKind};

fn server(
    name: &str,
    tools: &[&str],
    change: impl FnOnce(&mut crate::config::ServerConfig),
) -> Server {
    let mut config =
        (*crate::config::load::inline(&["x".into()], None).unwrap().servers["default"]).clone();
    config.prefix = None;
    change(&mut config);
    let definition = |name: &&str| format!(r#"{{"inputSchema":{{}},"name":"{name}","x":1e400}}"#);
    let page =
        format!(r#"{{"tools":[{}]}}"#, tools.iter().map(definition).collect::<Vec<_>>().join(","));
    let offer = Offer::from_pages(&[(ListKind::Tools, &page)]);
    Server::fixed(ServerName::parse(name).unwrap(), Arc::new(config), offer)
}

fn catalog(servers: Vec<Server>) -> Catalog {
    let servers: BTreeMap<_, _> =
        servers.into_iter().map(|server| (server.name.clone(), server)).collect();
    Catalog::build(&servers, &crate::config::load::empty(), &OwnTools::default())
}

fn found(catalog: &Catalog, name: &str) -> String {
    match catalog.tools.resolve(name) {
        Ok(entry) => format!("{}/{}", entry.server.name, entry.item.name),
        Err(NotFound::Unknown { nearest }) => {
            format!("none, near {}", nearest.as_deref().unwrap_or("nothing"))
        }
        Err(NotFound::Ambiguous(names)) => format!("one of {}", names.join(" ")),
    }
}

fn shown(catalog: &Catalog) -> Vec<&str> {
    catalog.tools.entries().iter().map(|entry| &*entry.shown).collect()
}

#[test]
fn names_are_prefixed_sorted_and_resolved() {
    let catalog = catalog(vec![
        server("git", &["status", "log"], |_| {}),
        server("fs", &["read", "log"], |config| config.prefix = Some("files".into())),
        server("bare", &["now"], |config| config.prefix = Some(String::new())),
    ]);
    assert_eq!(shown(&catalog), ["files__log", "files__read", "git__log", "git__status", "now"]);
    assert_eq!(
        catalog.shown(ListKind::Tools, None).list,
        r#"[{"inputSchema":{},"name":"files__log","x":1e400},{"inputSchema":{},"name":"files__read","x":1e400},{"inputSchema":{},"name":"git__log","x":1e400},{"inputSchema":{},"name":"git__status","x":1e400},{"inputSchema":{},"name":"now","x":1e400}]"#
    );
    for (name, expected) in [
        ("git__log", "git/log"),
        ("files__log", "fs/log"),
        ("fs__log", "fs/log"),
        ("bare__now", "bare/now"),
        ("now", "bare/now"),
        ("read", "fs/read"),
        ("log", "one of files__log git__log"),
        ("git__statsu", "none, near git__status"),
        ("entirely_different", "none, near nothing"),
        ("", "none, near nothing"),
    ] {
        assert_eq!(found(&catalog, name), expected, "{name}");
    }
}

#[test]
fn only_listed_tools_are_there_and_aliases_rename() {
    let catalog =
        catalog(vec![server("gh", &["search_code", "get_a", "get_b", "delete"], |config| {
            config.tools = ToolNames::new(vec!["search_code".into(), "get_*".into()]);
            config.aliases = BTreeMap::from([("search_code".into(), "find".into())]);
        })]);
    assert_eq!(shown(&catalog), ["gh__find", "gh__get_a", "gh__get_b"]);
    assert_eq!(found(&catalog, "gh__search_code"), "gh/search_code");
    assert_eq!(found(&catalog, "gh__delete"), "none, near nothing");
    assert_eq!(found(&catalog, "delete"), "none, near nothing");
}

#[test]
fn tools_that_would_share_a_name_both_give_way() {
    let bare = |config: &mut crate::config::ServerConfig| config.prefix = Some(String::new());
    let catalog = catalog(vec![server("a", &["log", "x"], bare), server("b", &["log", "y"], bare)]);
    assert_eq!(shown(&catalog), ["a__log", "b__log", "x", "y"]);
    assert_eq!(found(&catalog, "log"), "one of a__log b__log");
}

#[test]
fn the_list_does_not_depend_on_the_servers_order() {
    let one = catalog(vec![server("s", &["b", "a", "c"], |_| {})]);
    let other = catalog(vec![server("s", &["c", "b", "a"], |_| {})]);
    let list = |catalog: &Catalog| catalog.shown(ListKind::Tools, None).list.clone();
    assert_eq!(list(&one), list(&other));
    let modern = one.shown(ListKind::Tools, None).page(None, Era::Modern).unwrap();
    let modern: serde_json::Value =
        serde_json::from_slice(&modern.replace(b"1e400", b"1")).unwrap();
    assert_eq!(
        (&modern["resultType"], &modern["cacheScope"]),
        (&"complete".into(), &"private".into())
    );
}

fn with_resources(name: &str, uris: &[&str], templates: &[&str]) -> Server {
    let config =
        crate::config::load::inline(&["x".into()], None).unwrap().servers["default"].clone();
    let page = |member: &str, key: &str, of: &[&str]| {
        let items: Vec<String> =
            of.iter().map(|uri| format!(r#"{{"{key}":"{uri}","name":"n"}}"#)).collect();
        format!(r#"{{"{member}":[{}]}}"#, items.join(","))
    };
    let mut offer = Offer::from_pages(&[
        (ListKind::Resources, &page("resources", "uri", uris)),
        (ListKind::Templates, &page("resourceTemplates", "uriTemplate", templates)),
    ]);
    offer.capabilities = Arc::new(crate::wire::ServerCapabilities::parse(r#"{"resources":{}}"#));
    Server::fixed(ServerName::parse(name).unwrap(), config, offer)
}

#[test]
fn a_uri_leads_to_its_server() {
    let catalog = catalog(vec![
        with_resources("a", &["file:///x", "file:///both"], &["note://{id}"]),
        with_resources("b", &["db://t", "file:///both"], &["db://{table}/{row}"]),
    ]);
    let check = |uri: &str, expected: Result<(&str, &str), &[&str]>| {
        let found = catalog.uris.locate(uri);
        let found = found.as_ref().map(|at| (at.server.name.as_str(), at.uri));
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{uri}"),
            (Err(NotLocated::Shared(shown)), Err(expected)) => {
                assert_eq!(shown.iter().map(|uri| &**uri).collect::<Vec<_>>(), expected, "{uri}");
            }
            (Err(NotLocated::Unknown), Err([])) => {}
            (found, _) => panic!("{uri}: {found:?}"),
        }
    };
    check("file:///x", Ok(("a", "file:///x")));
    check("note://7", Ok(("a", "note://7")));
    check("db://t/1", Ok(("b", "db://t/1")));
    check("db://elsewhere", Ok(("b", "db://elsewhere")));
    check("file:///both", Err(&["callmux://a/file:///both", "callmux://b/file:///both"]));
    check("callmux://b/file:///both", Ok(("b", "file:///both")));
    check("callmux://a/file:///x", Ok(("a", "file:///x")));
    check("callmux://c/file:///x", Err(&[]));
    check("http://unknown", Err(&[]));
    check("", Err(&[]));
    let list = &catalog.shown(ListKind::Resources, None).list;
    assert!(memchr::memmem::find(list, br#""uri":"callmux://b/file:///both""#).is_some());
}

#[test]
fn a_long_list_comes_in_pages_that_a_change_does_not_break() {
    let names: Vec<String> = (0..2500).map(|n| format!("t{n:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let read = |catalog: &Catalog, cursor: Option<&str>| {
        let page = catalog.shown(ListKind::Tools, None).page(cursor, Era::Legacy).unwrap();
        let page: serde_json::Value =
            serde_json::from_slice(&page.replace(b"1e400", b"1")).unwrap();
        let first = page["tools"][0]["name"].as_str().unwrap().to_owned();
        let next = page.get("nextCursor").map(ToString::to_string);
        (first, page["tools"].as_array().unwrap().len(), next)
    };
    let before = catalog(vec![server("s", &names, |_| {})]);
    let after = catalog(vec![server("s", &names[500..], |_| {})]);
    let (first, count, next) = read(&before, None);
    assert_eq!((first.as_str(), count), ("s__t0000", 1000));
    let (first, count, last) = read(&after, next.as_deref());
    assert_eq!((first.as_str(), count), ("s__t1000", 1000));
    assert_eq!(read(&before, last.as_deref()), ("s__t2000".into(), 500, None));
    for wrong in ["7", "\"\"", "\"x\"", "\"YWJj\""] {
        assert!(
            before.shown(ListKind::Tools, None).page(Some(wrong), Era::Modern).is_err(),
            "{wrong}"
        );
    }
}

trait Replace {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl Replace for bytes::Bytes {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(self);
        text.replace(std::str::from_utf8(from).unwrap(), std::str::from_utf8(to).unwrap())
            .into_bytes()
    }
}
