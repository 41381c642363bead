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
mod checker;
mod compile;
mod document;
mod number;
mod parts;
mod pattern;
mod problem;
mod rule;
mod walk;
mod words;

pub use checker::Checker;

#[cfg(test)]
mod tests;
