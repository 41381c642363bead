use std::collections::{BTreeMap, HashSet};

use super::Item;
use crate::wire::ListKind::{self, Prompts, Resources, Templates, Tools};
use crate::wire::object;

/// Definitions that are wrong in one way each. The official clients judge what becomes of them in
/// `tests/interop`.
const ODD: &str = include_str!("../../../../tests/interop/odd.txt");

fn read(kind: ListKind, definition: &str) -> Result<(Item, Option<String>), String> {
    let found = Item::read(kind, definition, &mut HashSet::new());
    found.map(|(item, told)| (item, told.map(|told| told.reason))).map_err(|bad| bad.reason)
}

#[test]
fn one_odd_definition_of_each_kind_costs_nothing_else() {
    let kinds = BTreeMap::from([
        ("tools", Tools),
        ("prompts", Prompts),
        ("resources", Resources),
        ("templates", Templates),
    ]);
    let mut count = 0;
    for line in ODD.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.splitn(4, " | ").collect();
        let [list, becomes, what, definition] = parts[..] else { panic!("{line}") };
        let kind = kinds[list];
        count += 1;
        match (becomes, read(kind, definition)) {
            ("left out", Err(reason)) => assert!(reason.len() > 10, "{what}: {reason}"),
            ("shown", Ok((mut item, told))) => {
                assert!(!item.is_output_modern, "{what}");
                // Booleans as schemas are right, and mean the same as what stands in their place.
                let is_silent = what.contains("property true");
                assert_eq!(is_silent, told.is_none(), "{what}: {told:?}");
                assert_ne!(item.definition, definition, "{what}");
                let again = read(kind, &item.definition).unwrap();
                assert_eq!(item.original.take().as_deref(), Some(definition), "{what}");
                assert_eq!(again, (item, None), "{what}: what was mended is right");
            }
            ("modern", Ok((item, None))) => {
                assert!(item.is_output_modern && item.has_output_schema, "{what}");
                assert_eq!(item.definition, definition, "{what}");
            }
            (becomes, found) => panic!("{what}: {found:?} is not {becomes}"),
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn what_is_right_stays_byte_for_byte() {
    for (kind, definition) in [
        (
            Tools,
            r##" { "inputSchema" : {"x":1e400, "type":"object","properties":{"b":{},"a":{"type":"string"}}} , "name":"n\u0061me","unknown":null,
            "outputSchema":{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}},
            "annotations":{"readOnlyHint":true,"own":null},"title":"\ud83d\ude00", "icons":[{"src":"a","sizes":["any"],"theme":"dark"}],
            "execution":{"taskSupport":"optional"},"_meta":{"a":null}}"##,
        ),
        (
            Tools,
            r#"{"name":"x","inputSchema":{"type":"object","required":[],"anyOf":[{}]},"outputSchema":{"$id":"https://example.org/a","type":"object"}}"#,
        ),
        (Prompts, r#"{"arguments":[{"name":"a","required":true,"title":"A"}],"name":"p"}"#),
        (
            Resources,
            r#"{"uri":"a:b","name":"","size":0,"annotations":{"audience":["user"],"priority":0.50,"lastModified":"2025-01-12T15:00:58Z"}}"#,
        ),
        (Templates, r#"{"uriTemplate":"a:{b}","name":"x","mimeType":"text/plain"}"#),
    ] {
        let (item, told) = read(kind, definition).unwrap();
        assert_eq!((&*item.definition, told), (definition, None));
    }
}

#[test]
fn what_is_wrong_is_told_and_the_rest_keeps_its_place() {
    for (kind, definition, becomes, words) in [
        (
            Tools,
            r#"{"title":null,"b":1,"name":"x","inputSchema":{"a":[ ]},"a":2}"#,
            r#"{"b":1,"name":"x","inputSchema":{"type":"object","a":[ ]},"a":2}"#,
            "its `title` is null and is left out; its `inputSchema` has no `type`; \"object\" stands there",
        ),
        (
            Tools,
            r#"{"name":"x","inputSchema":{"type":"object","properties":{"a":true,"b":false,"c":null}}}"#,
            r#"{"name":"x","inputSchema":{"type":"object","properties":{"a":{},"b":{"not":{}},"c":{}}}}"#,
            "the schema of its argument `c` is none; any value fits",
        ),
        (
            Tools,
            r#"{"name":"x","annotations":{"own":1,"readOnlyHint":"true"},"inputSchema":{"type":"object"}}"#,
            r#"{"name":"x","annotations":{"own":1},"inputSchema":{"type":"object"}}"#,
            "its `annotations.readOnlyHint` is neither true nor false and is left out",
        ),
        (
            Tools,
            r#"{"name":"x","inputSchema":{"type":"object"},"outputSchema":{"type":"object","required":null}}"#,
            r#"{"name":"x","inputSchema":{"type":"object"}}"#,
            "its `outputSchema` is left out: its `required` is not a list of names",
        ),
        (Resources, r#"{"uri":"a:b"}"#, r#"{"name":"a:b","uri":"a:b"}"#, "it has no `name`"),
        (
            Prompts,
            r#"{"name":"p","arguments":[{"name":"a","required":1},7]}"#,
            r#"{"name":"p","arguments":[{"name":"a"}]}"#,
            "its `arguments[].required` is neither true nor false and is left out; one of its `arguments[]` is no object",
        ),
    ] {
        let (item, told) = read(kind, definition).unwrap();
        let told = told.unwrap();
        assert_eq!(item.definition, becomes);
        assert!(told.contains(words), "{told}");
        let name = &item.definition[item.name_at.range()];
        assert_eq!(object::string(name).as_deref(), Some(&*item.name));
    }
    let (item, _) = read(
        Tools,
        r#"{"name":"x","annotations":{"readOnlyHint":"true"},"inputSchema":{"type":"object"}}"#,
    )
    .unwrap();
    assert!(!item.is_read_only && !item.is_repeatable, "a text promises nothing");
}

#[test]
fn of_schemas_with_one_id_the_first_stays() {
    let mut ids = HashSet::new();
    let mut read = |name: &str| {
        let definition = format!(
            r#"{{"name":"{name}","inputSchema":{{"type":"object"}},"outputSchema":{{"$id":"same","type":"object"}}}}"#
        );
        let (item, told) = Item::read(Tools, &definition, &mut ids).unwrap();
        (item.has_output_schema, told.is_some())
    };
    assert_eq!((read("a"), read("b")), ((true, false), (false, true)));
}

/// Half a minute if each member is compared with all before it.
#[test]
fn work_is_bounded() {
    let many = |member: &str, count: usize| vec![member; count].join(",");
    for definition in [
        format!(
            r#"{{"name":"x",{},"inputSchema":{{"type":"object"}}}}"#,
            many(r#""execution":null"#, 10_000)
        ),
        format!(
            r#"{{"name":"x","inputSchema":{{"type":"object","properties":{{{}}}}}}}"#,
            many(r#""a":null"#, 10_000)
        ),
        format!(
            r#"{{"name":"x","inputSchema":{{"type":"object"}},"icons":[{}]}}"#,
            many("7", 100_000)
        ),
        format!(
            r#"{{"name":"x","inputSchema":{{"type":"object","required":[{}]}}}}"#,
            many("7", 100_000)
        ),
    ] {
        let (_, told) = read(Tools, &definition).unwrap();
        assert!(told.unwrap().len() < 300);
    }
}
