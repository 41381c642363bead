//! Arguments that a request repeats in headers: `x-mcp-header` of a tool's `inputSchema` and
//! `Mcp-Param-*` (2026-07-28, "Custom Headers from Tool Parameters").

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{RpcError, code};
use super::headers::{PARAM_PREFIX, decode, encode};
use super::object;

const ANNOTATION: &str = "x-mcp-header";

/// One argument that is repeated in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Where the argument lies: the names of members, outermost first.
    path: Vec<Box<str>>,
    /// The header's name, in lower case.
    header: Box<str>,
}

/// Which rule an annotation breaks.
#[derive(Debug, thiserror::Error)]
pub enum BadAnnotation {
    #[error("its `inputSchema`: {0}")]
    Schema(serde_json::Error),
    #[error("`{ANNOTATION}` stands at the root of its `inputSchema`")]
    AtRoot,
    #[error("`{ANNOTATION}` stands where no argument is sure to be")]
    Unsure,
    #[error("`{ANNOTATION}` of `{0}` names a header a second time")]
    Repeated(Box<str>),
    #[error("`{ANNOTATION}` of `{0}` is no text")]
    NoText(Box<str>),
    #[error("`{ANNOTATION}` of `{0}` is no name of a header")]
    NoName(Box<str>),
    #[error("`{ANNOTATION}` of `{0}` stands at something that is no string, integer or boolean")]
    NoPrimitive(Box<str>),
}

/// What of a tool's arguments is repeated, by the text of its `inputSchema`. A client over HTTP
/// leaves out a tool of which an annotation is wrong.
pub fn annotations(schema: &str) -> Result<Vec<Mirror>, BadAnnotation> {
    if !schema.contains(ANNOTATION) {
        return Ok(Vec::new());
    }
    let schema: Value = serde_json::from_str(schema).map_err(BadAnnotation::Schema)?;
    let mut found = Vec::new();
    if schema.get(ANNOTATION).is_some() {
        return Err(BadAnnotation::AtRoot);
    }
    let reachable = collect(&schema, &mut Vec::new(), &mut found)?;
    if count(&schema) != reachable {
        return Err(BadAnnotation::Unsure);
    }
    Ok(found)
}

/// Walks `properties` and returns how many annotations it met.
fn collect(
    schema: &Value,
    path: &mut Vec<Box<str>>,
    found: &mut Vec<Mirror>,
) -> Result<usize, BadAnnotation> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(0);
    };
    let mut met = 0;
    for (name, property) in properties {
        path.push(name.as_str().into());
        if let Some(annotation) = property.get(ANNOTATION) {
            met += 1;
            let header = header_name(name, annotation, property.get("type"))?;
            if found.iter().any(|other| other.header == header) {
                return Err(BadAnnotation::Repeated(name.as_str().into()));
            }
            found.push(Mirror { path: path.clone(), header });
        }
        met += collect(property, path, found)?;
        path.pop();
    }
    Ok(met)
}

fn header_name(
    property: &str,
    annotation: &Value,
    kind: Option<&Value>,
) -> Result<Box<str>, BadAnnotation> {
    let Some(name) = annotation.as_str() else {
        return Err(BadAnnotation::NoText(property.into()));
    };
    // RFC 9110, section 5.1.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(BadAnnotation::NoName(property.into()));
    }
    match kind.and_then(Value::as_str) {
        Some("string" | "integer" | "boolean") => {
            Ok(format!("{PARAM_PREFIX}{}", name.to_ascii_lowercase()).into())
        }
        _ => Err(BadAnnotation::NoPrimitive(property.into())),
    }
}

