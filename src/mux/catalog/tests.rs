use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Catalog, NotFound};
use crate::base::ServerName;
use crate::config::model::ToolNames;
use crate::servers::Server;
use crate::servers::tools::ToolList;

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
    let list = ToolList::from_page(&page);
    Server::fixed(ServerName::parse(name).unwrap(), Arc::new(config), list)
}

fn catalog(servers: Vec<Server>) -> Catalog {
    let servers: BTreeMap<_, _> =
        servers.into_iter().map(|server| (server.name.clone(), server)).collect();
    Catalog::build(&servers)
}

fn found(catalog: &Catalog, name: &str) -> String {
    match catalog.resolve(name) {
        Ok(entry) => format!("{}/{}", entry.server.name, entry.tool.name),
        Err(NotFound::Unknown { nearest }) => {
            format!("none, near {}", nearest.as_deref().unwrap_or("nothing"))
        }
        Err(NotFound::Ambiguous(names)) => format!("one of {}", names.join(" ")),
    }
}

fn shown(catalog: &Catalog) -> Vec<&str> {
    catalog.entries.iter().map(|entry| &*entry.shown).collect()
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
        catalog.list,
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
    assert_eq!(one.list, other.list);
    let modern: serde_json::Value =
        serde_json::from_slice(&one.modern_result.replace(b"1e400", b"1")).unwrap();
    assert_eq!(
        (&modern["resultType"], &modern["cacheScope"]),
        (&"complete".into(), &"private".into())
    );
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
