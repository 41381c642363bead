//! What a schema permits at a place, as far as kinds of values go.
//!
//! Where something is not understood (a foreign reference, a pattern, a bound) the answer is "permitted":
//! whatever a validator accepts is permitted here.

use std::cell::Cell;

use crate::json::{Json, Path};

/// How many schemas and values one look at some arguments may visit.
const VISITS_MAX: usize = 1_000_000;
/// How deep references and combinations may lie in each other at one place.
const DEPTH_MAX: usize = 32;

/// A schema with those it holds.
pub struct Schemas<'a> {
    root: &'a Json,
    dialect: Dialect,
    /// Embedded resources move what a reference means; none is followed then.
    has_resources: bool,
    left: Cell<usize>,
}

/// As far as dialects differ here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Up to draft 7: nothing beside a `$ref` is read.
    Old,
    /// 2019-09: still no `prefixItems`.
    Middle,
    /// 2020-12, which MCP takes for the default.
    Modern,
}

/// How far [`Schemas::permits`] looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// At the value's own kind.
    Shallow,
    /// At members and items too.
    Deep,
}

impl<'a> Schemas<'a> {
    pub fn new(root: &'a Json) -> Self {
        let dialect = match root.get("$schema").and_then(Json::as_str) {
            Some(uri) if uri.contains("draft-0") => Dialect::Old,
            Some(uri) if uri.contains("2019-09") => Dialect::Middle,
            _ => Dialect::Modern,
        };
        let within = root.as_object().unwrap_or_default();
        let has_resources = within.iter().any(|(_, value)| has_id(value));
        Self { root, dialect, has_resources, left: Cell::new(VISITS_MAX) }
    }

    /// Counts visits; whether there may be more.
    pub fn spend(&self, visits: usize) -> bool {
        self.left.set(self.left.get().saturating_sub(visits));
        !self.is_spent()
    }

