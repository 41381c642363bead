use super::{ServerQuestion, Unfit};
use crate::json::Json;

fn asked(properties: &str) -> ServerQuestion {
    ServerQuestion::read(&format!(
        r#"{{"message":"Which?","requestedSchema":{{"type":"object","properties":{properties},"required":["a"]}}}}"#
    ))
}

#[test]
fn each_kind_of_field_reads_its_answers() {
    let cases = [
        (r#"{"type":"string"}"#, "12", Ok("\"12\"")),
        (r#"{"type":"integer"}"#, "12345678901234567890", Ok("12345678901234567890")),
        (r#"{"type":"integer"}"#, "1.5", Err(Unfit::Integer("1.5".into()))),
        (r#"{"type":"number"}"#, "1.50", Ok("1.50")),
        (r#"{"type":"number"}"#, "x", Err(Unfit::Number("x".into()))),
        (r#"{"type":"boolean"}"#, "Yes", Ok("true")),
        (r#"{"type":"boolean"}"#, "?", Err(Unfit::Boolean)),
        (r#"{"type":"string","enum":["x","y"]}"#, "2", Ok("\"y\"")),
        (r#"{"type":"string","enum":["x","y"],"enumNames":["Ex","Why"]}"#, "Ex", Ok("\"x\"")),
        (r#"{"oneOf":[{"const":"x","title":"Ex"}]}"#, "Ex", Ok("\"x\"")),
        (r#"{"oneOf":[{"const":"x","title":"Ex"}]}"#, "z", Err(Unfit::Choice("z".into()))),
        (r#"{"type":"array","items":{"enum":["x","y"]}}"#, "x, 2", Ok(r#"["x","y"]"#)),
        (r#"{"type":"string"}"#, "", Err(Unfit::Missing)),
        (r#"{"type":"string","default":"d"}"#, "", Ok("\"d\"")),
        (r#"{"type":"boolean","default":false}"#, "", Ok("false")),
    ];
    for (schema, line, expected) in cases {
        let asked = asked(&format!(r#"{{"a":{schema}}}"#));
        let read = asked.fields[0].read(line);
        let expected = expected.map(|json| Some(Json::parse(json).unwrap()));
        assert_eq!(read, expected, "{schema}: {line}");
    }
}

#[test]
fn a_prompt_says_what_is_wanted() {
    let asked = asked(
        r#"{"a":{"type":"string","enum":["x","y"],"title":"Letter"},"b":{"type":"integer","default":3},"c":{"type":"boolean"}}"#,
    );
    let prompts: Vec<String> = asked.fields.iter().map(super::AskedField::prompt).collect();
    assert_eq!(prompts, ["Letter (1 x, 2 y)", "b (a whole number) [3]", "c (y or n) [nothing]"]);
    assert_eq!(asked.message, "Which?");
    // What may be left out is left out.
    assert_eq!(asked.fields[2].read(""), Ok(None));
}

#[test]
fn an_address_is_asked_for_only_in_its_mode() {
    let url = |mode: &str| {
        let params = format!(r#"{{"mode":"{mode}","message":"Go","url":"https://x/"}}"#);
        ServerQuestion::read(&params).url
    };
    assert_eq!(url("url").as_deref(), Some("https://x/"));
    assert_eq!(url("form"), None);
    assert!(ServerQuestion::read("[").fields.is_empty());
}
