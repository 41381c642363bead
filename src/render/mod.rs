//! How results read for a model.
//!
//! # Knows
//! JSON values, TOON, about how many tokens a text has, what of a large value to show first.
//!
//! # Does not know
//! Tools, sessions, where a value comes from, tokio.
//!
//! # How to read it
//! [`mod@format`] chooses between JSON and [`toon`], with what [`tokens`] estimates.
//! [`preview`] is what a model sees first of a large result.
//! [`select`] pages through the rest, by what [`filter`] keeps.

pub mod compress;
pub mod filter;
pub mod format;
pub mod preview;
#[cfg(test)]
mod sample;
pub mod select;
pub mod tokens;
pub mod toon;

pub use compress::Compression;
pub use format::TextFormat;
