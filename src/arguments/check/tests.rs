mod oracle;

use super::Checker;
use super::problem::Problem;
use crate::json::Json;

fn check(schema: &str, arguments: &str, expected: &[&str]) {
    let checker = Checker::compile(&Json::parse(schema).unwrap()).unwrap();
    let problems = checker.problems(&Json::parse(arguments).unwrap(), 8);
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(told, expected, "{schema} {arguments}");
}

fn of_one(schema: &str, value: &str, expected: &str) {
    let schema = format!(r#"{{"properties":{{"a":{schema}}}}}"#);
    check(&schema, &format!(r#"{{"a":{value}}}"#), &[&format!("`a`: {expected}")]);
}

#[test]
fn names_that_were_meant_are_told() {
    let closed = r#"{"properties":{"owner":{},"repo_name":{},"b":{}},"required":["owner"],"additionalProperties":false}"#;
    check(closed, r#"{"owner":1}"#, &[]);
    check(closed, "{}", &[r#""owner" is missing"#]);
    check(
        closed,
        r#"{"ownr":1,"repoName":2,"c":3}"#,
        &[
            r#""c" is not known"#,
            r#""ownr" is not known; did you mean "owner"?"#,
            r#""repoName" is not known; did you mean "repo_name"?"#,
            r#""owner" is missing; "ownr" is given instead"#,
        ],
    );
    let open = r#"{"properties":{"owner":{},"other":{}},"required":["owner"]}"#;
    check(open, r#"{"Owner":1,"other":2}"#, &[r#""owner" is missing; "Owner" is given instead"#]);
    let deep = r##"{"properties":{"a":{"items":{"$ref":"#/$defs/n"}}},"$defs":{"n":{"properties":{"name":{}},"additionalProperties":false}}}"##;
    check(
        deep,
        r#"{"a":[{},{"nmae":1}]}"#,
        &[r#"`a[1]`: "nmae" is not known; did you mean "name"?"#],
    );
}

#[test]
fn messages_are_plain() {
    of_one(r#"{"type":"integer"}"#, r#""x""#, "must be an integer, not a string");
    of_one(r#"{"type":"integer"}"#, "1.5", "must be an integer, not 1.5");
    of_one(r#"{"type":["string","null"]}"#, "[]", "must be null or a string, not an array");
    of_one(
        r#"{"enum":["open","closed"]}"#,
        r#""opn""#,
        r#"must be one of "open", "closed"; did you mean "open"?"#,
    );
    of_one(
        r#"{"enum":[1,2,3,4,5,6,7,8,9,10]}"#,
        "0",
        "must be one of 1, 2, 3, 4, 5, 6, 7, 8, 2 more",
    );
    of_one(r#"{"const":"x"}"#, "1", r#"must be "x""#);
    of_one(r#"{"minimum":1}"#, "0", "must be 1 or more");
    of_one(r#"{"exclusiveMaximum":1}"#, "1", "must be less than 1");
    of_one(r#"{"multipleOf":2}"#, "3", "must be a multiple of 2");
    of_one(r#"{"minLength":1}"#, r#""""#, "must have at least 1 character");
    of_one(r#"{"maxItems":2}"#, "[1,2,3]", "must have at most 2 items");
    of_one(r#"{"uniqueItems":true}"#, "[1,1]", "must not have the same item twice");
    of_one(r#"{"pattern":"^a"}"#, r#""b""#, r#"must match the pattern "^a""#);
    of_one("false", "1", "must not be there");
    of_one(r#"{"not":{}}"#, "1", "has a form that is excluded");
    check(r#"{"type":"object"}"#, "[]", &["must be an object, not an array"]);
}

#[test]
fn of_alternatives_the_nearest_is_explained() {
    of_one(
        r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#,
        r#""x""#,
        "must be an integer or null, not a string",
    );
    of_one(
        r#"{"anyOf":[{"type":"integer","minimum":3},{"type":"null"}]}"#,
        "1",
        "must be 3 or more",
    );
    let ways = r#"{"oneOf":[{"type":"object","properties":{"kind":{"const":"a"}},"required":["kind","x"]},
        {"type":"object","properties":{"kind":{"const":"b"}},"required":["kind","y"]}]}"#;
    of_one(ways, r#"{"kind":"b"}"#, r#""y" is missing"#);
    of_one(ways, r#"{"kind":"c"}"#, "fits none of 2 alternatives");
    of_one(r#"{"oneOf":[{},{}]}"#, "1", "fits several alternatives, must fit one");
}

#[test]
fn what_is_no_schema_or_lies_elsewhere_gives_no_checker() {
    for schema in [
        r#"{"type":"nonsense"}"#,
        r#"{"$ref":"http://example.org/a.json"}"#,
        r#"{"$ref":"file:///a.json"}"#,
        r#"{"$schema":"urn:own"}"#,
        r#"{"pattern":"("}"#,
        r#"{"pattern":"(((a{99}){99}){99}){99}"}"#,
        "5",
    ] {
        assert!(Checker::compile(&Json::parse(schema).unwrap()).is_none(), "{schema}");
    }
}

#[test]
fn what_comes_from_outside_is_bounded() {
    let long = "x".repeat(10_000);
    let schema =
        format!(r#"{{"properties":{{"a":{{"pattern":"^{long}"}}}},"additionalProperties":false}}"#);
    let checker = Checker::compile(&Json::parse(&schema).unwrap()).unwrap();
    let many: Vec<String> = (0..100).map(|n| format!(r#""{n}{long}":1"#)).collect();
    let arguments = Json::parse(&format!(r#"{{"a":"b",{}}}"#, many.join(","))).unwrap();
    let problems = checker.problems(&arguments, 5);
    assert_eq!(problems.len(), 5);
    assert!(problems.iter().all(|problem| problem.message.len() < 400));
    check(r##"{"$ref":"#"}"##, "{}", &[]);
    // A pattern that takes too long is not checked.
    let hard = format!(r#"{{"a":"{}b"}}"#, "a".repeat(60));
    check(r#"{"properties":{"a":{"pattern":"^(?=(a|a)*$)(a|aa)+\\1$"}}}"#, &hard, &[]);
}

#[test]
fn what_is_wrong_with_names_and_lists_is_told() {
    check(
        r#"{"propertyNames":{"maxLength":2},"dependentRequired":{"a":["b"]},"minProperties":3}"#,
        r#"{"a":1,"long":2}"#,
        &[
            r#""b" is missing"#,
            "must have at least 3 members",
            r#"the name "long" must have at most 2 characters"#,
        ],
    );
    of_one(
        r#"{"contains":{"const":1},"maxContains":2}"#,
        "[2]",
        "must have at least 1 item and at most 2 of a form that is wanted",
    );
    of_one(r#"{"prefixItems":[{}],"items":false}"#, "[1,2]", "must have at most 1 item");
    check(
        r#"{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}"#,
        r#"{"a":1,"b":2}"#,
        &[r#""b" is not known"#],
    );
}

#[test]
fn references_within_the_schema_are_followed() {
    for (reference, rest) in [
        ("#/$defs/a~1b%25", ""),
        ("#here", ""),
        ("https://example.org/s#here", r#""$id":"https://example.org/s","#),
        ("#here", r#""$schema":"https://json-schema.org/draft/2019-09/schema","#),
    ] {
        let schema = format!(
            r#"{{{rest}"properties":{{"a":{{"$ref":"{reference}"}}}},"$defs":{{"a/b%":{{"$anchor":"here","type":"null"}}}}}}"#
        );
        check(&schema, r#"{"a":1}"#, &["`a`: must be null, not 1"]);
    }
    for reference in ["#/$defs/none", "#none", "other.json", "#/%"] {
        let schema = Json::object([("$ref", reference.into())]);
        assert!(Checker::compile(&schema).is_none(), "{reference}");
    }
    // What is not followed says nothing.
    check(r#"{"$ref":"http://json-schema.org/draft-07/schema#"}"#, "5", &[]);
    let moved = r##"{"properties":{"a":{"$id":"x","$ref":"#/b","b":{"type":"null"}}}}"##;
    check(moved, r#"{"a":1}"#, &[]);
}

#[test]
fn what_is_not_checked_is_not_wrong_wherever_it_stands() {
    for schema in [
        r#"{"format":"x"}"#,
        r#"{"not":{"format":"x"}}"#,
        r#"{"not":{"not":{"format":"x"}}}"#,
        r#"{"not":{"allOf":[{"format":"x"},true]}}"#,
        r#"{"not":{"anyOf":[{"format":"x"},false]}}"#,
        r#"{"not":{"oneOf":[{"format":"x"},false]}}"#,
        r#"{"not":{"if":{"format":"x"},"then":true}}"#,
        r#"{"oneOf":[{"format":"x"},true]}"#,
        r#"{"if":{"format":"x"},"then":false,"else":false}"#,
        r#"{"contains":{"format":"x"},"minContains":2}"#,
        r#"{"contains":{"format":"x"},"maxContains":1}"#,
        r#"{"not":{"contains":{"format":"x"}}}"#,
        r#"{"not":{"items":{"format":"x"}}}"#,
        r#"{"items":{"pattern":"^\\p{L}$"}}"#,
        r#"{"items":{"not":{"pattern":"."}}}"#,
        r#"{"unevaluatedItems":false}"#,
        r#"{"not":{"unevaluatedItems":false}}"#,
    ] {
        check(schema, r#"["é","ö"]"#, &[]);
    }
    for schema in [
        r#"{"patternProperties":{"^.$":false},"additionalProperties":false}"#,
        r#"{"not":{"patternProperties":{"^.$":true}}}"#,
        r#"{"not":{"propertyNames":{"pattern":"^.$"}}}"#,
        r#"{"not":{"unevaluatedProperties":false},"properties":{"é":true}}"#,
        r#"{"anyOf":[{"properties":{"é":true}},true],"unevaluatedProperties":false}"#,
    ] {
        check(schema, r#"{"é":1}"#, &[]);
    }
}

#[test]
fn numbers_count_by_their_digits() {
    of_one(
        r#"{"maximum":9007199254740992}"#,
        "9007199254740993",
        "must be 9007199254740992 or less",
    );
    of_one(r#"{"minimum":0.10}"#, "0.05", "must be 0.10 or more");
    of_one(r#"{"type":"string"}"#, "1.50", "must be a string, not 1.50");
    for (schema, value) in [
        (r#"{"type":"integer"}"#, "1.0"),
        (r#"{"type":"integer"}"#, "1e400"),
        (r#"{"const":100}"#, "1e2"),
        (r#"{"multipleOf":0.1}"#, "0.3"),
        (r#"{"multipleOf":0.0000000001}"#, "123456789012345678901234567890.5"),
        (r#"{"maximum":1.5,"exclusiveMaximum":false}"#, "1.5"),
    ] {
        check(schema, value, &[]);
    }
}

#[test]
fn a_hostile_schema_ends_soon() {
    let many = |part: &str, count: usize| vec![part; count].join(",");
    let wide =
        format!(r#"{{"anyOf":[{}]}}"#, many(r##"{"allOf":[{"$ref":"#"},{"$ref":"#"}]}"##, 50));
    let deep = format!(
        r##"{{"oneOf":[{{"type":"null"}},{{"items":{{"$ref":"#"}}}},{}]}}"##,
        many(r##"{"items":{"$ref":"#"},"minItems":1}"##, 8)
    );
    let chain: Vec<String> =
        (0..20_000).map(|n| format!(r##""{n}":{{"$ref":"#/$defs/{}"}}"##, n + 1)).collect();
    let chain =
        format!(r##"{{"$ref":"#/$defs/0","$defs":{{{},"20000":false}}}}"##, chain.join(","));
    let twice: Vec<String> = (0..250)
        .map(|n| {
            format!(
                r##""{n}":{{"anyOf":[{{"$ref":"#/$defs/{0}"}},{{"$ref":"#/$defs/{0}"}}]}}"##,
                n + 1
            )
        })
        .collect();
    let twice = format!(r##"{{"$ref":"#/$defs/0","$defs":{{{},"250":false}}}}"##, twice.join(","));
    let ways: Vec<String> = (0..20_000)
        .map(|n| format!(r##""{n}":{{"oneOf":[{{"not":{{"$ref":"#/$defs/{}"}}}}]}}"##, n + 1))
        .collect();
    let ways = format!(r##"{{"$ref":"#/$defs/0","$defs":{{{},"20000":false}}}}"##, ways.join(","));
    let options: Vec<String> = (0..50_000).map(|n| format!(r#""option {n}""#)).collect();
    let choice = format!(r#"{{"items":{{"enum":[{}]}}}}"#, options.join(","));
    let names = format!(r#"{{"propertyNames":{{"enum":[{}]}}}}"#, options.join(","));
    let patterns = r#"{"items":{"pattern":"(a|aa|a*)*b"},"uniqueItems":true}"#.to_owned();
    let nested = "[".repeat(100) + &"]".repeat(100);
    let long = format!("[{}]", many(&format!(r#""{}""#, "a".repeat(1000)), 2000));
    let members: Vec<String> = (0..20_000).map(|n| format!(r#""name {n}":1"#)).collect();
    let members = format!("{{{}}}", members.join(","));
    for schema in [&wide, &deep, &chain, &twice, &ways, &choice, &names, &patterns] {
        let checker = Checker::compile(&Json::parse(schema).unwrap()).unwrap();
        for value in [&nested, &long, &members] {
            let value = Json::parse(value).unwrap();
            assert!(checker.problems(&value, 8).len() <= 8);
        }
    }
}

/// Each of these would keep everybody waiting for minutes if every rule looked at the whole value.
#[test]
fn many_rules_on_a_large_value_end_soon() {
    let names = |count: usize, text: &str| {
        let names: Vec<String> = (0..count).map(|n| format!(r#""{n}":{text}"#)).collect();
        format!("{{{}}}", names.join(","))
    };
    let large = names(50_000, "1");
    let several =
        |count: usize, text: &str| format!("[{}]", vec![text.to_owned(); count].join(","));
    let long = format!(r#""{}""#, "é".repeat(500_000));
    let digits = format!("1{}", "0".repeat(500_000));
    for (schema, value) in [
        (format!(r#"{{"dependentRequired":{}}}"#, names(10_000, r#"["a"]"#)), &large),
        (format!(r#"{{"patternProperties":{}}}"#, names(2000, "true")), &large),
        (
            format!(
                r#"{{"patternProperties":{},"unevaluatedProperties":false}}"#,
                names(2000, "{}")
            ),
            &large,
        ),
        (format!(r#"{{"allOf":{}}}"#, several(50_000, r#"{"minLength":1}"#)), &long),
        (format!(r#"{{"allOf":{}}}"#, several(50_000, r#"{"maximum":1}"#)), &digits),
    ] {
        let schema = Json::parse(&schema).unwrap();
        let checker = Checker::compile(&schema).unwrap();
        _ = checker.problems(&Json::parse(value).unwrap(), 8);
    }
}
