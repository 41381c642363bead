//! Texts of a command line as the values that a tool's schema wants.

use super::given::Given;
use super::trouble::Trouble;
use crate::arguments::coerce;
use crate::base::nearest::nearest;
use crate::base::quoted;
use crate::json::Json;

/// The arguments as an object. `schema`: the tool's `inputSchema`, where it is known.
pub(super) fn arguments(given: Given, schema: Option<&Json>) -> Result<Json, Trouble> {
    let mut members = given.members;
    for (name, texts) in given.texts {
        let value = value(&name, &texts, schema)?;
        members.push((name, value));
    }
    let mut arguments = Json::Object(members);
    if let Some(schema) = schema {
        // What says its type in a longer way: references, alternatives.
        coerce(&mut arguments, schema);
    }
    Ok(arguments)
}

fn value(name: &str, texts: &[String], schema: Option<&Json>) -> Result<Json, Trouble> {
    let property = match schema {
        Some(schema) => property(name, schema)?,
        None => None,
    };
    let types = property.map(types).unwrap_or_default();
    match texts {
        [text] => one(name, text, property),
        texts if types.contains(&"array") || types.is_empty() => {
            let items = property.and_then(|property| property.get("items"));
            Ok(Json::Array(
                texts.iter().map(|text| one(name, text, items)).collect::<Result<_, _>>()?,
            ))
        }
        _ => Err(Trouble::Usage(format!(
            "{} is given {} times, and the tool takes one",
            quoted(name),
            texts.len()
        ))),
    }
}

/// What the schema says of the argument of this name.
fn property<'a>(name: &str, schema: &'a Json) -> Result<Option<&'a Json>, Trouble> {
    let properties = schema.get("properties").and_then(Json::as_object).unwrap_or_default();
    let found = properties.iter().find(|(other, _)| other == name);
    if let Some((_, property)) = found {
        return Ok(Some(property));
    }
    let takes_others = schema.get("additionalProperties").and_then(Json::as_bool) != Some(false)
        || schema.get("patternProperties").is_some();
    if takes_others {
        return Ok(None);
    }
    let names = properties.iter().map(|(other, _)| other.as_str());
    let meant = match nearest(name, names.clone().map(|name| (name, name))) {
        Some(near) => format!("did you mean {}?", quoted(near)),
        None if properties.is_empty() => "it takes none".to_owned(),
        None => {
            let names = names.map(|name| quoted(name).to_string()).collect::<Vec<_>>().join(", ");
            format!("it takes {names}")
        }
    };
    Err(Trouble::Usage(format!("the tool takes no {}; {meant}", quoted(name))))
}

fn types(property: &Json) -> Vec<&str> {
    match property.get("type") {
        Some(Json::String(one)) => vec![one.as_str()],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// One text as the first of the wanted types that it can be.
fn one(name: &str, text: &str, property: Option<&Json>) -> Result<Json, Trouble> {
    let types = property.map(types).unwrap_or_default();
    if types.is_empty() || types.contains(&"string") {
        return Ok(text.into());
    }
    let read = Json::parse(text).ok();
    let fits = |kind: &&str| match (*kind, &read) {
        ("integer", Some(Json::Number(number))) => number.is_integer(),
        ("number", Some(Json::Number(_)))
        | ("boolean", Some(Json::Bool(_)))
        | ("null", Some(Json::Null))
        | ("array", Some(Json::Array(_)))
        | ("object", Some(Json::Object(_))) => true,
        _ => false,
    };
    if let Some(value) = read.clone().filter(|_| types.iter().any(fits)) {
        return Ok(value);
    }
    if types.contains(&"array") {
        let item = property.and_then(|property| property.get("items"));
        return Ok(Json::Array(vec![one(name, text, item)?]));
    }
    Err(Trouble::Usage(format!(
        "{} has to be {}, and {} is none",
        quoted(name),
        types.iter().map(|kind| noun(kind)).collect::<Vec<_>>().join(" or "),
        quoted(text)
    )))
}

/// What JSON Schema calls so, in words.
fn noun(kind: &str) -> &str {
    match kind {
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "object" => "a JSON object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use crate::json::Json;
    use crate::shell::given::Given;

    const SCHEMA: &str = r##"{"type":"object","properties":{
        "text":{"type":"string"},"n":{"type":"integer"},"x":{"type":"number"},"flag":{"type":"boolean"},
        "tags":{"type":"array","items":{"type":"string"}},"ids":{"type":"array","items":{"type":"integer"}},
        "map":{"type":"object"},"maybe":{"type":["integer","null"]},"any":{},"far":{"$ref":"#/$defs/n"},
        "either":{"anyOf":[{"type":"integer"},{"type":"boolean"}]}
    },"$defs":{"n":{"type":"integer"}},"additionalProperties":false}"##;

    fn read(words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let given = Given::read(&words).unwrap();
        let schema = Json::parse(SCHEMA).unwrap();
        let read = arguments(given, Some(&schema)).map_err(|trouble| trouble.to_string())?;
        Ok(read.to_string())
    }

    #[test]
    fn a_text_becomes_what_is_wanted() {
        for (words, expected) in [
            (&["text=12"][..], r#"{"text":"12"}"#),
            (&["n=12345678901234567890", "x=1.10"], r#"{"n":12345678901234567890,"x":1.10}"#),
            (&["flag=true", "maybe=null"], r#"{"flag":true,"maybe":null}"#),
            (&["tags=a"], r#"{"tags":["a"]}"#),
            (&["tags=a", "tags=1"], r#"{"tags":["a","1"]}"#),
            (&["ids=1", "ids=2"], r#"{"ids":[1,2]}"#),
            (&["ids=[1,2]"], r#"{"ids":[1,2]}"#),
            (&["map={\"a\":1}", "any=1"], r#"{"map":{"a":1},"any":"1"}"#),
            (&["far=7", "either=true"], r#"{"far":7,"either":true}"#),
        ] {
            assert_eq!(read(words).as_deref(), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (words, part) in [
            (&["n=abc"][..], "n has to be a whole number, and abc is none"),
            (&["n=1.5"], "whole number"),
            (&["flag=yes"], "true or false"),
            (&["ids=x"], "whole number"),
            (&["n=1", "n=2"], "given 2 times"),
            (&["txet=1"], "did you mean text?"),
            (&["nothing_like_it=1"], "it takes text, n"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(part), "{words:?}: {error}");
        }
    }
}
