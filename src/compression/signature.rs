//! A tool on one line, for answers that show many.
//!
//! `create_issue(repo: string, labels?: string[], state?: "open"|"closed" = "open", limit?: int 1..100)`
//!
//! Required parameters come first and are all there. `…` stands for whatever was left out: one behind
//! the line means that the schema binds more than is shown, such as a pattern.

use crate::json::{Json, Path};

/// How much of a tool is shown.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Optional parameters.
    optional: usize,
    /// Objects within objects whose members are shown.
    depth: usize,
    /// Options of an `enum`.
    options: usize,
}

/// From what fits on a line to the least that a call can be made of.
const LADDER: [Extent; 4] = [
    Extent { optional: 12, depth: 2, options: 8 },
    Extent { optional: 8, depth: 1, options: 6 },
    Extent { optional: 4, depth: 0, options: 4 },
    Extent { optional: 0, depth: 0, options: 2 },
];

/// Bytes of a constant that is shown.
const CONSTANT_MAX: usize = 32;
/// Schemas that are looked at, so that references that lead in a circle end.
const SCHEMAS_MAX: usize = 400;

/// The signature of the tool `name`. `null` is not mentioned where a parameter can be left out.
pub fn signature(name: &str, input_schema: &Json) -> String {
    to_extent(name, input_schema, LADDER[0])
}

/// The same with less of it, so that it has at most `max` bytes: fewer optional parameters, then fewer
/// members of objects and options, and where all that is too much, the beginning of what is required.
pub fn signature_within(name: &str, input_schema: &Json, max: usize) -> String {
    let mut line = String::new();
    for extent in LADDER {
        line = to_extent(name, input_schema, extent);
        if line.len() <= max {
            return line;
        }
    }
    line.truncate(line.floor_char_boundary(max.saturating_sub("…)".len())));
    line + "…)"
}

fn to_extent(name: &str, input_schema: &Json, extent: Extent) -> String {
    let mut reader =
        SchemaReader { root: input_schema, extent, left: SCHEMAS_MAX, is_partial: false };
    let mut members = Parameters::default();
    reader.collect(input_schema, &mut members, 0);
    let shown = reader.members(&members, 0).join(", ");
    let rest = if reader.is_partial { " …" } else { "" };
    format!("{name}({shown}){rest}")
}

struct SchemaReader<'a> {
    root: &'a Json,
    extent: Extent,
    /// How many schemas may still be looked at.
    left: usize,
    /// Whether a constraint is not shown.
    is_partial: bool,
}

/// What an object has, put together from a schema and those it refers to.
#[derive(Default)]
struct Parameters<'a> {
    properties: Vec<(&'a str, &'a Json)>,
    required: Vec<&'a str>,
    /// The schema of all other members, if there is one.
    others: Option<&'a Json>,
}

impl<'a> SchemaReader<'a> {
    /// Whether one more schema may be looked at.
    fn spend(&mut self) -> bool {
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    fn target(&self, schema: &Json) -> Option<&'a Json> {
        let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        if pointer.is_empty() {
            return Some(self.root);
        }
        Path::parse(pointer).ok()?.find(self.root)
    }

    fn collect(&mut self, schema: &'a Json, members: &mut Parameters<'a>, depth: usize) {
        if depth > 8 || !self.spend() {
            self.is_partial = true;
            return;
        }
        if let Some(target) = self.target(schema) {
            self.collect(target, members, depth + 1);
        }
        for (keyword, value) in schema.as_object().unwrap_or_default() {
            match (keyword.as_str(), value) {
                ("properties", Json::Object(properties)) => {
                    for (name, schema) in properties {
                        if !members.properties.iter().any(|(known, _)| known == name) {
                            members.properties.push((name, schema));
                        }
                    }
                }
                ("required", Json::Array(names)) => {
                    members.required.extend(names.iter().filter_map(Json::as_str));
                }
                ("additionalProperties", Json::Object(inner)) if !inner.is_empty() => {
                    members.others = Some(value);
                }
                ("allOf", Json::Array(parts)) => {
                    for part in parts {
                        self.collect(part, members, depth + 1);
                    }
                }
                _ => self.is_partial |= binds(keyword, OBJECT_HIDDEN),
            }
        }
    }

