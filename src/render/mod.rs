//! How results read for a model: in few tokens, with nothing lost that counts. Pure.
//!
//! # Knows
//! JSON values, TOON, about how many tokens a text has, what of a large value to show first.
//!
//! # Does not know
//! Servers, sessions, calls, where a value comes from.
//!
//! # How to read it
//! [`mod@format`] chooses between JSON and [`toon`], with what [`tokens`] estimates.
//! [`preview`] is what a model sees first of a large result; [`select`] pages through the rest, by what
//! [`filter`] keeps.

pub mod filter;
pub mod format;
pub mod preview;
#[cfg(test)]
mod sample;
pub mod select;
pub mod tokens;
pub mod toon;

pub use format::TextFormat;
