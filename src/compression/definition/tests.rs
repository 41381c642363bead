use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::*;
use crate::compression::keyword::{Holds, holds};

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

/// A tool whose only parameter is `name`, and what is left of its schema.
fn parameter(name: &str, schema: &str, mode: Compression) -> String {
    let tool = format!(
        r#"{{"name":"probe","inputSchema":{{"type":"object","properties":{{"{name}":{schema}}}}}}}"#
    );
    let written = definition(&json(&tool), mode, 60);
    let schema = crate::json::Path::parse("inputSchema.properties").unwrap();
    schema.find(&written).unwrap().get(name).unwrap().to_string()
}

#[test]
fn a_description_goes_if_name_and_type_say_it() {
    let check = |name: &str, schema: &str, left: Option<&str>| {
        let written = json(&parameter(name, schema, Compression::Balanced));
        assert_eq!(written.get("description").and_then(Json::as_str), left, "{name} {schema}");
    };
    check("repo", r#"{"type":"string","description":"The repository"}"#, None);
    check("repo", r#"{"description":"Repository name"}"#, Some("Repository name"));
    check(
        "path",
        r#"{"type":"string","description":"Absolute path only"}"#,
        Some("Absolute path only"),
    );
    check("issueNumber", r#"{"type":"integer","description":"Issue number"}"#, None);
    check(
        "tags",
        r#"{"type":"array","items":{"type":"string"},"description":"List of tags"}"#,
        None,
    );
    check("force", r#"{"type":"boolean","description":"Whether to force (optional)"}"#, None);
    check(
        "force",
        r#"{"type":"boolean","description":"If false, force"}"#,
        Some("If false, force"),
    );
    check("state", r#"{"enum":["open","closed"],"description":"State: open or closed"}"#, None);
    check("limit", r#"{"default":30,"description":"Limit (default: 30)."}"#, None);
    check(
        "limit",
        r#"{"default":3,"description":"Limit (default: 30)."}"#,
        Some("Limit (default: 30)."),
    );
    check("limit", r#"{"description":"Rows (optional). Optional limit."}"#, Some("Rows."));
    check("owner_repo", r#"{"description":"owner/repo"}"#, Some("owner/repo"));
    check("note", r#"{"description":"The  text\n of a page"}"#, Some("Text of a page"));
    check("note", r#"{"description":5}"#, None);
    check("note", r#"{"description":""}"#, None);
    let long = "One sentence of some length that counts. Another one that is too long by far.";
    let schema = format!(r#"{{"description":"{long}"}}"#);
    check("note", &schema, Some("One sentence of some length that counts."));
    assert_eq!(
        parameter("note", r#"{"description":5}"#, Compression::Balanced),
        r#"{"description":5}"#
    );
}

#[test]
fn aggressive_leaves_what_no_name_can_say() {
    let check = |name: &str, schema: &str, stays: bool| {
        let schema = format!(r#"{{{schema}"description":"Some text","examples":["x"]}}"#);
        let written = json(&parameter(name, &schema, Compression::Aggressive));
        assert_eq!(written.get("description").is_some(), stays, "{name} {schema}");
        assert_eq!(written.get("examples").is_some(), stays, "{name} {schema}");
    };
    check("title", r#""type":"string","#, false);
    check("format", r#""type":"string","#, true);
    check("outputFormat", r#""type":["string","null"],"#, true);
    check("order_by", r#""anyOf":[{"type":"string"},{"type":"null"}],"#, true);
    check("format", r#""enum":["a","b"],"#, false);
    check("type", r#""const":"a","#, false);
    check("sort", r#""type":"boolean","#, false);
    check("q", r#""type":"string","#, true);
    check("id", r#""type":"string","#, false);
    check("timeout", r#""type":"integer","#, true);
    check("timeout_ms", r#""type":"integer","#, false);
    check("limit", r#""type":"integer","#, false);
    check("thing", "", true);
    check("thing", r##""$ref":"#/$defs/thing","##, false);
    check("options", r#""type":"object","#, true);
    check("options", r#""type":"object","properties":{},"#, false);
    check("things", r#""type":"array","items":{"type":"object"},"#, false);
    check("things", r#""type":"array","#, true);
    check("things", r#""type":"array","items":{"type":"string"},"#, false);
}

#[test]
fn data_with_the_name_of_a_keyword_is_left_alone() {
    let schema = r#"{"type":"object","properties":{
        "description":{"type":"string","default":"  the description "},
        "title":{"enum":["title","Title"]},
        "$comment":{"const":{"description":"x","$comment":"y"}},
        "examples":{"default":{"description":"keep","title":"examples"}},
        "$schema":{"x-own":{"description":"  keep  "}}},
        "$defs":{"description":{"type":"string"}},"required":["description"]}"#;
    let tool =
        format!(r#"{{"name":"t","inputSchema":{schema},"annotations":{{"title":" a  b "}}}}"#);
    for mode in [Compression::Off, Compression::Balanced, Compression::Aggressive] {
        assert_eq!(definition(&json(&tool), mode, 5), json(&tool));
    }
}

#[test]
fn titles_comments_and_dialects_go_if_they_tell_nothing() {
    let tool = json(
        r##"{"name":"read_file","title":"Read  file","description":"This tool reads\n a file. Then it ends.",
        "inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"read_fileArguments",
        "type":"object","properties":{"max_length":{"title":"Max Length","type":"integer"},
        "a":{"title":"Alpha","$comment":"x","examples":["b"]},"b":{"$ref":"#/$defs/Row"}},
        "$defs":{"Row":{"title":"Row","type":"object","description":"One row."}}},
        "outputSchema":{"$schema":"x","title":"Out","properties":{"description":{"description":"Out"}}}}"##,
    );
    let balanced = r##"{"name":"read_file","title":"Read  file","description":"Reads a file. Then it ends.","inputSchema":{"type":"object","properties":{"max_length":{"type":"integer"},"a":{"title":"Alpha","examples":["b"]},"b":{"$ref":"#/$defs/Row"}},"$defs":{"Row":{"type":"object","description":"One row."}}},"outputSchema":{"$schema":"x","title":"Out","properties":{"description":{"description":"Out"}}}}"##;
    assert_eq!(definition(&tool, Compression::Balanced, 0).to_string(), balanced);
    let aggressive = r##"{"name":"read_file","title":"Read  file","description":"Reads a file.","inputSchema":{"type":"object","properties":{"max_length":{"type":"integer"},"a":{"title":"Alpha","examples":["b"]},"b":{"$ref":"#/$defs/Row"}},"$defs":{"Row":{"type":"object"}}},"outputSchema":{"$schema":"x","title":"Out","properties":{"description":{}}}}"##;
    assert_eq!(definition(&tool, Compression::Aggressive, 0).to_string(), aggressive);
}

#[test]
fn an_example_that_a_reference_leads_to_stays() {
    let schema = r##"{"properties":{"a":{"examples":[{"type":"string"}]},"b":{"$ref":"#/properties/a/examples/0"}}}"##;
    let tool = json(&format!(r#"{{"name":"t","inputSchema":{schema}}}"#));
    assert_eq!(definition(&tool, Compression::Aggressive, 0), tool);
}

/// The schema without what no validator looks at.
fn binding(schema: &Json, is_root: bool) -> Json {
    let Json::Object(members) = schema else { return schema.clone() };
    let inner = |value: &Json| binding(value, false);
    let each = |(keyword, value): &(String, Json)| {
        let text = matches!(keyword.as_str(), "description" | "title" | "examples" | "$comment");
        if text || is_root && keyword == "$schema" {
            return None;
        }
        let value = match (holds(keyword), value) {
            (Holds::Schemas, Json::Array(items)) => Json::Array(items.iter().map(inner).collect()),
            (Holds::Schemas, value) => inner(value),
            (Holds::NamedSchemas, Json::Object(named)) => Json::Object(
                named.iter().map(|(name, schema)| (name.clone(), inner(schema))).collect(),
            ),
            (_, value) => value.clone(),
        };
        Some((keyword.clone(), value))
    };
    Json::Object(members.iter().filter_map(each).collect())
}

/// Values for a schema, most of them valid or nearly so.
struct Samples {
    rng: TestRng,
}

impl Samples {
    fn below(&mut self, bound: usize) -> usize {
        self.rng.next_u32() as usize % bound.max(1)
    }

    fn any(&mut self) -> Json {
        let few = [
            "null",
            "true",
            "0",
            "-1",
            "2.5",
            "1e9",
            r#""""#,
            r#""text""#,
            "[]",
            "[1,\"a\"]",
            "{}",
        ];
        json(few[self.below(few.len())])
    }

    fn value(&mut self, schema: &Json, root: &Json, depth: usize) -> Json {
        if depth > 6 || self.below(30) == 0 {
            return self.any();
        }
        if let Some(pointer) = schema.get("$ref").and_then(Json::as_str) {
            let path = crate::json::Path::parse(pointer.trim_start_matches('#')).unwrap();
            return path.find(root).map_or(Json::Null, |to| self.value(to, root, depth + 1));
        }
        for keyword in ["enum", "anyOf", "oneOf", "allOf", "examples"] {
            let Some(options) = schema.get(keyword).and_then(Json::as_array) else { continue };
            let option = options[self.below(options.len())].clone();
            return if matches!(keyword, "enum" | "examples") {
                option
            } else {
                self.value(&option, root, depth + 1)
            };
        }
        if let Some(value) =
            schema.get("const").or(schema.get("default")).filter(|_| self.below(2) == 0)
        {
            return value.clone();
        }
        let kind = match schema.get("type") {
            Some(Json::String(kind)) => kind.clone(),
            Some(Json::Array(kinds)) => {
                kinds[self.below(kinds.len())].as_str().unwrap_or_default().to_owned()
            }
            _ => return self.any(),
        };
        self.of_kind(&kind, schema, root, depth)
    }

    fn of_kind(&mut self, kind: &str, schema: &Json, root: &Json, depth: usize) -> Json {
        match kind {
            "boolean" => Json::Bool(self.below(2) == 0),
            "integer" | "number" => {
                let bound =
                    |name: &str| schema.get(name).map_or(0, |n| n.to_string().parse().unwrap_or(0));
                let near: i64 = [bound("minimum"), bound("maximum"), 7][self.below(3)];
                Json::from(near + [-1, 0, 1][self.below(3)])
            }
            "string" => {
                let few = [
                    "",
                    "a",
                    "open",
                    "2026-01-02",
                    "https://example.org/a",
                    "some longer text",
                    "A-1",
                ];
                Json::from(few[self.below(few.len())])
            }
            "array" => {
                let items = schema.get("items").cloned().unwrap_or_default();
                let count = self.below(4);
                Json::Array((0..count).map(|_| self.value(&items, root, depth + 1)).collect())
            }
            "object" => {
                let properties =
                    schema.get("properties").and_then(Json::as_object).unwrap_or_default();
                let mut members = BTreeMap::new();
                for (name, schema) in properties {
                    if self.below(5) > 0 {
                        members.insert(name.clone(), self.value(schema, root, depth + 1));
                    }
                }
                if self.below(6) == 0 {
                    let names = ["extra", "description", "title"];
                    members.insert(names[self.below(3)].to_owned(), self.any());
                }
                Json::Object(members.into_iter().collect())
            }
            _ => Json::Null,
        }
    }
}

/// What both schemas say of many values, and what was saved: bytes before and after.
fn compare(tool: &Json, mode: Compression) -> (usize, usize, usize) {
    let written = definition(tool, mode, 300);
    let again = definition(&written, mode, 300);
    assert_eq!(again, written, "compressed twice");
    let (before, after) = (tool.get("inputSchema").unwrap(), written.get("inputSchema").unwrap());
    assert_eq!(binding(before, true), binding(after, true));
    for (key, value) in tool.as_object().unwrap() {
        let may_change = matches!(key.as_str(), "description" | "inputSchema" | "outputSchema");
        assert!(may_change || written.get(key) == Some(value), "{key}");
    }
    let first = jsonschema::validator_for(&before.to_value()).unwrap();
    let second = jsonschema::validator_for(&after.to_value()).unwrap();
    let mut samples = Samples { rng: TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]) };
    let mut valid = 0;
    for _ in 0..1000 {
        let value = samples.value(before, before, 0).to_value();
        assert_eq!(first.is_valid(&value), second.is_valid(&value), "{value}\n{before}\n{after}");
        valid += usize::from(first.is_valid(&value));
    }
    (tool.len(), written.len(), valid)
}

#[test]
fn no_constraint_is_lost() {
    let Json::Array(tools) = json(include_str!("tools.json")) else { panic!("a list of tools") };
    for mode in [Compression::Balanced, Compression::Aggressive] {
        for tool in &tools {
            let (before, after, valid) = compare(tool, mode);
            assert!(after <= before, "{tool}");
            assert!((20..1000).contains(&valid), "{valid} of 1000 samples are valid: {tool}");
        }
    }
}

/// With a file of definitions in `CALLMUX_TOOL_SET`, the same for each of its tools, and figures.
#[test]
#[expect(clippy::print_stdout, reason = "figures for who set the variable")]
fn no_constraint_of_a_tool_set_is_lost() {
    let Some(path) = std::env::var_os("CALLMUX_TOOL_SET") else { return };
    let set = json(&std::fs::read_to_string(path).unwrap());
    for mode in [Compression::Balanced, Compression::Aggressive] {
        let (mut before, mut after, mut valid) = (0, 0, 0);
        let tools = set.get("tools").and_then(Json::as_array).unwrap();
        for tool in tools {
            let member = |names: &[&str]| names.iter().find_map(|name| tool.get(name)).cloned();
            let tool = Json::object([
                ("name", member(&["tool", "name"]).unwrap()),
                ("description", member(&["description"]).unwrap_or_default()),
                ("inputSchema", member(&["inputSchema", "input_schema", "schema"]).unwrap()),
            ]);
            let figures = compare(&tool, mode);
            (before, after, valid) = (before + figures.0, after + figures.1, valid + figures.2);
        }
        println!(
            "{}: {} tools, {before} bytes before, {after} after ({} % saved), tokens about {} and {}; \
             {valid} of {} samples valid",
            mode.as_str(),
            tools.len(),
            (before - after) * 100 / before,
            before / 4,
            after / 4,
            tools.len() * 1000
        );
    }
}

proptest! {
    /// Whatever stands where a schema may stand, what binds stays.
    #[test]
    fn any_schema_keeps_what_binds(seed in any::<[u8; 32]>()) {
        let mut samples = Samples { rng: TestRng::from_seed(RngAlgorithm::ChaCha, &seed) };
        let schema = random_schema(&mut samples, 0);
        let tool = Json::object([("name", "some_tool".into()), ("inputSchema", schema.clone())]);
        for mode in [Compression::Balanced, Compression::Aggressive] {
            let written = definition(&tool, mode, 20);
            prop_assert_eq!(binding(written.get("inputSchema").unwrap(), true), binding(&schema, true));
        }
    }
}

fn random_schema(samples: &mut Samples, depth: usize) -> Json {
    let keywords = [
        "description",
        "title",
        "examples",
        "$comment",
        "default",
        "enum",
        "const",
        "properties",
        "items",
        "anyOf",
        "not",
        "$defs",
        "type",
        "x-own",
        "required",
        "additionalProperties",
    ];
    let mut members = BTreeMap::new();
    for _ in 0..samples.below(5) {
        let keyword = keywords[samples.below(keywords.len())];
        let value = if depth > 4 || samples.below(3) == 0 {
            samples.any()
        } else if samples.below(4) == 0 {
            Json::Array(vec![random_schema(samples, depth + 1)])
        } else {
            random_schema(samples, depth + 1)
        };
        members.insert(keyword.to_owned(), value);
    }
    Json::Object(members.into_iter().collect())
}