    /// Whether the bound was reached: answers are worth nothing then.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    fn target(&self, pointer: &str) -> Option<&'a Json> {
        let pointer = pointer.strip_prefix('#').filter(|_| !self.has_resources)?;
        match pointer {
            "" => Some(self.root),
            // What a URI escapes is not looked up.
            _ if pointer.starts_with('/') && !pointer.contains('%') => {
                Path::parse(pointer).ok()?.find(self.root)
            }
            _ => None,
        }
    }

    /// All schemas that a value at a place of `schema` has to fit: the schema itself, what it refers
    /// to, and the parts of `allOf`.
    pub fn binding(&self, schema: &'a Json) -> Vec<&'a Json> {
        let mut found = Vec::new();
        self.gather(schema, &mut found, 0);
        found
    }

    fn gather(&self, schema: &'a Json, found: &mut Vec<&'a Json>, depth: usize) {
        if depth > DEPTH_MAX || !self.spend(1) {
            return;
        }
        if let Some(pointer) = schema.get("$ref").and_then(Json::as_str) {
            if let Some(target) = self.target(pointer) {
                self.gather(target, found, depth + 1);
            }
            if self.dialect == Dialect::Old {
                return;
            }
        }
        found.push(schema);
        for part in schema.get("allOf").and_then(Json::as_array).unwrap_or_default() {
            self.gather(part, found, depth + 1);
        }
    }

    /// The schema of the item at `index` of an array, if one is known.
    pub fn item(&self, schema: &'a Json, index: usize) -> Option<&'a Json> {
        let items = schema.get("items");
        let (first, rest) = match items {
            Some(Json::Array(first)) => (first.as_slice(), schema.get("additionalItems")),
            _ if self.dialect == Dialect::Modern => {
                (schema.get("prefixItems").and_then(Json::as_array).unwrap_or_default(), items)
            }
            _ => (&[] as &[Json], items),
        };
        first.get(index).or(rest)
    }

    /// Whether `schema` may take `value`: false only if no validator could.
    pub fn permits(&self, schema: &'a Json, value: &Json, look: Depth) -> bool {
        self.permits_within(schema, value, look, 0)
    }

    fn permits_within(&self, schema: &'a Json, value: &Json, look: Depth, depth: usize) -> bool {
        let members = match schema {
            Json::Bool(all) => return *all,
            Json::Object(members) => members,
            _ => return true,
        };
        if depth > DEPTH_MAX || !self.spend(1) || matches!(value, Json::Written(_)) {
            return true;
        }
        let here = |schema: &'a Json| self.permits_within(schema, value, look, depth + 1);
        if let Some(pointer) = schema.get("$ref").and_then(Json::as_str) {
            let fits = self.target(pointer).is_none_or(here);
            if !fits || self.dialect == Dialect::Old {
                return fits;
            }
        }
        let fits = members.iter().all(|(keyword, rule)| match (keyword.as_str(), rule) {
            ("type", Json::String(kind)) => is_of(value, kind),
            ("type", Json::Array(kinds)) => {
                kinds.iter().any(|kind| kind.as_str().is_none_or(|kind| is_of(value, kind)))
            }
            ("enum", Json::Array(options)) => options.iter().any(|option| may_equal(option, value)),
            ("const", only) => may_equal(only, value),
            ("allOf", Json::Array(parts)) => parts.iter().all(here),
            ("anyOf" | "oneOf", Json::Array(parts)) => parts.iter().any(here),
            _ => true,
        });
        fits && (look == Depth::Shallow || self.permits_parts(schema, value))
    }

    fn permits_parts(&self, schema: &'a Json, value: &Json) -> bool {
        match value {
            Json::Object(members) => {
                let required = schema.get("required").and_then(Json::as_array).unwrap_or_default();
                let is_there =
                    |name: &Json| name.as_str().is_none_or(|name| value.get(name).is_some());
                required.iter().all(is_there)
                    && members.iter().all(|(name, value)| {
                        let schema = member(schema, name);
                        schema.is_none_or(|schema| self.permits(schema, value, Depth::Deep))
                    })
            }
            Json::Array(items) => items.iter().enumerate().all(|(index, value)| {
                let schema = self.item(schema, index);
                schema.is_none_or(|schema| self.permits(schema, value, Depth::Deep))
            }),
            _ => true,
        }
    }
}

/// The schema of the member `name` of an object, if one is known.
pub fn member<'a>(schema: &'a Json, name: &str) -> Option<&'a Json> {
    let known = schema.get("properties").and_then(|properties| properties.get(name));
    // Which names a pattern takes is the validator's affair.
    let others =
        || schema.get("patternProperties").is_none().then(|| schema.get("additionalProperties"));
    known.or_else(|| others().flatten())
}

fn has_id(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(has_id),
        Json::Object(members) => members.iter().any(|(key, value)| {
            matches!(key.as_str(), "$id" | "id") && value.as_str().is_some() || has_id(value)
        }),
        _ => false,
    }
}

fn is_of(value: &Json, kind: &str) -> bool {
    match kind {
        "null" => *value == Json::Null,
        "boolean" => matches!(value, Json::Bool(_)),
        "string" => matches!(value, Json::String(_)),
        "array" => matches!(value, Json::Array(_)),
        "object" => value.is_object(),
        "number" => matches!(value, Json::Number(_)),
        // `1.0` and `1e3` are integers (2020-12, validation, section 6.1.1).
        "integer" => match value {
            Json::Number(number) => {
                let near = number.as_f64();
                number.is_integer() || !near.is_finite() || near.fract() == 0.0
            }
            _ => false,
        },
        _ => true,
    }
}

/// Whether two values could be the same to a validator, which may round numbers.
fn may_equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64().total_cmp(&b.as_f64()).is_eq(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| may_equal(a, b))
        }
        (Json::Object(members), Json::Object(_)) => {
            members.iter().all(|(name, a)| b.get(name).is_some_and(|b| may_equal(a, b)))
        }
        _ => a == b,
    }
}
