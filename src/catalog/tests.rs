use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Catalog, NotFound, NotLocated, OwnTool, OwnTools};
use crate::base::ServerName;
use crate::servers::{Offer, Server};
use crate::settings::name_patterns::NamePatterns;
use crate::settings::{Config, Exposure, ServerConfig, sample};
use crate::wire::{Era, ListKind};

fn server(name: &str, tools: &[&str], change: impl FnOnce(&mut ServerConfig)) -> Server {
    let mut config = sample::server(&["x"]);
    change(&mut config);
    let definition =
        |name: &&str| format!(r#"{{"inputSchema":{{"type":"object"}},"name":"{name}","x":1e400}}"#);
    let page =
        format!(r#"{{"tools":[{}]}}"#, tools.iter().map(definition).collect::<Vec<_>>().join(","));
    let offer = Offer::from_pages(&[(ListKind::Tools, &page)]);
    Server::fixed(ServerName::parse(name).unwrap(), Arc::new(config), offer)
}

/// A config in which all tools are listed, however many.
fn config() -> Config {
    let mut config = sample::config();
    config.everybody.exposure = Exposure::Full;
    config
}

fn catalog(servers: Vec<Server>) -> Catalog {
    let servers: BTreeMap<_, _> =
        servers.into_iter().map(|server| (server.name.clone(), server)).collect();
    Catalog::build(&servers, &config(), &OwnTools::default(), None)
}

fn found(catalog: &Catalog, name: &str) -> String {
    match catalog.tools.resolve(name, |_| true) {
        Ok(entry) => format!("{}/{}", entry.server.name, entry.item.name),
        Err(NotFound::Unknown) => {
            let nearest = catalog.tools.nearest(name, |_| true);
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
        server("fs", &["read", "log"], |config| config.policy.prefix = Some("files".into())),
        server("bare", &["now"], |config| config.policy.prefix = Some(String::new())),
    ]);
    assert_eq!(shown(&catalog), ["files__log", "files__read", "git__log", "git__status", "now"]);
    assert_eq!(
        catalog.shown(ListKind::Tools, None).text(),
        r#"[{"inputSchema":{"type":"object"},"name":"files__log","x":1e400},{"inputSchema":{"type":"object"},"name":"files__read","x":1e400},{"inputSchema":{"type":"object"},"name":"git__log","x":1e400},{"inputSchema":{"type":"object"},"name":"git__status","x":1e400},{"inputSchema":{"type":"object"},"name":"now","x":1e400}]"#
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
            config.policy.tools = NamePatterns::new(vec!["search_code".into(), "get_*".into()]);
            config.policy.aliases = BTreeMap::from([("search_code".into(), "find".into())]);
        })]);
    assert_eq!(shown(&catalog), ["gh__find", "gh__get_a", "gh__get_b"]);
    assert_eq!(found(&catalog, "gh__search_code"), "gh/search_code");
    assert_eq!(found(&catalog, "gh__delete"), "none, near nothing");
    assert_eq!(found(&catalog, "delete"), "none, near nothing");
}

#[test]
fn tools_that_would_share_a_name_both_give_way() {
    let bare = |config: &mut ServerConfig| config.policy.prefix = Some(String::new());
    let catalog = catalog(vec![server("a", &["log", "x"], bare), server("b", &["log", "y"], bare)]);
    assert_eq!(shown(&catalog), ["a__log", "b__log", "x", "y"]);
    assert_eq!(found(&catalog, "log"), "one of a__log b__log");
}

