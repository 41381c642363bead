use std::collections::HashSet;

use super::item::Item;

use super::Offer;
use super::list::{Building, ITEMS_MAX, List};
use crate::definitions::Remark;
use crate::definitions::TEXT_MAX;
use crate::wire::ListKind::{self, Resources, Templates, Tools};
use crate::wire::ServerCapabilities;

fn list(kind: ListKind, page: &str) -> List {
    let mut building = Building::new(kind);
    building.add_page(page).unwrap();
    building.finish()
}

fn tools(definitions: impl Iterator<Item = String>) -> List {
    let page = format!(r#"{{"tools":[{}]}}"#, definitions.collect::<Vec<_>>().join(","));
    list(Tools, &page)
}

fn read(kind: ListKind, definition: &str) -> Result<(Item, Option<Remark>), Remark> {
    Item::read(kind, definition, &mut HashSet::new())
}

fn names(list: &List) -> Vec<&str> {
    list.items.iter().map(|item| &*item.name).collect()
}

#[test]
fn one_bad_definition_spoils_no_other() {
    let page = r#"{"tools":[
        {"name":"good","inputSchema":{"type":"object"},"x-unknown":1e400},
        {"inputSchema":{"type":"object"}}, {"name":7,"inputSchema":{"type":"object"}}, {"name":"no schema"}, 7,
        {"name":"bool","inputSchema":true}, {"name":"","inputSchema":{"type":"object"}},
        {"name":"good","inputSchema":{"type":"object"}},
        {"name":"out","inputSchema":{"type":"object"},"outputSchema":{}}
    ],"nextCursor":"c\"2"}"#;
    let mut list = Building::new(Tools);
    assert_eq!(list.add_page(page).unwrap().as_deref(), Some(r#""c\"2""#));
    let list = list.finish();
    assert_eq!(names(&list), ["good", "out"]);
    assert!(list.items[0].definition.contains("1e400") && list.items[1].has_output_schema);
    assert_eq!(list.refused.count(), 7, "{:?}", list.refused);
}

#[test]
fn a_tool_with_wrong_headers_is_left_out_alone() {
    let page = r#"{"tools":[
        {"name":"none","inputSchema":{"type":"object"}},
        {"name":"good","inputSchema":{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A"}}}},
        {"name":"bad","inputSchema":{"type":"object","properties":{"a":{"type":"number","x-mcp-header":"A"}}}}
    ]}"#;
    let mut list = list(Tools, page);
    let mirrors = list.take_mirrors();
    assert_eq!(mirrors.keys().map(|name| &**name).collect::<Vec<_>>(), ["good"]);
    assert_eq!((names(&list), list.refused.count()), (vec!["none", "good"], 1));
}

#[test]
fn a_wrong_page_is_an_error() {
    for page in ["[]", "{}", r#"{"tools":{}}"#, r#"{"tools":[],"nextCursor":7}"#] {
        assert!(Building::new(Tools).add_page(page).is_err(), "{page}");
    }
    let last = r#"{"tools":[],"nextCursor":null}"#;
    assert_eq!(Building::new(Tools).add_page(last).unwrap(), None);
}

#[test]
fn names_are_those_that_models_take() {
    let check = |kind, json: &str, expected: Result<(), &str>| match (read(kind, json), expected) {
        (Ok(_), Ok(())) => {}
        (Err(bad), Err(expected)) => assert_eq!(bad.reason, expected),
        (found, expected) => panic!("{json}: {found:?} instead of {expected:?}"),
    };
    let tool = |name: &str| format!(r#"{{"name":"{name}","inputSchema":{{"type":"object"}}}}"#);
    check(Tools, &tool("A.b-c_9"), Ok(()));
    check(Tools, &tool(&"x".repeat(128)), Ok(()));
    check(Tools, &tool(&"x".repeat(129)), Err("its name must have 1 to 128 characters"));
    let space = "its name contains ' '; allowed are A-Z, a-z, 0-9, _, - and .";
    check(Tools, &tool("a b"), Err(space));
    check(Resources, r#"{"uri":"file:///a b/ü"}"#, Ok(()));
    check(Resources, r#"{"name":"x"}"#, Err("it has no uri"));
    check(Templates, r#"{"uriTemplate":"a:{b}"}"#, Ok(()));
    check(Templates, r#"{"uriTemplate":"\n"}"#, Err("its uriTemplate contains '\\n'"));
}

#[test]
fn a_list_holds_as_long_as_its_shortest_page() {
    let mut list = Building::new(Tools);
    for page in
        [r#"{"tools":[],"ttlMs":500}"#, r#"{"tools":[],"ttlMs":70}"#, r#"{"tools":[],"ttlMs":1.5}"#]
    {
        list.add_page(page).unwrap();
    }
    assert_eq!(list.finish().ttl_ms, Some(70));
}

#[test]
fn a_list_is_cut_where_it_has_too_many_definitions() {
    let tool = |n: usize| format!(r#"{{"name":"t{n}","inputSchema":{{"type":"object"}}}}"#);
    let whole = tools((0..ITEMS_MAX).map(tool));
    assert_eq!((whole.items.len(), &whole.cut, whole.complaint(Tools)), (ITEMS_MAX, &None, None));
    let cut = tools((0..ITEMS_MAX + 7).map(tool));
    assert_eq!((names(&cut)[0], names(&cut)[ITEMS_MAX - 1]), ("t0", "t9999"));
    assert_eq!(cut.items.len(), ITEMS_MAX);
    assert!(cut.cut.as_deref().unwrap().starts_with("of its 10007 tools 10000 are shown: "));
    assert_eq!(cut.refused.count(), 0, "nothing is wrong with those that are left out");
    // As does a list of wrong ones, and one whose pages have no end.
    let wrong = tools((0..ITEMS_MAX + 7).map(|_| "7".to_owned()));
    assert_eq!((wrong.refused.count(), wrong.refused.first().len()), (ITEMS_MAX, 10));
    assert!(wrong.complaint(Tools).unwrap().len() < 4_000);
    let mut pages = Building::new(Tools);
    let page = |n: usize| {
        let tools: Vec<String> = (n * 1000..(n + 1) * 1000).map(tool).collect();
        format!(r#"{{"tools":[{}],"nextCursor":"{n}"}}"#, tools.join(","))
    };
    let read = (0..=ITEMS_MAX).find(|n| pages.add_page(&page(*n)).unwrap().is_none()).unwrap();
    assert_eq!(read + 1, ITEMS_MAX / 1000);
    let cut = pages.finish();
    let why = "its tools/list is read no further than 10000 tools: a list has at most";
    assert!(cut.cut.as_deref().unwrap().starts_with(why), "{:?}", cut.cut);
}

#[test]
fn a_list_is_cut_where_it_has_too_many_bytes() {
    let words = "w".repeat(30_000);
    let large = |n: usize| {
        format!(r#"{{"name":"t{n}","description":"{words}","inputSchema":{{"type":"object"}}}}"#)
    };
    let cut = tools((0..400).map(large));
    let kept: usize = cut.items.iter().map(|item| item.definition.len()).sum();
    assert!((8 << 20..(8 << 20) + 31_000).contains(&kept), "{kept}");
    assert!(
        cut.cut.as_deref().unwrap().starts_with("of its 400 tools 280 are shown"),
        "{:?}",
        cut.cut
    );
    // What is read counts, too, whatever is kept of it.
    let mut pages = Building::new(Tools);
    let wordy = format!(
        r#"{{"name":"w","description":"{}","inputSchema":{{"type":"object"}}}}"#,
        "w".repeat(3 << 20)
    );
    let page = |n: usize| format!(r#"{{"tools":[{wordy}],"nextCursor":"{n}"}}"#);
    let read = (0..=ITEMS_MAX).find(|n| pages.add_page(&page(*n)).unwrap().is_none()).unwrap();
    assert_eq!(read + 1, 6);
    assert!(pages.finish().cut.unwrap().contains("more than 16 MiB"));
    let mut pages = Building::new(Tools);
    let page = format!(r#"{{"tools":[],"nextCursor":"{}"}}"#, "c".repeat(9000));
    assert_eq!(pages.add_page(&page).unwrap(), None);
    assert!(pages.finish().cut.unwrap().ends_with("its cursor has 9002 bytes"));
}

#[test]
fn what_is_too_long_of_a_definition_is_cut_and_the_rest_is_its_own() {
    let check = |definition: &str, expected: Option<&str>| {
        let (item, cut) = read(Tools, definition).unwrap();
        assert_eq!(cut.as_ref().map(|cut| cut.reason.as_str()), expected);
        assert_eq!(&item.definition[item.name_at.range()], "\"x\"");
        item.definition.to_string()
    };
    let tool = |text: &str| {
        format!(
            r#"{{"a":1e400,"description":"{text}","name":"x","inputSchema":{{"type":"object"}}}}"#
        )
    };
    let normal = tool(&"d".repeat(TEXT_MAX));
    assert_eq!(check(&normal, None), normal);
    let long = tool(&"é".repeat(TEXT_MAX));
    let note = "its description has 65536 bytes; the beginning is passed on";
    let mark = " … [cut by callmux: the whole has 65536 bytes]";
    let kept = "é".repeat((TEXT_MAX - mark.len()) / 2);
    let cut = check(&long, Some(note));
    assert_eq!(cut, tool(&format!("{kept}{mark}")));
    assert_eq!(check(&cut, None), cut, "it is cut once");
    let icons = format!(
        r#"{{"name":"x","icons":["{}"],"inputSchema":{{"type":"object"}}}}"#,
        "i".repeat(300_000)
    );
    let note = "its icons have 300004 bytes and are left out";
    assert_eq!(
        check(&icons, Some(note)),
        r#"{"name":"x","icons":[],"inputSchema":{"type":"object"}}"#
    );
    let refused = |definition: &str| read(Tools, definition).unwrap_err();
    let schema = format!(
        r#"{{"name":"x","inputSchema":{{"type":"object","x":"{}"}}}}"#,
        "s".repeat(300_000)
    );
    assert_eq!(refused(&schema).reason, "its definition has 300051 bytes; it may have 256 KiB");
    let deep = |levels: usize| {
        format!(
            r#"{{"name":"x","inputSchema":{{"type":"object","x":{}{}}}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(check(&deep(98), None), deep(98));
    assert!(refused(&deep(99)).reason.contains("nested deeper than 100 levels"));
    assert!(refused(&deep(50_000)).reason.contains("nested deeper than 100 levels"));
    let text =
        format!(r#"{{"name":"x","inputSchema":{{"type":"object","x":"\"{}"}}}}"#, "[".repeat(1000));
    assert_eq!(check(&text, None), text);
    // Whoever is told of it gets no more than he can read.
    let name = refused(&format!(
        r#"{{"name":"{}","inputSchema":{{"type":"object"}}}}"#,
        "n".repeat(100_000)
    ));
    assert!(name.name.len() < 110 && name.reason.len() < 250);
    let text = refused(&format!("\"{}\"", "n".repeat(100_000)));
    assert!(text.reason.len() < 250, "{}", text.reason.len());
}

#[test]
fn instructions_are_cut_and_that_is_told() {
    let offer = |text: &str| Offer::new(Some(text), ServerCapabilities::default());
    let normal = "i".repeat(TEXT_MAX);
    assert_eq!(offer(&normal).instructions.as_deref(), Some(normal.as_str()));
    assert_eq!(offer(&normal).instructions_remark, None);
    let long = offer(&"ü".repeat(TEXT_MAX));
    let text = long.instructions.unwrap();
    assert!(
        text.len() <= TEXT_MAX && text.ends_with("ü … [cut by callmux: the whole has 65536 bytes]")
    );
    let remark = "its instructions have 65536 bytes; the beginning is passed on";
    assert_eq!(long.instructions_remark.as_deref(), Some(remark));
}

/// Half a minute if each definition is compared with all before it.
#[test]
fn nothing_is_compared_with_everything() {
    let definitions =
        (0..ITEMS_MAX).map(|n| format!(r#"{{"name":"{n}","inputSchema":{{"type":"object"}}}}"#));
    let all: Vec<String> = definitions.collect();
    let built = List::from_definitions(Tools, all.iter().chain(&all).map(String::as_str));
    assert_eq!((built.items.len(), built.refused.count()), (ITEMS_MAX, 0));
    let half = &all[..ITEMS_MAX / 2];
    let twice = List::from_definitions(Tools, half.iter().chain(half).map(String::as_str));
    assert_eq!((twice.items.len(), twice.refused.count()), (ITEMS_MAX / 2, ITEMS_MAX / 2));
}