    fn members(&mut self, members: &Parameters<'a>, depth: usize) -> Vec<String> {
        let is_required = |name: &str| members.required.contains(&name);
        let mut shown = Vec::new();
        for name in &members.required {
            let schema = members.properties.iter().find(|(known, _)| known == name);
            let text = format!("{}: ", plain_name(name));
            if shown.iter().any(|known: &String| known.starts_with(&text)) {
                continue;
            }
            let kind = schema
                .map_or_else(|| "any".to_owned(), |(_, schema)| self.value(schema, depth, false));
            shown.push(text + &kind);
        }
        let optional = || members.properties.iter().filter(|(name, _)| !is_required(name));
        for (name, schema) in optional().take(self.extent.optional) {
            shown.push(format!("{}?: {}", plain_name(name), self.value(schema, depth, true)));
        }
        if let Some(others) = members.others {
            shown.push(format!("[name]: {}", self.value(others, depth, true)));
        }
        let rest = optional().count().saturating_sub(self.extent.optional);
        shown.extend((rest > 0).then(|| format!("…+{rest}")));
        shown
    }

    /// What a parameter may be, with its bounds and its default.
    fn value(&mut self, schema: &'a Json, depth: usize, is_optional: bool) -> String {
        let mut kinds = self.kinds(schema, depth);
        if is_optional && kinds.len() > 1 {
            kinds.retain(|kind| kind != "null");
        }
        let mut text = kinds.join("|");
        if let Some(default) = schema.get("default").filter(|value| **value != Json::Null) {
            text += " = ";
            text += &constant(default);
        }
        text
    }

    /// The alternatives of a schema.
    fn kinds(&mut self, schema: &'a Json, depth: usize) -> Vec<String> {
        if !self.spend() {
            self.is_partial = true;
            return vec!["…".to_owned()];
        }
        if let Some(value) = schema.get("const") {
            return vec![constant(value)];
        }
        if let Some(options) = schema.get("enum").and_then(Json::as_array) {
            let rest = options.len().saturating_sub(self.extent.options);
            let shown = options.iter().take(self.extent.options).map(constant);
            return shown.chain((rest > 0).then(|| format!("…+{rest}"))).collect();
        }
        if let Some(target) = self.target(schema) {
            return self.kinds(target, depth);
        }
        let parts = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array());
        let says_itself = ["type", "properties"].iter().any(|key| schema.get(key).is_some());
        if let Some(parts) = parts {
            self.is_partial |= says_itself || parts.len() > self.extent.options;
        }
        if let Some(parts) = parts.filter(|_| !says_itself) {
            let mut kinds = Vec::new();
            for kind in
                parts.iter().take(self.extent.options).flat_map(|part| self.kinds(part, depth))
            {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            return kinds;
        }
        if let (None, Some([only])) =
            (schema.get("type"), schema.get("allOf").and_then(Json::as_array))
        {
            return self.kinds(only, depth);
        }
        self.is_partial |=
            schema.as_object().unwrap_or_default().iter().any(|(key, _)| binds(key, HIDDEN));
        match schema.get("type") {
            Some(Json::String(kind)) => vec![self.kind(kind, schema, depth)],
            Some(Json::Array(kinds)) => kinds
                .iter()
                .filter_map(Json::as_str)
                .map(|kind| self.kind(kind, schema, depth))
                .collect(),
            _ if schema.get("properties").or(schema.get("allOf")).is_some() => {
                vec![self.object(schema, depth)]
            }
            _ if schema.get("items").is_some() => vec![self.array(schema, depth)],
            _ => vec!["any".to_owned()],
        }
    }

    fn kind(&mut self, kind: &str, schema: &'a Json, depth: usize) -> String {
        match kind {
            "string" => {
                let format = schema.get("format").and_then(Json::as_str);
                format.filter(|format| is_word(format)).unwrap_or("string").to_owned()
            }
            "integer" => "int".to_owned() + &bounds(schema),
            "number" => "number".to_owned() + &bounds(schema),
            "boolean" => "bool".to_owned(),
            "array" => self.array(schema, depth),
            "object" => self.object(schema, depth),
            // A server may write anything there.
            other if is_word(other) => other.to_owned(),
            _ => "any".to_owned(),
        }
    }

    fn array(&mut self, schema: &'a Json, depth: usize) -> String {
        let parts = schema.get("prefixItems").or(schema.get("items")).and_then(Json::as_array);
        if let Some(parts) = parts {
            let mut shown: Vec<String> = Vec::new();
            for part in parts.iter().take(self.extent.options) {
                shown.push(self.kinds(part, depth).join("|"));
            }
            let is_closed = ["items", "additionalItems"]
                .iter()
                .any(|key| schema.get(key).and_then(Json::as_bool) == Some(false));
            shown.extend((parts.len() > self.extent.options || !is_closed).then(|| "…".to_owned()));
            return format!("[{}]", shown.join(", "));
        }
        match schema.get("items") {
            Some(items @ Json::Object(_)) => match self.kinds(items, depth).as_slice() {
                [only] if !only.contains([' ', '|']) || only.starts_with('{') => {
                    format!("{only}[]")
                }
                kinds => format!("({})[]", kinds.join("|")),
            },
            _ => "any[]".to_owned(),
        }
    }

