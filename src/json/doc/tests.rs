use proptest::prelude::*;

use super::{Doc, JsonKind};
use crate::json::{Json, Path};

fn written(text: &str) -> String {
    Doc::read(text.to_owned()).unwrap().text().to_string()
}

#[test]
fn a_text_gets_the_form_that_a_tree_is_written_in() {
    for text in [
        r#"{"b":1.10,"a":[1e400,-0,12345678901234567890,true,null],"ü":"\"\\\n\u0007x"}"#,
        " { \"a\" : [ 1 , { } , [ ] ] , \"\\u00e9\\/\\b\\f\" : \"\\ud83d\\ude00\\u000A\" } ",
        r#""\u0041\u001F\u001f\u0022\u005c""#,
        "[]",
        " 7 ",
    ] {
        assert_eq!(written(text), Json::parse(text).unwrap().to_string(), "{text}");
    }
}

#[test]
fn what_is_written_so_already_is_not_copied() {
    let text = bytestring::ByteString::from(r#"{"a":["x\n\u0001"]}"#);
    let doc = Doc::read(text.clone()).unwrap();
    assert_eq!(doc.text().as_ptr(), text.as_ptr());
    let inner = doc.root().get("a").unwrap().to_doc();
    assert_eq!(inner.text(), r#"["x\n\u0001"]"#);
    assert!(text.as_bytes().as_ptr_range().contains(&inner.text().as_bytes().as_ptr()));
}

#[test]
fn values_are_walked_through_where_they_stand() {
    let doc = Doc::read(r#"{"a":[1,"x,]\"",{"b":[]},[]],"a\n":{},"b":2,"b":3}"#).unwrap();
    let root = doc.root();
    let items: Vec<&str> = root.get("a").unwrap().items().map(super::Slice::as_str).collect();
    assert_eq!(items, ["1", r#""x,]\"""#, r#"{"b":[]}"#, "[]"]);
    assert_eq!(root.get("b").unwrap().as_str(), "3", "the last one counts");
    assert!(root.get("a\n").is_some_and(|value| value.members().next().is_none()));
    assert_eq!((root.members().count(), root.items().count()), (4, 0));
    let found = Path::parse("a[2].b").unwrap().find_in(root).unwrap();
    assert_eq!((found.as_str(), found.kind()), ("[]", JsonKind::Array));
    assert_eq!(root.at(found.start()).as_str(), "[]");
    assert!(Path::parse("a[4]").unwrap().find_in(root).is_none());
}

/// Sizes of what is looked into, and of its tree's nodes.
#[test]
fn to_look_into_a_text_takes_little_beside_it() {
    let size = 1 << 20;
    for (name, item) in [
        ("numbers", "1,".to_owned()),
        ("short strings", "\"a\",".to_owned()),
        ("empty arrays", "[],".to_owned()),
        ("objects", r#"{"a":1},"#.to_owned()),
        ("deep arrays", "[".repeat(126) + &"]".repeat(126) + ","),
        ("long and deep", "[".repeat(126) + &"1,".repeat(600) + "1" + &"]".repeat(126) + ","),
    ] {
        let text = format!("[{}1]", item.repeat(size / item.len()));
        let doc = Doc::read(text).unwrap();
        assert!(doc.overhead() <= doc.text().len() * 2, "{name}: {}", doc.overhead());
        assert_eq!(doc.root().items().count(), size / item.len() + 1, "{name}");
    }
}

#[test]
fn long_values_are_stepped_over() {
    let long = format!("[{}]", vec!["{\"a\":[1,2]}"; 1000].join(","));
    let doc = Doc::read(format!(r#"{{"x":{{"y":[{long},{long}]}},"z":[{long}]}}"#)).unwrap();
    let path = Path::parse("x.y[1]").unwrap();
    assert_eq!(path.find_in(doc.root()).unwrap().as_str(), long);
    let inner = doc.root().get("z").unwrap().to_doc();
    assert_eq!(Path::parse("[0][999].a[1]").unwrap().find_in(inner.root()).unwrap().as_str(), "2");
}

/// The value made of what is found by walking.
fn walked(slice: super::Slice<'_>) -> Json {
    match slice.kind() {
        JsonKind::Array => Json::Array(slice.items().map(walked).collect()),
        JsonKind::Object => Json::Object(
            slice
                .members()
                .map(|(name, value)| (name.text().unwrap().into(), walked(value)))
                .collect(),
        ),
        _ => slice.to_json().unwrap(),
    }
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
        "[a\\[\\]{}\",\\\\]{0,900}".prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 80, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Json::Array),
            prop::collection::vec((".{0,4}", inner), 0..8).prop_map(Json::Object),
        ]
    })
}

proptest! {
    #[test]
    fn walking_finds_what_a_tree_has(value in json()) {
        let doc = Doc::of(&value);
        prop_assert_eq!(doc.text().to_string(), value.to_string());
        prop_assert_eq!(walked(doc.root()), value);
    }

    #[test]
    fn the_same_texts_are_json_as_for_a_tree(
        text in r#"[\[\]{}:,"\\/bu0-9.eE+\-a-f tnu\n]{0,24}|"(\\u(d8|dc|00)[0-9a-f]{2}){0,3}""#,
    ) {
        let (tree, doc) = (Json::parse(&text), Doc::read(text.clone()));
        prop_assert_eq!(tree.is_ok(), doc.is_ok(), "{:?} {:?} {:?}", text, tree, doc);
        if let (Ok(tree), Ok(doc)) = (tree, doc) {
            prop_assert_eq!(tree.to_string(), doc.text().to_string());
        }
    }
}
