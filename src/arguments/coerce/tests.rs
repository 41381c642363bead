use proptest::prelude::*;

use super::*;
use crate::arguments::may_need;

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

/// What becomes of the parameter `a` with this schema.
fn check(schema: &str, value: &str, expected: &str) {
    let schema = json(&format!(
        r##"{{"type":"object","properties":{{"a":{schema}}},"$defs":{{"n":{{"type":"integer"}},"s":{{}},
        "list":{{"type":"array","items":{{"$ref":"#/$defs/n"}}}},"loop":{{"$ref":"#/$defs/loop"}}}}}}"##
    ));
    let text = format!(r#"{{"a":{value}}}"#);
    let mut arguments = json(&text);
    let changes = coerce(&mut arguments, &schema);
    assert_eq!(arguments.to_string(), format!(r#"{{"a":{expected}}}"#), "{schema} {value}");
    assert_eq!(changes.is_empty(), json(&text) == arguments, "{changes:?}");
    assert!(changes.is_empty() || may_need(&text), "{text}");
}

fn stays(schema: &str, value: &str) {
    check(schema, value, value);
}

const INTEGER: &str = r#"{"type":"integer"}"#;
const NUMBER: &str = r#"{"type":"number"}"#;
const OBJECT: &str = r#"{"type":"object","properties":{"n":{"type":"integer"}}}"#;

#[test]
fn numbers_are_read_digit_for_digit() {
    check(INTEGER, r#""12""#, "12");
    check(INTEGER, r#""-7""#, "-7");
    check(INTEGER, r#""0""#, "0");
    check(NUMBER, r#""0.10""#, "0.10");
    check(NUMBER, r#""-12.5""#, "-12.5");
    check(NUMBER, r#""12""#, "12");
    check(r#"{"type":["integer","null"]}"#, r#""12""#, "12");
    check(r#"{"type":["integer","number"]}"#, r#""1.5""#, "1.5");
    for text in
        ["007", "0x10", "1e3", " 12", "12 ", "1.0", "+1", "-0", "", "-", "1.", ".5", "1_0", "١"]
    {
        stays(INTEGER, &format!("\"{text}\""));
    }
    for text in ["00.5", "1e3", "-0.0", "1.2.3", "NaN", "Infinity", "--1", "1-2"] {
        stays(NUMBER, &format!("\"{text}\""));
    }
}

/// A server in JavaScript would take another number for it.
#[test]
fn what_a_floating_point_number_would_round_stays() {
    for number in ["9007199254740992", "-9007199254740992", "123456789012345"] {
        check(INTEGER, &format!("\"{number}\""), number);
    }
    for text in
        ["9007199254740993", "-9007199254740993", "10765432100123456789", "12345678901234567890123"]
    {
        stays(INTEGER, &format!("\"{text}\""));
        stays(NUMBER, &format!("\"{text}\""));
    }
    check(NUMBER, r#""-0.000123456789012345""#, "-0.000123456789012345");
    stays(NUMBER, r#""0.12345678901234567""#);
    stays(NUMBER, r#""9007199254740992.5""#);
}

#[test]
fn where_a_text_is_permitted_it_stays() {
    for schema in [
        "{}",
        "true",
        r#"{"type":"string"}"#,
        r#"{"type":["string","integer"]}"#,
        r#"{"anyOf":[{"type":"integer"},{"type":"string","pattern":"^a"}]}"#,
        r#"{"oneOf":[{"type":"integer"},{"enum":["12","true"]}]}"#,
        r#"{"anyOf":[{"type":"integer"},{}]}"#,
        r#"{"minimum":1}"#,
        r#"{"enum":[12,"12",true,"true"]}"#,
        r##"{"$ref":"#/$defs/s"}"##,
        r##"{"$ref":"#/$defs/unknown"}"##,
        r##"{"$ref":"#/$defs/loop"}"##,
        r#"{"$ref":"other.json"}"#,
        r#"{"type":"unknown"}"#,
    ] {
        stays(schema, r#""12""#);
    }
    stays(r#"{"const":"true"}"#, r#""true""#);
    stays("{}", r#""[1]""#);
    stays(INTEGER, r#""true""#);
    stays(r#"{"enum":[1,2]}"#, r#""3""#);
    stays(r#"{"type":"null"}"#, r#""null""#);
    stays("false", r#""12""#);
}

#[test]
fn where_only_one_way_fits_it_is_taken() {
    check(r#"{"type":"boolean"}"#, r#""true""#, "true");
    check(r#"{"type":"boolean"}"#, r#""false""#, "false");
    stays(r#"{"type":"boolean"}"#, r#""True""#);
    stays(r#"{"type":"boolean"}"#, r#""1""#);
    check(r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, r#""12""#, "12");
    check(r#"{"anyOf":[{"type":"integer"},{"enum":["auto"]}]}"#, r#""12""#, "12");
    check(r#"{"anyOf":[{"type":"integer"},{"enum":["auto"]}]}"#, r#""auto""#, r#""auto""#);
    check(r#"{"enum":["auto",12]}"#, r#""12""#, "12");
    check(r#"{"const":12}"#, r#""12""#, "12");
    check(r##"{"$ref":"#/$defs/n"}"##, r#""12""#, "12");
    check(r#"{"allOf":[{"type":"integer"},{"minimum":1}]}"#, r#""12""#, "12");
    check(
        r#"{"allOf":[{"type":["integer","string"]},{"type":["integer","null"]}]}"#,
        r#""12""#,
        "12",
    );
}

#[test]
fn texts_of_arrays_and_objects_are_opened() {
    check(OBJECT, r#""{\"n\":\"5\",\"m\":\"5\"}""#, r#"{"n":5,"m":"5"}"#);
    check(OBJECT, r#"" {\"n\" : 12345678901234567890}""#, r#"{"n":12345678901234567890}"#);
    check(r##"{"$ref":"#/$defs/list"}"##, r#""[\"1\",2,\"x\"]""#, r#"[1,2,"x"]"#);
    check(r#"{"type":"array","items":{"type":"string"}}"#, r#""[\"1\"]""#, r#"["1"]"#);
    check(r#"{"type":["array","object"]}"#, r#""{}""#, "{}");
    check(
        r#"{"type":"array","prefixItems":[{"type":"integer"}],"items":{"type":"boolean"}}"#,
        r#"["1","true","1"]"#,
        r#"[1,true,"1"]"#,
    );
    check(r#"{"additionalProperties":{"type":"integer"}}"#, r#"{"x":"1"}"#, r#"{"x":1}"#);
    stays(
        r#"{"additionalProperties":{"type":"integer"},"patternProperties":{"^x":{}}}"#,
        r#"{"x":"1"}"#,
    );
    stays(OBJECT, r#""{\"n\":5""#);
    stays(OBJECT, r#""[1]""#);
    stays(OBJECT, r#""not json""#);
}

#[test]
fn alternatives_are_taken_if_one_fits() {
    let ways = r#"{"oneOf":[
        {"type":"object","properties":{"kind":{"const":"count"},"value":{"type":"integer"}},"required":["kind","value"]},
        {"type":"object","properties":{"kind":{"const":"text"},"value":{"type":"string"}},"required":["kind","value"]}]}"#;
    check(ways, r#"{"kind":"count","value":"12"}"#, r#"{"kind":"count","value":12}"#);
    stays(ways, r#"{"kind":"text","value":"12"}"#);
    stays(ways, r#"{"kind":"other","value":"12"}"#);
    check(ways, r#""{\"kind\":\"count\",\"value\":\"12\"}""#, r#"{"kind":"count","value":12}"#);
    let two = r#"{"anyOf":[{"required":["x"],"properties":{"x":{"type":"integer"},"y":{"type":"null"}}},
        {"required":["y"],"properties":{"x":{"type":"null"},"y":{"type":"integer"}}}]}"#;
    stays(two, r#"{"x":"1","y":"2"}"#);
    let same = r#"{"anyOf":[{"properties":{"x":{"type":"integer"}}},{"properties":{"x":{"type":"number"}}}]}"#;
    check(same, r#"{"x":"1"}"#, r#"{"x":1}"#);
}

#[test]
fn dialects_are_read_as_they_are_meant() {
    let schema = json(
        r##"{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"s":{}},"properties":{
        "a":{"$ref":"#/definitions/s","type":"integer"},"b":{"items":[{"type":"integer"}],"additionalItems":{"type":"boolean"}},
        "c":{"prefixItems":[{"type":"integer"}]}}}"##,
    );
    let mut arguments = json(r#"{"a":"1","b":["1","true"],"c":["1"]}"#);
    coerce(&mut arguments, &schema);
    assert_eq!(arguments, json(r#"{"a":"1","b":[1,true],"c":["1"]}"#));
    let embedded = json(
        r##"{"$defs":{"n":{"type":"integer"},"x":{"$id":"x"}},"properties":{"a":{"$ref":"#/$defs/n"}}}"##,
    );
    let mut arguments = json(r#"{"a":"1"}"#);
    assert_eq!(coerce(&mut arguments, &embedded), []);
}

#[test]
fn params_are_opened_where_they_are_an_envelope() {
    let check = |rest: &str, arguments: &str, expected: &str| {
        let schema = json(&format!(r#"{{"properties":{{"a":{{"type":"integer"}}}}{rest}}}"#));
        let mut read = json(arguments);
        coerce(&mut read, &schema);
        assert_eq!(read, json(expected), "{rest} {arguments}");
    };
    let required = r#","required":["a"]"#;
    check("", r#"{"method":"x","params":{"a":"1"}}"#, r#"{"a":1}"#);
    check("", r#"{"params":{"b":"1"}}"#, r#"{"params":{"b":"1"}}"#);
    check(required, r#"{"params":{"b":"1"}}"#, r#"{"b":"1"}"#);
    check(r#","additionalProperties":true"#, r#"{"params":{"a":1}}"#, r#"{"params":{"a":1}}"#);
    check(r#","additionalProperties":false"#, r#"{"params":{}}"#, "{}");
    check("", r#"{"params":{}}"#, r#"{"params":{}}"#);
    check(required, r#"{"params":{"a":1},"b":2}"#, r#"{"params":{"a":1},"b":2}"#);
    check(required, r#"{"params":[1]}"#, r#"{"params":[1]}"#);
    check(r#","type":"object""#, r#""{\"a\":\"1\"}""#, r#"{"a":1}"#);
    let own = json(r#"{"properties":{"params":{},"a":{}},"required":["a"]}"#);
    let mut arguments = json(r#"{"params":{"a":1}}"#);
    assert_eq!(coerce(&mut arguments, &own), []);
}

#[test]
fn changes_are_told() {
    let schema = json(
        r#"{"properties":{"items":{"items":{"properties":{"a b":{"type":"integer"},"c":{"type":"boolean"}}}}}}"#,
    );
    let mut arguments = json(r#"{"items":[{},{"a b":"1","c":"true"}]}"#);
    let told: Vec<String> =
        coerce(&mut arguments, &schema).iter().map(Coercion::to_string).collect();
    assert_eq!(
        told,
        [
            r#"`items[1]["a b"]`: a string read as a number"#,
            "`items[1].c`: a string read as a boolean",
        ]
    );
}

#[test]
fn the_work_is_bounded() {
    let nested = r##"{"$defs":{"n":{"anyOf":[{"type":"object","properties":{"a":{"$ref":"#/$defs/n"},"b":{"type":"integer"}}},
        {"type":"object","properties":{"a":{"$ref":"#/$defs/n"},"b":{"type":"boolean"}}},
        {"type":"object","properties":{"a":{"$ref":"#/$defs/n"},"b":{"type":"null"}}}]}},"$ref":"#/$defs/n"}"##;
    let arguments = r#"{"b":"1","a":"#.repeat(60) + "{}" + &"}".repeat(60);
    coerce(&mut json(&arguments), &json(nested));
    let all = r##"{"allOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}],"type":"integer"}"##;
    coerce(&mut json(r#""1""#), &json(all));
}

fn any_value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        r"-?[0-9]{1,3}(\.[0-9]{1,2})?",
        "true|false|null|a|0x1|1e3| 1|",
        r"\[[0-9]?\]",
    ];
    let leaf = prop_oneof![
        text.prop_map(|text| Json::from(text).to_string()),
        Just(r#""{\"a\":\"1\",\"b\":[\"2\"]}""#.to_owned()),
        Just(r#""\u0031\u0032""#.to_owned()),
        Just(r#""\t[1]""#.to_owned()),
        "-?[1-9][0-9]?|true|null",
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(("a|b|params|method", inner), 0..3).prop_map(|members| {
                let mut seen = std::collections::BTreeMap::new();
                seen.extend(members);
                let members: Vec<String> =
                    seen.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn any_schema() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("{}".to_owned()),
        "string|integer|number|boolean|array|object|null"
            .prop_map(|kind| format!(r#"{{"type":"{kind}"}}"#)),
        Just(r#"{"type":["integer","string"]}"#.to_owned()),
        Just(r#"{"enum":[1,"1",true,"a"]}"#.to_owned()),
        Just(r#"{"const":1}"#.to_owned()),
        Just(r##"{"$ref":"#"}"##.to_owned()),
        Just("false".to_owned()),
        Just(r#"{"type":"integer","minimum":3}"#.to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(a, b)| format!(r#"{{"properties":{{"a":{a},"b":{b}}}}}"#)),
            two.clone().prop_map(|(a, b)| format!(
                r#"{{"type":"object","properties":{{"a":{a}}},"required":["a"],"additionalProperties":{b}}}"#
            )),
            two.clone().prop_map(|(a, b)| format!(r#"{{"anyOf":[{a},{b}]}}"#)),
            two.clone().prop_map(|(a, b)| format!(r#"{{"oneOf":[{a},{b}]}}"#)),
            two.clone().prop_map(|(a, b)| format!(r#"{{"properties":{{"a":{{"allOf":[{a},{b}]}}}}}}"#)),
            two.prop_map(|(a, b)| format!(r#"{{"type":"array","prefixItems":[{a}],"items":{b}}}"#)),
        ]
    })
}

/// Whether `after` is `before` with some strings opened; leaves keep their digits.
fn says_the_same(before: &Json, after: &Json) -> bool {
    match (before, after) {
        (Json::String(text), Json::Number(_) | Json::Bool(_)) => *text == after.to_string(),
        (Json::String(text), Json::Array(_) | Json::Object(_)) => says_the_same(&json(text), after),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| says_the_same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && says_the_same(&a.1, &b.1))
        }
        _ => before == after,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_is_lost_and_what_fits_stays(schema in any_schema(), text in any_value()) {
        let (schema, before) = (json(&schema), json(&text));
        let mut after = before.clone();
        let changes = coerce(&mut after, &schema);
        prop_assert!(may_need(&text) || after == before);
        prop_assert_eq!(changes.is_empty(), after == before);
        let is_opened = changes.iter().any(|change| change.what == Reading::Params);
        let start = if is_opened { before.get("params").unwrap() } else { &before };
        prop_assert!(says_the_same(start, &after), "{} {}", before, after);
        let is_valid = || jsonschema::is_valid(&schema.to_value(), &before.to_value());
        let circles = schema.to_string().contains("$ref");
        if !circles && !is_opened && is_valid() {
            prop_assert_eq!(&after, &before);
        }
        let mut again = after.clone();
        // Params that were a text are opened by nobody who has not seen them as an object.
        if !text.contains("params") {
            coerce(&mut again, &schema);
            prop_assert_eq!(again, after);
        }
    }
}