/// How many annotations there are anywhere. A property may itself have that name.
fn count(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => {
            let below = members.iter().map(|(name, value)| match (name.as_str(), value) {
                ("properties", Value::Object(properties)) => properties.values().map(count).sum(),
                (ANNOTATION, _) => 1,
                // Data, not schemas.
                ("const" | "default" | "enum" | "examples", _) => 0,
                (_, value) => count(value),
            });
            below.sum()
        }
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// The headers for these `arguments`, the text of a JSON object. An argument that is `null` or
/// missing has none.
pub fn headers(mirrors: &[Mirror], arguments: &str) -> Vec<(Box<str>, String)> {
    let header = |mirror: &Mirror| {
        let text = mirror.value(arguments)?;
        Some((mirror.header.clone(), encode(&text).into_owned()))
    };
    mirrors.iter().filter_map(header).collect()
}

/// Compares a request's headers with its `arguments`. `header`: the value of the header of this name.
pub fn check<'h>(
    mirrors: &[Mirror],
    arguments: &str,
    header: impl Fn(&str) -> Option<&'h str>,
) -> Result<(), RpcError> {
    let mismatch = |what: String| Err(RpcError::new(code::HEADER_MISMATCH, what));
    for mirror in mirrors {
        let name = &mirror.header;
        match (mirror.value(arguments), header(name)) {
            (None, None) => {}
            (Some(body), Some(value)) => match decode(value) {
                Some(decoded) if decoded == *body => {}
                Some(decoded) => {
                    return mismatch(format!(
                        "`{name}: {decoded}` differs from the body's `{body}`"
                    ));
                }
                None => {
                    return mismatch(format!("`{name}` holds base64 that cannot be decoded"));
                }
            },
            (Some(body), None) => {
                return mismatch(format!("the `{name}` header is missing; the body says `{body}`"));
            }
            (None, Some(_)) => {
                return mismatch(format!("`{name}` repeats an argument that is not there"));
            }
        }
    }
    Ok(())
}

impl Mirror {
    /// The argument as a header has it, before it is encoded.
    fn value(&self, arguments: &str) -> Option<String> {
        let mut json = arguments;
        for name in &self.path {
            let members: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            json = members.get(&**name)?.get();
        }
        match json.as_bytes().first()? {
            b'"' => object::string(json).map(std::borrow::Cow::into_owned),
            b'{' | b'[' | b'n' => None,
            _ => Some(json.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{annotations, headers};

    #[test]
    fn arguments_are_repeated_as_they_are_written() {
        let schema = r#"{"type":"object","properties":{
            "region":{"type":"string","x-mcp-header":"Region"},
            "n":{"type":"integer","x-mcp-header":"N"},
            "flag":{"type":"boolean","x-mcp-header":"Flag"},
            "deep":{"type":"object","properties":{"er":{"type":"string","x-mcp-header":"Deep-Er"}}},
            "x-mcp-header":{"type":"string"},
            "plain":{"type":"number"}}}"#;
        let mirrors = annotations(schema).unwrap();
        let check = |arguments: &str, expected: &[(&str, &str)]| {
            let mut found = headers(&mirrors, arguments);
            found.sort();
            let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (&**n, v.as_str())).collect();
            assert_eq!(found, expected, "{arguments}");
        };
        check(
            r#"{"region":"us west","n":12345678901234567890,"flag":false,"deep":{"er":"\u0061"},"plain":1.5}"#,
            &[
                ("mcp-param-deep-er", "a"),
                ("mcp-param-flag", "false"),
                ("mcp-param-n", "12345678901234567890"),
                ("mcp-param-region", "us west"),
            ],
        );
        check(r#"{"region":"é"}"#, &[("mcp-param-region", "=?base64?w6k=?=")]);
        check(r#"{"region":"","n":null,"deep":7}"#, &[("mcp-param-region", "")]);
        check("{}", &[]);
        assert_eq!(annotations(r#"{"type":"object"}"#).unwrap(), []);
    }

    #[test]
    fn wrong_annotations_are_named() {
        let check = |properties: &str, words: &str| {
            let schema = format!(r#"{{"type":"object","properties":{properties}}}"#);
            let error = annotations(&schema).unwrap_err().to_string();
            assert!(error.contains(words), "{properties}: {error}");
        };
        for name in ["", "a b", "a:b", "Région", r"a\tb", r"a\r\n"] {
            let property = format!(r#"{{"v":{{"type":"string","x-mcp-header":"{name}"}}}}"#);
            check(&property, "is no name of a header");
        }
        for kind in ["object", "array", "null", "number"] {
            let property = format!(r#"{{"v":{{"type":"{kind}","x-mcp-header":"V"}}}}"#);
            check(&property, "no string, integer or boolean");
        }
        check(r#"{"v":{"x-mcp-header":"V"}}"#, "no string, integer or boolean");
        check(r#"{"v":{"type":"string","x-mcp-header":7}}"#, "is no text");
        let twice = r#"{"a":{"type":"string","x-mcp-header":"V"},"b":{"type":"string","x-mcp-header":"v"}}"#;
        check(twice, "a second time");
        let item = r#"{"v":{"type":"array","items":{"type":"string","x-mcp-header":"V"}}}"#;
        check(item, "where no argument is sure to be");
        let error = annotations(r#"{"x-mcp-header":"V"}"#).unwrap_err().to_string();
        assert!(error.contains("at the root"));
    }
}