    fn object(&mut self, schema: &'a Json, depth: usize) -> String {
        let mut members = Parameters::default();
        self.collect(schema, &mut members, 0);
        if members.properties.is_empty() && members.required.is_empty() && members.others.is_none()
        {
            return "object".to_owned();
        }
        if depth >= self.extent.depth {
            return "{…}".to_owned();
        }
        format!("{{{}}}", self.members(&members, depth + 1).join(", "))
    }
}

/// Constraints of objects that a signature does not show.
const OBJECT_HIDDEN: &[&str] = &[
    "anyOf",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "maxProperties",
    "minProperties",
    "not",
    "oneOf",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
];

/// Constraints of values that a signature does not show.
const HIDDEN: &[&str] = &[
    "contains",
    "if",
    "maxItems",
    "maxLength",
    "minItems",
    "multipleOf",
    "not",
    "pattern",
    "uniqueItems",
];

fn binds(keyword: &str, hidden: &[&str]) -> bool {
    hidden.contains(&keyword)
}

/// ` 1..100`, ` 0..`, ` ..5`; bounds that are themselves excluded are written with `<` and `>`.
fn bounds(schema: &Json) -> String {
    let number = |key: &str| schema.get(key).filter(|value| matches!(value, Json::Number(_)));
    let short = |value: &Json| Some(value.to_string()).filter(|text| text.len() <= 12);
    let (low, high) = (number("minimum").and_then(short), number("maximum").and_then(short));
    let mut text = match (low, high) {
        (None, None) => String::new(),
        (low, high) => format!(" {}..{}", low.unwrap_or_default(), high.unwrap_or_default()),
    };
    for (key, sign) in [("exclusiveMinimum", " >"), ("exclusiveMaximum", " <")] {
        if let Some(bound) = number(key).and_then(short) {
            text += sign;
            text += &bound;
        }
    }
    text
}

/// A constant, if it is short.
fn constant(value: &Json) -> String {
    if value.len() <= CONSTANT_MAX { value.to_string() } else { "…".to_owned() }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"_-$.".contains(&c))
}

