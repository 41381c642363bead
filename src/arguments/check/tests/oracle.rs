//! What a whole validator says of the same arguments.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::super::Checker;
use crate::json::{Json, Path};

/// What the documentation of the checker says is not checked, or not in every form.
const NOT_CHECKED: &[&str] =
    &["contentEncoding", "format", "pattern", "unevaluatedItems", "unevaluatedProperties"];
/// What depends on something within.
const COMBINED: &[&str] = &["anyOf", "contains", "else", "not", "oneOf", "then"];
const TEXTS: &[&str] = &[
    "", "a", "b", "no", "text", "file", "abcd", "x-1", "A1", "é", "2026-01", "a\nb", "a1.-", "bcc",
];
const NAMES: &[&str] =
    &["a", "b", "c", "x-1", "extra", "path", "kind", "n", "name", "i", "next", "Long"];
const KINDS: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

/// Values and schemas without a plan, and values that a schema might have wanted.
struct Samples {
    rng: TestRng,
}

impl Samples {
    fn new(seed: [u8; 32]) -> Self {
        Self { rng: TestRng::from_seed(RngAlgorithm::ChaCha, &seed) }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.next_u32() as usize % bound.max(1)
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    fn any(&mut self, depth: usize) -> Json {
        let numbers = ["0", "1", "1.0", "-1", "3", "2.5", "0.3", "1e2", "9007199254740993", "-0.0"];
        match self.below(if depth > 2 { 5 } else { 8 }) {
            0 => Json::Null,
            1 => Json::Bool(self.below(2) == 0),
            2 | 3 => json(self.pick(&numbers)),
            4 => self.pick(TEXTS).into(),
            5 | 6 => {
                let names: Vec<&str> = (0..self.below(4)).map(|_| self.pick(NAMES)).collect();
                let members = names.into_iter().map(|name| (name, self.any(depth + 1)));
                Json::object(members.collect::<Vec<_>>())
            }
            _ => {
                let count = self.below(4);
                Json::Array((0..count).map(|_| self.any(depth + 1)).collect())
            }
        }
    }

    /// A value that is not far from a schema.
    fn near(&mut self, schema: &Json, root: &Json, depth: usize) -> Json {
        if depth > 6 || self.below(8) == 0 {
            return self.any(2);
        }
        let reference = schema.get("$ref").and_then(Json::as_str).unwrap_or_default();
        if let Ok(path) = Path::parse(reference.trim_start_matches('#'))
            && !reference.is_empty()
        {
            return path.find(root).map_or(Json::Null, |to| self.near(to, root, depth + 1));
        }
        for keyword in ["enum", "anyOf", "oneOf"] {
            let options = schema.get(keyword).and_then(Json::as_array).unwrap_or_default();
            let at = self.below(options.len());
            match options.get(at) {
                Some(option) if keyword == "enum" => return option.clone(),
                Some(option) => return self.near(option, root, depth + 1),
                None => {}
            }
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        let has = |names: &[&str]| names.iter().any(|name| schema.get(name).is_some());
        match schema.get("type").and_then(Json::as_str) {
            Some("integer" | "number") => {
                let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
                let bound = schema.get(self.pick(&bounds)).map(Json::to_string);
                let near: i64 = bound.and_then(|bound| bound.parse().ok()).unwrap_or(1);
                Json::from(near.saturating_add([-1, 0, 1][self.below(3)]))
            }
            Some("string") => self.pick(TEXTS).into(),
            Some("boolean") => Json::Bool(true),
            Some("array") => {
                let items = schema.get("items").cloned().unwrap_or_default();
                let count = self.below(4);
                Json::Array((0..count).map(|_| self.near(&items, root, depth + 1)).collect())
            }
            Some("object") | None if has(&["properties", "allOf", "type", "propertyNames"]) => {
                self.object(schema, root, depth)
            }
            _ => self.any(1),
        }
    }

    fn object(&mut self, schema: &Json, root: &Json, depth: usize) -> Json {
        let all = schema.get("allOf").and_then(Json::as_array).unwrap_or_default();
        let mut members = Vec::new();
        for schema in all.iter().chain([schema]) {
            let properties = schema.get("properties").and_then(Json::as_object);
            for (name, schema) in properties.unwrap_or_default() {
                if self.below(4) > 0 {
                    members.push((name.as_str(), self.near(schema, root, depth + 1)));
                }
            }
        }
        if self.below(4) == 0 {
            members.push((self.pick(NAMES), self.any(2)));
        }
        Json::object(members)
    }

    fn schema(&mut self, depth: usize) -> Json {
        if self.below(12) == 0 {
            return Json::Bool(self.below(3) > 0);
        }
        let mut members = Vec::new();
        for _ in 0..=self.below(4) {
            members.push(if depth > 2 { self.assertion() } else { self.keyword(depth) });
        }
        if depth == 0 {
            members.push(("$defs", Json::object([("a", self.schema(3)), ("b", self.schema(3))])));
        }
        Json::object(members)
    }

    fn keyword(&mut self, depth: usize) -> (&'static str, Json) {
        match self.below(24) {
            0 => ("$ref", self.pick(&["#/$defs/a", "#/$defs/b", "#"]).into()),
            1 | 2 => (self.pick(&["allOf", "anyOf", "oneOf", "prefixItems"]), self.schemas(depth)),
            3 | 4 => (self.pick(&["not", "if", "then", "else"]), self.schema(depth + 1)),
            5 => (self.pick(&["items", "contains", "propertyNames"]), self.schema(depth + 1)),
            6 => ("additionalProperties", self.schema(depth + 1)),
            7 => ("unevaluatedProperties", Json::Bool(false)),
            8 => ("dependentSchemas", Json::object([(self.pick(NAMES), self.schema(depth + 1))])),
            9..=12 => {
                let names = [self.pick(NAMES), self.pick(NAMES), self.pick(NAMES)];
                let schemas = names.map(|name| (name, self.schema(depth + 1)));
                ("properties", Json::object(schemas))
            }
            13 => {
                let patterns = ["^a", "^x-", "[b-d]$", "^.$"];
                let schemas = [(self.pick(&patterns), self.schema(depth + 1))];
                ("patternProperties", Json::object(schemas))
            }
            _ => self.assertion(),
        }
    }

    fn schemas(&mut self, depth: usize) -> Json {
        let count = 1 + self.below(3);
        Json::Array((0..count).map(|_| self.schema(depth + 1)).collect())
    }

    fn assertion(&mut self) -> (&'static str, Json) {
        match self.below(12) {
            0..=3 => ("type", self.pick(KINDS).into()),
            4 => ("type", Json::Array(vec!["integer".into(), self.pick(&KINDS[3..]).into()])),
            5 => ("enum", Json::Array((0..3).map(|_| self.any(1)).collect())),
            6 => ("const", self.any(1)),
            7 => {
                let limit = json(self.pick(&["0", "1", "1.5", "3", "1e2"]));
                let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
                (self.pick(&bounds), limit)
            }
            8 => ("multipleOf", json(self.pick(&["0.1", "0.5", "1", "2", "3"]))),
            9 => {
                let counts = [
                    "minLength",
                    "maxLength",
                    "minItems",
                    "maxItems",
                    "minProperties",
                    "maxProperties",
                    "minContains",
                    "maxContains",
                ];
                (self.pick(&counts), json(self.pick(&["0", "1", "2.0", "3"])))
            }
            10 => ("required", Json::Array(vec![self.pick(NAMES).into()])),
            _ => ("uniqueItems", Json::Bool(true)),
        }
    }
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

/// What became of one set of arguments.
#[derive(Debug, Default)]
struct Figures {
    valid: usize,
    wrong: usize,
    missed: usize,
}

/// Whether the documentation says that an error at `path` may be missed.
fn is_documented(schema: &Json, path: &str) -> bool {
    let is_named = |keywords: &[&str]| path.split('/').any(|part| keywords.contains(&part));
    let text = schema.to_string();
    let has_any = || NOT_CHECKED.iter().any(|keyword| text.contains(&format!("\"{keyword}\":")));
    let is_draft_4 = text.contains("draft-04") && path.ends_with("/type");
    let is_circle = text.contains(r##""$ref":"#""##);
    is_named(NOT_CHECKED) || is_named(COMBINED) && has_any() || is_draft_4 || is_circle
}

fn compare(
    schema: &Json,
    (checker, oracle): (&Checker, &jsonschema::Validator),
    value: &Json,
    figures: &mut Figures,
) {
    let problems = checker.problems(value, 8);
    let is_valid = oracle.is_valid(&value.to_value());
    assert!(problems.is_empty() || !is_valid, "false alarm: {schema}\n{value}\n{problems:?}");
    if is_valid {
        figures.valid += 1;
    } else if problems.is_empty() {
        for error in oracle.iter_errors(&value.to_value()) {
            let path = error.schema_path().to_string();
            assert!(is_documented(schema, &path), "missed: {path} {schema}\n{value}");
        }
        figures.missed += 1;
    } else {
        figures.wrong += 1;
    }
}

fn compare_many(schema: &Json, count: usize) -> Figures {
    let checker = Checker::compile(schema).unwrap();
    let oracle = jsonschema::validator_for(&schema.to_value()).unwrap();
    let mut samples = Samples::new([7; 32]);
    let mut figures = Figures::default();
    for _ in 0..count {
        let value = samples.near(schema, schema, 0);
        compare(schema, (&checker, &oracle), &value, &mut figures);
    }
    figures
}

#[test]
fn a_validator_says_the_same() {
    for schema in json(include_str!("schemas.json")).as_array().unwrap() {
        let figures = compare_many(schema, 2000);
        assert!(figures.valid > 20 && figures.wrong > 20, "{schema}: {figures:?}");
        assert!(figures.missed * 2 < figures.wrong, "{schema}: {figures:?}");
    }
}

/// With a file of definitions in `CALLMUX_TOOL_SET`, the same for each of its tools, and figures.
#[test]
#[expect(clippy::print_stdout, reason = "figures for who set the variable")]
fn a_validator_says_the_same_of_a_tool_set() {
    let Some(path) = std::env::var_os("CALLMUX_TOOL_SET") else { return };
    let set = json(&std::fs::read_to_string(path).unwrap());
    for tool in set.get("tools").and_then(Json::as_array).unwrap() {
        let names = ["inputSchema", "input_schema", "schema"];
        let schema = names.iter().find_map(|name| tool.get(name)).unwrap();
        println!("{:?} {}", compare_many(schema, 2000), schema);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_schema_makes_a_false_alarm(seed in any::<[u8; 32]>()) {
        let mut samples = Samples::new(seed);
        let schema = samples.schema(0);
        let Ok(oracle) = jsonschema::validator_for(&schema.to_value()) else { return Ok(()) };
        let checker = Checker::compile(&schema).unwrap();
        for _ in 0..20 {
            let value =
                if samples.below(2) == 0 { samples.any(0) } else { samples.near(&schema, &schema, 0) };
            compare(&schema, (&checker, &oracle), &value, &mut Figures::default());
        }
    }

    #[test]
    fn patterns_say_the_same(
        pattern in r"(\^|)([ab.,1-]|\\[dwsDWSbB.n<-]|\[\^?[ab\\d&~-]{0,3}\]|[()|]|\(\?[:=]|\{1?,?2?\}|[*+?]){0,6}(\$|)",
        texts in prop::collection::vec("[ab1 ._,<é\n-]{0,5}", 4),
    ) {
        let schema = Json::object([("pattern", pattern.as_str().into())]);
        let Ok(oracle) = jsonschema::validator_for(&schema.to_value()) else { return Ok(()) };
        let checker = Checker::compile(&schema).unwrap();
        for text in &texts {
            let text = Json::from(text.as_str());
            let is_wrong = !checker.problems(&text, 1).is_empty();
            prop_assert!(!is_wrong || !oracle.is_valid(&text.to_value()), "{} {}", pattern, text);
        }
    }
}
