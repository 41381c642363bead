//! Where schemas lie in a schema, and whether all dialects read it alike.
//!
//! A name such as `description` is a keyword in a schema, a parameter in `properties`, and somebody's
//! data in `default`. Whoever changes a schema must tell them apart.

use crate::json::Json;

/// What the value of a keyword is made of (JSON Schema 2020-12, core, section 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// One schema, or a list of them.
    Schemas,
    /// An object whose members are schemas; their names are not keywords.
    NamedSchemas,
    /// Anything else. It is nobody's business but the validator's.
    Data,
}

/// What `keyword` holds, in any dialect since draft 4.
pub fn holds(keyword: &str) -> Holds {
    match keyword {
        "additionalItems"
        | "additionalProperties"
        | "allOf"
        | "anyOf"
        | "contains"
        | "contentSchema"
        | "else"
        | "if"
        | "items"
        | "not"
        | "oneOf"
        | "prefixItems"
        | "propertyNames"
        | "then"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Holds::Schemas,
        "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties"
        | "properties" => Holds::NamedSchemas,
        _ => Holds::Data,
    }
}

/// Whether `predicate` holds of each keyword of the schema and of all schemas within.
pub fn all(schema: &Json, predicate: &impl Fn(&str, &Json, &Json) -> bool) -> bool {
    let Json::Object(members) = schema else { return true };
    members.iter().all(|(keyword, value)| {
        predicate(keyword, value, schema)
            && match (holds(keyword), value) {
                (Holds::Schemas, Json::Array(items)) => {
                    items.iter().all(|item| all(item, predicate))
                }
                (Holds::Schemas, _) => all(value, predicate),
                (Holds::NamedSchemas, Json::Object(named)) => {
                    named.iter().all(|(_, schema)| all(schema, predicate))
                }
                _ => true,
            }
    })
}

/// Whether a local reference leads through `part` of a pointer. References count wherever they stand.
pub fn has_reference_into(value: &Json, part: &str) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| has_reference_into(item, part)),
        Json::Object(members) => members.iter().any(|(key, value)| {
            let is_into = value.as_str().is_some_and(|to| to.contains(part));
            key == "$ref" && is_into || has_reference_into(value, part)
        }),
        _ => false,
    }
}

/// Whether a validator that takes `root` for another dialect than its `$schema` says comes to the
/// same verdicts, so that naming the dialect tells nobody anything. Only what has not changed since
/// draft 7 counts; MCP takes a schema without `$schema` for 2020-12.
pub fn is_neutral(root: &Json) -> bool {
    let Some(dialect) = root.get("$schema").and_then(Json::as_str) else { return false };
    // Up to draft 7 a format is checked by default, later it is a remark.
    let allows_format = match dialect.trim_end_matches('#') {
        "https://json-schema.org/draft/2020-12/schema"
        | "https://json-schema.org/draft/2019-09/schema" => true,
        "http://json-schema.org/draft-07/schema" | "https://json-schema.org/draft-07/schema" => {
            false
        }
        _ => return false,
    };
    all(root, &|keyword, value, schema| match keyword {
        "$schema" => std::ptr::eq(schema, root),
        "format" => allows_format,
        "items" | "contains" | "propertyNames" | "not" | "additionalProperties" => {
            !matches!(value, Json::Array(_))
        }
        // Up to draft 7 whatever stands beside a reference is not read.
        "$ref" => {
            value.as_str().is_some_and(|to| to == "#" || to.starts_with("#/")) && {
                let beside = schema.as_object().unwrap_or_default();
                beside.iter().all(|(keyword, _)| keyword == "$ref" || is_remark(keyword))
            }
        }
        _ => is_remark(keyword) || SAME_SINCE_DRAFT_7.contains(&keyword),
    })
}

/// Keywords that explain and bind nobody (2020-12, validation, section 9).
fn is_remark(keyword: &str) -> bool {
    matches!(
        keyword,
        "$comment"
            | "default"
            | "deprecated"
            | "description"
            | "examples"
            | "readOnly"
            | "title"
            | "writeOnly"
    )
}

const SAME_SINCE_DRAFT_7: &[&str] = &[
    "$defs",
    "allOf",
    "anyOf",
    "const",
    "definitions",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "required",
    "then",
    "type",
    "uniqueItems",
];

#[cfg(test)]
mod tests {
    use super::{Json, is_neutral};

    #[test]
    fn only_what_all_dialects_read_alike_is_neutral() {
        let modern = "https://json-schema.org/draft/2020-12/schema";
        let seven = "http://json-schema.org/draft-07/schema#";
        let check = |dialect: &str, rest: &str, expected: bool| {
            let schema = format!(r#"{{"$schema":"{dialect}",{rest}}}"#);
            assert_eq!(is_neutral(&Json::parse(&schema).unwrap()), expected, "{schema}");
        };
        for dialect in [modern, seven] {
            check(dialect, r#""type":"object","properties":{"items":{"type":"string"}}"#, true);
            check(dialect, r##""properties":{"a":{"$ref":"#/$defs/a","title":"A"}}"##, true);
            check(dialect, r##""properties":{"a":{"$ref":"#/$defs/a","type":"string"}}"##, false);
            check(dialect, r#""properties":{"a":{"$ref":"b.json"}}"#, false);
            check(dialect, r#""prefixItems":[{}]"#, false);
            check(dialect, r#""items":[{}]"#, false);
            check(dialect, r#""not":{"unevaluatedProperties":false}"#, false);
            check(dialect, r#""default":{"unevaluatedProperties":false}"#, true);
            check(dialect, r#""$id":"x""#, false);
            check(dialect, r#""items":{"$schema":"x"}"#, false);
        }
        check(modern, r#""items":{"format":"date"}"#, true);
        check(seven, r#""items":{"format":"date"}"#, false);
        check("http://json-schema.org/draft-04/schema#", r#""type":"object""#, false);
    }
}