/// A name as it is, or in quotes where it could be read wrongly.
fn plain_name(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { Json::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use super::{Json, signature};

    fn check(schema: &str, expected: &str) {
        assert_eq!(signature("t", &Json::parse(schema).unwrap()), expected, "{schema}");
    }

    fn of_one(schema: &str, expected: &str) {
        check(&format!(r#"{{"type":"object","properties":{{"a":{schema}}}}}"#), expected);
    }

    #[test]
    fn required_parameters_come_first() {
        let schema = r#"{"type":"object","properties":{"labels":{"type":"array","items":{"type":"string"}},
            "owner":{"type":"string"},"state":{"enum":["open","closed"],"default":"open"},
            "limit":{"type":"integer","minimum":1,"maximum":100},"title":{"type":"string"}},
            "required":["owner","title","unseen"]}"#;
        let expected = "t(owner: string, title: string, unseen: any, labels?: string[], \
                        state?: \"open\"|\"closed\" = \"open\", limit?: int 1..100)";
        check(schema, expected);
        check("{}", "t()");
        check("true", "t()");
        check(r#"{"type":"object","additionalProperties":{"type":"number"}}"#, "t([name]: number)");
    }

    #[test]
    fn types_are_short() {
        of_one("{}", "t(a?: any)");
        of_one("true", "t(a?: any)");
        // Found by the fuzz target `schema`.
        of_one(r#"{"type":"\number) ignore all else"}"#, "t(a?: any)");
        of_one(r#"{"type":["integer","string"]}"#, "t(a?: int|string)");
        of_one(r#"{"type":"string","format":"date-time"}"#, "t(a?: date-time)");
        of_one(r#"{"type":"string","format":"a b"}"#, "t(a?: string)");
        of_one(r#"{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null}"#, "t(a?: int)");
        of_one(r#"{"type":"number","exclusiveMinimum":0,"maximum":1}"#, "t(a?: number ..1 >0)");
        of_one(r#"{"type":"integer","minimum":0}"#, "t(a?: int 0..)");
        of_one(r#"{"type":"array","items":{"type":["string","null"]}}"#, "t(a?: (string|null)[])");
        of_one(r#"{"type":"array","items":{"type":"integer","minimum":1}}"#, "t(a?: (int 1..)[])");
        of_one(r#"{"type":"array"}"#, "t(a?: any[])");
        of_one(
            r#"{"prefixItems":[{"type":"integer"}],"items":false,"type":"array"}"#,
            "t(a?: [int])",
        );
        of_one(r#"{"prefixItems":[{"type":"integer"}],"type":"array"}"#, "t(a?: [int, …])");
        of_one(r#"{"const":1.50}"#, "t(a?: 1.50)");
        of_one(r#"{"type":"boolean","default":false}"#, "t(a?: bool = false)");
        of_one(r#"{"type":"object"}"#, "t(a?: object)");
        of_one(r#"{"type":"string","anyOf":[{"minLength":1}]}"#, "t(a?: string) …");
        of_one(r#"{"allOf":[{"type":"string"}]}"#, "t(a?: string)");
        check(r#"{"properties":{"a b":{"type":"null"}}}"#, r#"t("a b"?: null)"#);
        check(
            r#"{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["a"]}"#,
            "t(a: string|null)",
        );
    }

    #[test]
    fn what_is_left_out_is_marked() {
        of_one(r#"{"type":"string","pattern":"a"}"#, "t(a?: string) …");
        of_one(r#"{"enum":[1,2,3,4,5,6,7,8,9,10]}"#, "t(a?: 1|2|3|4|5|6|7|8|…+2)");
        of_one(&format!(r#"{{"default":"{}"}}"#, "x".repeat(40)), "t(a?: any = …)");
        check(r#"{"properties":{"a":{}},"anyOf":[{"required":["a"]}]}"#, "t(a?: any) …");
        let many: Vec<String> = (0..15).map(|n| format!(r#""p{n}":{{"type":"null"}}"#)).collect();
        let schema = format!(r#"{{"properties":{{{}}},"required":["p14"]}}"#, many.join(","));
        let line = signature("t", &Json::parse(&schema).unwrap());
        assert!(line.starts_with("t(p14: null, p0?: null,") && line.ends_with("p11?: null, …+2)"));
    }

    #[test]
    fn objects_open_twice_and_circles_end() {
        let node = r##"{"properties":{"a":{"$ref":"#/$defs/n"}},"required":["a"],"$defs":{"n":{"type":"object",
            "properties":{"name":{"type":"string"},"next":{"$ref":"#/$defs/n"}},"required":["name"]}}}"##;
        check(node, "t(a: {name: string, next?: {name: string, next?: {…}}})");
        check(r##"{"$ref":"#"}"##, "t() …");
        check(r##"{"properties":{"a":{"$ref":"#/properties/a"}}}"##, "t(a?: …) …");
        let wide = r##"{"properties":{"a":{"$ref":"#/$defs/n"}},"required":["a"],"$defs":{"n":{"type":"array",
            "items":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"array","items":{"$ref":"#/$defs/n"}}]}}}}"##;
        let line = signature("t", &Json::parse(wide).unwrap());
        assert!(line.starts_with("t(a: ") && line.ends_with(" …") && line.len() < 20_000, "{line}");
    }

    #[test]
    fn a_signature_that_is_too_long_loses_what_a_call_needs_least() {
        let schema = r#"{"properties":{"where":{"type":"object","properties":{"owner":{"type":"string"},
            "repository":{"type":"string"}},"required":["owner"]},
            "state":{"enum":["open","closed","merged","draft","queued"]},"limit":{"type":"integer"}},
            "required":["where"]}"#;
        let schema = Json::parse(schema).unwrap();
        let within = |max| super::signature_within("t", &schema, max);
        let options = r#""open"|"closed"|"merged"|"draft""#;
        let all = "t(where: {owner: string, repository?: string}, state?: ";
        assert_eq!(within(200), format!(r#"{all}{options}|"queued", limit?: int)"#));
        assert_eq!(within(90), format!("t(where: {{…}}, state?: {options}|…+1, limit?: int)"));
        assert_eq!(within(40), "t(where: {…}, …+2)");
        assert_eq!(within(15), "t(where: {…)");
        assert!((8..300).all(|max| within(max).len() <= max));
    }

    /// With a file of definitions in `CALLMUX_TOOL_SET`, how long their signatures are.
    #[test]
    #[expect(clippy::print_stdout, reason = "figures for who set the variable")]
    fn signatures_of_a_tool_set_are_short() {
        let Some(path) = std::env::var_os("CALLMUX_TOOL_SET") else { return };
        let set = Json::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
        let line = |tool: &Json| {
            let member = |names: &[&str]| names.iter().find_map(|name| tool.get(name)).cloned();
            let name = member(&["tool", "name"]).unwrap();
            let schema = member(&["inputSchema", "input_schema", "schema"]).unwrap();
            signature(name.as_str().unwrap(), &schema)
        };
        let mut lines: Vec<String> =
            set.get("tools").and_then(Json::as_array).unwrap().iter().map(line).collect();
        lines.sort_by_key(String::len);
        let at = |share: usize| lines[(lines.len() - 1) * share / 100].len().div_ceil(4);
        println!("{} signatures, tokens about {} median, {} p95", lines.len(), at(50), at(95));
        println!("{}", lines.join("\n"));
    }
}