#[test]
fn the_list_does_not_depend_on_the_servers_order() {
    let one = catalog(vec![server("s", &["b", "a", "c"], |_| {})]);
    let other = catalog(vec![server("s", &["c", "b", "a"], |_| {})]);
    let list = |catalog: &Catalog| catalog.shown(ListKind::Tools, None).text();
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
    let config = Arc::new(sample::server(&["x"]));
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
    let list = catalog.shown(ListKind::Resources, None).text();
    assert!(list.contains(r#""uri":"callmux://b/file:///both""#));
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

/// Two that a fingerprint of 32 bits does not tell apart where the server is called `b`, and what the one
/// is shortened to.
const ALIKE: [&str; 3] = [
    "llllllllllllllllllllllllllllllllllllllllllllllllll16809",
    "llllllllllllllllllllllllllllllllllllllllllllllllll148900",
    "llllllllllllllllllllllllllllllllllllll_331ca619",
];

#[test]
fn names_that_shortening_makes_the_same_get_a_longer_mark() {
    let two = catalog(vec![server("b", &ALIKE[..2], |_| {})]);
    let names = shown(&two);
    assert!(names.len() == 2 && names[0] != names[1] && names[0].len() == 50, "{names:?}");
    for name in ALIKE {
        let alone = catalog(vec![server("b", &[name], |_| {})]);
        assert_eq!(shown(&alone), ["b__llllllllllllllllllllllllllllllllllllll_331ca619"], "{name}");
    }
    let three = catalog(vec![server("b", &ALIKE, |_| {})]);
    assert_eq!(found(&three, &format!("b__{}", ALIKE[2])), format!("b/{}", ALIKE[2]));
    assert_eq!(found(&three, &format!("b__{}", ALIKE[0])), format!("b/{}", ALIKE[0]));
    // One that is made to be the same as the longer mark of another is not shown.
    let made: Vec<&str> = names.iter().map(|name| &name["b__".len()..]).collect();
    let made = [ALIKE[0], ALIKE[1], made[0], made[1]];
    let made = catalog(vec![server("b", &made, |_| {})]);
    assert_eq!((shown(&made).len(), made.tools.nameless.len()), (2, 2));
}

#[test]
fn a_name_is_its_owners_whether_that_is_there_or_not() {
    let bare = |config: &mut ServerConfig| config.policy.prefix = Some(String::new());
    let thief = ["git__status", "g__status", "h__x", "status", "callmux_call", "callmux_more"];
    let of = |tools: &[&str]| {
        let git = server("git", tools, |config| config.policy.prefix = Some("g".into()));
        let servers = [server("h", &thief, bare), git];
        let servers = servers.into_iter().map(|server| (server.name.clone(), server)).collect();
        let own =
            OwnTool { name: "callmux_call".into(), definition: "{}".into(), is_recipe: false };
        Catalog::build(&servers, &config(), &OwnTools(vec![own]), None)
    };
    let (away, there) = (of(&[]), of(&["status"]));
    let of_thief =
        ["h__callmux_call", "h__callmux_more", "h__g__status", "h__git__status", "h__h__x"];
    assert_eq!(shown(&away), [&of_thief[..], &["status"]].concat());
    assert_eq!(shown(&there), [&["g__status"], &of_thief[..], &["status"]].concat());
    for name in ["git__status", "g__status", "callmux_call", "callmux_more", "h__x"] {
        assert!(found(&away, name).starts_with("none"), "{name}: {}", found(&away, name));
    }
    assert_eq!(found(&there, "git__status"), "git/status");
}

proptest! {
    /// Whatever servers are called and whatever their tools.
    #[test]
    fn no_name_is_there_twice_and_each_leads_to_its_own(
        servers in proptest::collection::btree_map(
            proptest::sample::select(vec!["a", "b", "ab", "callmux", "p"]),
            (
                proptest::sample::select(vec![None, Some(""), Some("p"), Some("b"), Some("q_")]),
                proptest::collection::btree_set(proptest::sample::select(vec![
                    "log", "a__log", "b__log", "p__log", "_log", "callmux_call", "callmux__log",
                    "callmux_x", "q___log", "a__a__log", ALIKE[0], ALIKE[1], ALIKE[2],
                ]), 0..13),
            ),
            1..5,
        ),
    ) {
        let servers: BTreeMap<_, _> = servers.iter().map(|(name, (prefix, tools))| {
            let tools: Vec<&str> = tools.iter().copied().collect();
            let made = server(name, &tools, |config| config.policy.prefix = prefix.map(str::to_owned));
            (made.name.clone(), made)
        }).collect();
        let own = OwnTool { name: "callmux_call".into(), definition: "{}".into(), is_recipe: false };
        let catalog =
            Catalog::build(&servers, &config(), &OwnTools(vec![own]), None);
        let names = shown(&catalog);
        prop_assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        prop_assert!(!names.contains(&"callmux_call") && !names.contains(&"callmux_x"), "{names:?}");
        for entry in catalog.tools.entries() {
            let found = catalog.tools.resolve(&entry.shown, |_| true).unwrap();
            prop_assert!(std::ptr::eq(found, entry), "{}", entry.shown);
            let first = entry.shown.split_once("__").map_or("", |(first, _)| first);
            let is_others = servers.contains_key(first) && first != entry.server.name.as_str();
            prop_assert!(!is_others, "{} of {}", entry.shown, entry.server.name);
        }
        let all: usize = servers.values().map(|server| {
            server.status().offer.as_ref().unwrap().list(ListKind::Tools).items.len()
        }).sum();
        prop_assert_eq!(names.len() + catalog.tools.nameless.len(), all);
        prop_assert!(catalog.tools.nameless.is_empty(), "only what is made to be the same");
    }

    /// The same for what is known by a URI.
    #[test]
    fn no_uri_is_there_twice_and_each_leads_to_its_own(
        servers in proptest::collection::btree_map(
            proptest::sample::select(vec!["a", "b", "c"]),
            proptest::collection::btree_set(proptest::sample::select(vec![
                "x:1", "x:2", "callmux://a/x:1", "callmux://b/x:1", "CALLMUX://a/x:1",
                "callmux://b/callmux://a/x:1", "callmux:x",
            ]), 0..7),
            1..4,
        ),
        template in proptest::sample::select(vec!["x:{id}", "{+all}", "callmux://a/{+all}"]),
    ) {
        let made = servers.iter().map(|(name, uris)| {
            let uris: Vec<&str> = uris.iter().copied().collect();
            with_resources(name, &uris, &[template])
        });
        let catalog = catalog(made.collect());
        let entries = catalog.entries(ListKind::Resources);
        prop_assert!(entries.windows(2).all(|pair| pair[0].shown < pair[1].shown));
        for entry in entries {
            let found = catalog.uris.locate(&entry.shown).unwrap();
            prop_assert_eq!(&found.server.name, &entry.server.name, "{}", entry.shown);
            prop_assert_eq!(found.uri, &*entry.item.name);
        }
        for entry in catalog.entries(ListKind::Templates) {
            let found = catalog.uris.locate_template(&entry.shown).unwrap();
            prop_assert_eq!((&found.server.name, found.uri), (&entry.server.name, &*entry.item.name));
        }
    }
}

#[test]
fn a_uri_that_fits_templates_of_several_is_nobodys() {
    let one = with_resources("a", &[], &["file:///{+path}"]);
    let other = with_resources("b", &["file:///b"], &["file:///secret"]);
    let catalog = catalog(vec![one, other]);
    let found = |uri: &str| catalog.uris.locate(uri).map(|at| at.server.name.to_string());
    assert_eq!(found("file:///x"), Ok("a".to_owned()));
    assert_eq!(found("file:///b"), Ok("b".to_owned()), "it is listed");
    let both = ["callmux://a/file:///secret".into(), "callmux://b/file:///secret".into()];
    assert_eq!(found("file:///secret"), Err(NotLocated::Shared(both.to_vec())));
    assert_eq!(found("callmux://a/file:///secret"), Ok("a".to_owned()));
}

#[test]
fn one_servers_templates_take_no_time_from_anothers() {
    let greedy: Vec<String> = (0..300).map(|n| format!("{}{n}", "{+a}x".repeat(1000))).collect();
    let greedy: Vec<&str> = greedy.iter().map(String::as_str).collect();
    let servers = vec![with_resources("a", &[], &greedy), with_resources("b", &[], &["x:{+y}"])];
    let catalog = catalog(servers);
    let uri = format!("x:{}", "y".repeat(8000));
    assert_eq!(catalog.uris.locate(&uri).unwrap().server.name.as_str(), "b");
}

#[test]
fn what_there_is_no_room_for_is_taken_from_who_has_most() {
    let words = "w".repeat(3000);
    let many: Vec<String> = (0..4000).map(|n| format!("t{n:04}{words}")).collect();
    let uris = |scheme: &str| many.iter().map(|uri| format!("{scheme}:{uri}")).collect::<Vec<_>>();
    let of = |name: &str, uris: &[String]| {
        let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
        with_resources(name, &uris, &[])
    };
    let small = of("z", &["z:1".to_owned()]);
    let names = ["a", "b", "c", "d", "e", "f"];
    let greedy = names.map(|name| of(name, &uris(name)));
    let two = catalog(greedy[..2].to_vec());
    assert!(two.left_out.is_empty(), "{:?}", two.left_out);
    let all = catalog(greedy.into_iter().chain([small]).collect());
    let left_out: Vec<(&str, usize)> =
        all.left_out.iter().map(|it| (it.server.as_str(), it.of)).collect();
    let of = all.left_out[0].of;
    assert_eq!(left_out, names.map(|name| (name, of)));
    let listed = all.entries(ListKind::Resources);
    assert_eq!(listed.last().unwrap().server.name.as_str(), "z");
    let size: usize = listed.iter().map(|entry| entry.item.definition.len()).sum();
    assert!((34 << 20..40 << 20).contains(&size), "{size}");
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
