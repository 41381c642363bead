use super::check;
use super::pattern::is_pattern;
use crate::json::Json;

fn flaw(schema: &str) -> Option<String> {
    check(&Json::parse(schema).unwrap()).err().map(|flaw| flaw.to_string())
}

#[test]
fn sound_schemas_are_sound() {
    for schema in [
        "{}",
        "true",
        r#"{"type":"object","properties":{"a":{"type":["string","null"]},"id":{"type":"string"},"$id":{}},"required":["a"]}"#,
        r##"{"$defs":{"n":{"type":"integer","minimum":0},"t":{"type":"array","items":{"$ref":"#/$defs/t"}}},
            "properties":{"n":{"$ref":"#/$defs/n"},"t":{"$ref":"#/$defs/t"},"all":{"$ref":"#"}}}"##,
        r##"{"$defs":{"a":{"$anchor":"here"}},"$ref":"#here"}"##,
        r##"{"$defs":{"a/b":{},"c~d":{}},"allOf":[{"$ref":"#/$defs/a~1b"},{"$ref":"#/$defs/c~0d"}]}"##,
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"definitions":{"x":{}}}"#,
        r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{}],"items":false}"#,
        r#"{"$id":"https://example.org/one","type":"object"}"#,
        r#"{"type":"string","nullable":true,"format":"unheard-of","pattern":"^[a-z]+$"}"#,
        r#"{"const":{"$ref":"x","$id":"y"},"default":{"type":7},"enum":[null],"x-own":{"type":7}}"#,
        r#"{"dependencies":{"a":["b"],"c":{"type":"object"}},"dependentRequired":{"a":["b"]}}"#,
    ] {
        assert_eq!(flaw(schema), None, "{schema}");
    }
}

#[test]
fn what_a_compiler_may_refuse_is_refused() {
    for (schema, words) in [
        ("7", "neither an object nor a boolean"),
        ("[]", "neither an object nor a boolean"),
        (r#"{"properties":null}"#, "`properties` is not an object of schemas"),
        (r#"{"properties":[]}"#, "`properties` is not an object of schemas"),
        (r#"{"properties":{"a":null}}"#, "neither"),
        (r#"{"required":null}"#, "`required` is not a list of names"),
        (r#"{"required":[7]}"#, "`required` is not a list of names"),
        (r#"{"properties":{"a":{"required":true}}}"#, "`required` is not a list of names"),
        (r#"{"type":"int"}"#, "`\"int\"` is no type"),
        (r#"{"type":null}"#, "`null` is no type"),
        (r#"{"type":[]}"#, "`[]` is no type"),
        (r#"{"minimum":1,"exclusiveMinimum":true}"#, "`exclusiveMinimum` is not a number"),
        (r#"{"minLength":-1}"#, "`minLength` is not a whole number"),
        (r#"{"maxItems":"7"}"#, "`maxItems` is not a whole number"),
        (r#"{"multipleOf":0}"#, "`multipleOf` is not a number above zero"),
        (r#"{"enum":[]}"#, "`enum` is not a list of values"),
        (r#"{"enum":"a"}"#, "`enum` is not a list of values"),
        (r#"{"anyOf":[]}"#, "`anyOf` is not a list of schemas"),
        (r#"{"anyOf":{}}"#, "`anyOf` is not a list of schemas"),
        (r#"{"items":[{}]}"#, "`items` is not a schema"),
        (r#"{"not":null}"#, "`not` is not a schema"),
        (r#"{"pattern":"(?i)a"}"#, "the regular expression (?i)a is none in ECMAScript"),
        (r#"{"patternProperties":{"^\\A":{}}}"#, "is none in ECMAScript"),
        (r##"{"$ref":"#/$defs/none"}"##, "`#/$defs/none` leads to no schema"),
        (r##"{"$ref":"#none"}"##, "`#none` leads to no schema"),
        (r#"{"$ref":"other.json"}"#, "`other.json` leads to no schema"),
        (r#"{"$ref":7}"#, "`$ref` is not a text"),
        (r##"{"properties":{"type":{}},"$ref":"#/properties"}"##, "leads to no schema"),
        (r##"{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##, "leads in a circle"),
        (r#"{"$id":"a","properties":{"x":{"$id":"b"},"y":{"$id":"b"}}}"#, "another `$id` within"),
        (r#"{"allOf":[{"$anchor":"a"},{"$anchor":"a"}]}"#, "the anchor `a` twice"),
        (r##"{"$id":"#a"}"##, "`$id` is no address"),
        (r#"{"$id":7}"#, "`$id` is not a text"),
        (r#"{"id":"a"}"#, "it has `id`"),
        (r#"{"$schema":"http://json-schema.org/draft-04/schema#"}"#, "its dialect"),
        (r#"{"$schema":7}"#, "its dialect"),
        (r#"{"not":{"$schema":"http://json-schema.org/draft-07/schema#"}}"#, "its dialect"),
        (r#"{"nullable":true}"#, "it has `nullable`"),
        (r#"{"format":null}"#, "`format` is not a text"),
    ] {
        let found = flaw(schema);
        assert!(found.as_deref().is_some_and(|flaw| flaw.contains(words)), "{schema}: {found:?}");
    }
}

/// Each reference would look through all members.
#[test]
fn a_schema_that_is_made_to_be_slow_is_given_up() {
    let members: Vec<String> = (0..6000).map(|n| format!(r#""m{n}":{{}}"#)).collect();
    let references = vec![r##"{"$ref":"#/$defs/m5999"}"##; 6000].join(",");
    let schema = format!(r#"{{"$defs":{{{}}},"anyOf":[{references}]}}"#, members.join(","));
    assert_eq!(flaw(&schema).as_deref(), Some("it is too large to be looked through"));
}

#[test]
#[rustfmt::skip]
fn patterns_are_those_of_ecmascript() {
    for pattern in [
        "", "^a|b$", "a{2}", "a{2,}", "a{2,3}?", "(?:a)(b)\\1", "(?<y>\\d{4})\\k<y>",
        "[^\\]a-z-]", "\\u00e9\\x41\\cA\\0", "\\u{1F600}", "\\p{L}+\\P{Nd}",
        "(?=a)(?!b)(?<=c)(?<!d)", "[\\w.-]+@", "^\\/\\.", "ü", "[[]", "a*?b+?c??", "[\\d-]",
        "[]",
    ] {
        assert!(is_pattern(pattern), "{pattern}");
    }
    for pattern in [
        "(", ")", "a)", "[", "[a", "*", "a**", "a{2", "{", "}", "]", "a{3,2}", "(?i)a",
        "(?i:a)", "(?P<n>a)", "(?>a)", "a++", "\\A", "\\z", "\\Z", "\\h", "\\_", "\\-", "\\",
        "[z-a]", "[\\d-z]", "\\1", "\\k<n>", "(?<n>a)(?<n>b)", "(?=a)*", "\\b+", "^*",
        "\\p{Nonsense}", "\\p", "\\pL", "\\u12", "\\u{110000}", "\\xg1", "(?#note)",
        "\\Qa\\E", "[[:alpha:]]+)", "\\01", "\\8",
    ] {
        assert!(!is_pattern(pattern), "{pattern}");
    }
    let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(!is_pattern(&deep));
}
