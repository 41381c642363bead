//! What is wrong with arguments, in words that help to write them again.
//!
//! A server judges its arguments itself. This tells its callers why it may have refused them, so what is
//! not known to be wrong is right. `document` and `compile` make nodes of a schema, `walk` looks where
//! a value does not fit them with `parts` and `assertion`, `words` says so.
//!
//! All keywords of JSON Schema from draft 4 to 2020-12 that a validator asserts are checked, but for
//! these: `format`, `contentEncoding`, `contentMediaType`, `unevaluatedItems`, a schema in
//! `unevaluatedProperties` (`false` there speaks of names that stand nowhere beside it); a `pattern` beyond
//! what `pattern` has, or on other texts than printable ASCII; references in a document with
//! embedded resources (`$id` below its top) and to the schemas of schemas; a subschema in another dialect;
//! multiples of numbers with more than 15 digits; `1.0` for an integer in draft 4; a schema that asks for
//! itself for the same value. Where one of these decides, and behind the bounds
//! of `walk`, nothing is wrong.

mod assertion;
mod compile;
mod document;
mod number;
mod parts;
mod pattern;
mod rule;
mod walk;
mod words;

use crate::json::Json;

/// An `inputSchema` that was made ready to check arguments.
#[derive(Debug)]
pub struct Checker {
    /// The first is the whole schema.
    nodes: Vec<rule::Node>,
}

/// One thing that is wrong with arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the arguments, such as `items[0].limit`; empty for the arguments themselves.
    pub path: String,
    /// What is wrong there, such as `must be an integer, not a string`.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}`: {}", self.message),
        }
    }
}

impl Checker {
    /// Makes a schema ready. `None` if it is no schema, or refers to something outside of itself:
    /// nothing is fetched.
    pub fn compile(schema: &Json) -> Option<Self> {
        Some(Self { nodes: compile::compile(schema)? })
    }

    /// What is wrong with the arguments; at most `max` problems. None if they are valid, as far as
    /// that was checked.
    pub fn problems(&self, arguments: &Json, max: usize) -> Vec<Problem> {
        words::problems(walk::walk(&self.nodes, arguments), max)
    }
}

#[cfg(test)]
mod tests;
