//! Goes through a schema.

use std::collections::BTreeSet;

use super::dialect::Edition;
use super::flaw::Flaw;
use super::keywords::{Holds, OUTDATED, TYPES, holds};
use super::pattern::is_pattern;
use super::references::Anchors;
use crate::json::Json;

/// Members that are looked at in one schema, at the most.
const LOOKS_MAX: usize = 1 << 20;
/// References that lead to each other without anything between them.
const CHAIN_MAX: usize = 16;

/// Whether everybody can compile a schema, and if not, what is wrong with it.
///
/// # Errors
/// The first [`Flaw`] that is found, in the order in which the schema is written.
pub fn check(schema: &Json) -> Result<(), Flaw> {
    let mut walk = Walk {
        root: schema,
        dialect: Edition::of(schema)?,
        schemas: BTreeSet::new(),
        references: Vec::new(),
        left: LOOKS_MAX,
    };
    let anchors = Anchors::of(schema)?;
    walk.schema(schema)?;
    walk.resolve(&anchors)
}

struct Walk<'s> {
    root: &'s Json,
    dialect: Edition,
    /// The addresses of all schemas: a reference to anything else is none.
    schemas: BTreeSet<usize>,
    references: Vec<&'s str>,
    left: usize,
}

impl<'s> Walk<'s> {
    fn spend(&mut self, looks: usize) -> Result<(), Flaw> {
        self.left = self.left.checked_sub(looks).ok_or(Flaw::Large)?;
        Ok(())
    }

    /// How deep it goes is bounded by [`Json::parse`].
    fn schema(&mut self, schema: &'s Json) -> Result<(), Flaw> {
        self.schemas.insert(std::ptr::from_ref(schema).addr());
        let members = match schema {
            Json::Bool(_) => return Ok(()),
            Json::Object(members) => members,
            _ => return Err(Flaw::NoSchema),
        };
        let is_root = std::ptr::eq(schema, self.root);
        for (keyword, value) in members {
            if let Some(outdated) = OUTDATED.iter().find(|outdated| *outdated == keyword) {
                return Err(Flaw::Outdated(outdated));
            }
            match (keyword.as_str(), value.as_str()) {
                ("$schema", _) if !is_root => return Err(Flaw::Dialect),
                ("$id", Some(id)) if id.is_empty() || id.contains('#') => return Err(Flaw::Id),
                _ => {}
            }
            if let Some(holds) = holds(keyword) {
                self.keyword(keyword, holds, value)?;
            }
        }
        match (schema.get("nullable"), schema.get("type")) {
            (Some(_), None) => Err(Flaw::Nullable),
            (Some(Json::Bool(false)), Some(types)) if names_null(types) => Err(Flaw::Nullable),
            _ => Ok(()),
        }
    }

    fn keyword(&mut self, keyword: &str, holds: Holds, value: &'s Json) -> Result<(), Flaw> {
        let not = |wanted: &'static str| Flaw::Keyword { keyword: keyword.to_owned(), wanted };
        match (holds, value) {
            (Holds::Anything, _)
            | (Holds::Number, Json::Number(_))
            | (Holds::Flag, Json::Bool(_))
            | (Holds::Text, Json::String(_)) => Ok(()),
            (Holds::Schema | Holds::Items, Json::Bool(_) | Json::Object(_)) => self.schema(value),
            (Holds::Items, Json::Array(schemas)) if self.dialect == Edition::ListedItems => {
                schemas.iter().try_for_each(|schema| self.schema(schema))
            }
            (Holds::Schemas, Json::Array(schemas)) if !schemas.is_empty() => {
                schemas.iter().try_for_each(|schema| self.schema(schema))
            }
            (Holds::Named, Json::Object(schemas)) => {
                schemas.iter().try_for_each(|(_, schema)| self.schema(schema))
            }
            (Holds::ByPattern, Json::Object(schemas)) => {
                schemas.iter().try_for_each(|(pattern, schema)| {
                    matches(pattern)?;
                    self.schema(schema)
                })
            }
            (Holds::Dependencies, Json::Object(schemas)) => {
                schemas.iter().try_for_each(|(_, schema)| match schema {
                    Json::Array(_) if are_names(schema) => Ok(()),
                    schema => self.schema(schema),
                })
            }
            (Holds::NamesByName, Json::Object(names))
                if names.iter().all(|(_, names)| are_names(names)) =>
            {
                Ok(())
            }
            (Holds::Names, names) if are_names(names) => Ok(()),
            (Holds::Types, types) => are_types(types),
            (Holds::Options, Json::Array(options)) if !options.is_empty() => Ok(()),
            (Holds::Divisor, Json::Number(number)) if number.as_f64() > 0.0 => Ok(()),
            (Holds::Count, value) if value.as_u64().is_some() => Ok(()),
            (Holds::Pattern, Json::String(pattern)) => matches(pattern),
            (Holds::Reference, Json::String(reference)) => {
                self.references.push(reference);
                Ok(())
            }
            _ => Err(not(holds.wanted())),
        }
    }

    /// Whether each reference leads to a schema, in the end.
    fn resolve(&mut self, anchors: &Anchors<'s>) -> Result<(), Flaw> {
        for reference in std::mem::take(&mut self.references) {
            let mut next = Some(reference);
            for _ in 0..CHAIN_MAX {
                let Some(here) = next else { break };
                let found = anchors.target(self.root, here);
                let (target, looks) = found.ok_or_else(|| Flaw::Reference(here.to_owned()))?;
                self.spend(looks + 1)?;
                if !self.schemas.contains(&std::ptr::from_ref(target).addr()) {
                    return Err(Flaw::Reference(here.to_owned()));
                }
                next = target.get("$ref").and_then(Json::as_str);
            }
            if next.is_some() {
                return Err(Flaw::Circle(reference.to_owned()));
            }
        }
        Ok(())
    }
}

impl Holds {
    /// For people.
    fn wanted(self) -> &'static str {
        match self {
            Self::Schema | Self::Items => "a schema",
            Self::Schemas => "a list of schemas",
            Self::Named | Self::ByPattern => "an object of schemas",
            Self::Dependencies | Self::NamesByName => "an object of names",
            Self::Names => "a list of names",
            Self::Types => "a type",
            Self::Options => "a list of values",
            Self::Number => "a number",
            Self::Divisor => "a number above zero",
            Self::Count => "a whole number",
            Self::Flag => "true or false",
            Self::Text | Self::Pattern | Self::Reference => "a text",
            Self::Anything => "a value",
        }
    }
}

fn matches(pattern: &str) -> Result<(), Flaw> {
    if is_pattern(pattern) { Ok(()) } else { Err(Flaw::Pattern(pattern.to_owned())) }
}

fn are_names(value: &Json) -> bool {
    value.as_array().is_some_and(|names| names.iter().all(|name| name.as_str().is_some()))
}

fn names_null(types: &Json) -> bool {
    let is_null = |name: &Json| name.as_str() == Some("null");
    is_null(types) || types.as_array().is_some_and(|types| types.iter().any(is_null))
}

fn are_types(value: &Json) -> Result<(), Flaw> {
    let check = |name: &Json| match name.as_str() {
        Some(name) if TYPES.contains(&name) => Ok(()),
        _ => Err(Flaw::Type(name.to_string())),
    };
    match value {
        Json::Array(names) if !names.is_empty() => names.iter().try_for_each(check),
        name => check(name),
    }
}
