//! How results and tools read for a model: in few tokens, with nothing lost that counts. Pure.
//!
//! # Knows
//! JSON values, TOON, about how many tokens a text has, what of a large value to show first. JSON
//! Schema as far as it is written down: which keywords bind, which only explain.
//!
//! # Does not know
//! Servers, sessions, calls, where a value comes from, whether it is valid.
//!
//! # How to read it
//! [`mod@format`] chooses between JSON and [`toon`], with what [`tokens`] estimates.
//! [`preview`] is what a model sees first of a large result; [`select`] pages through the rest, by what
//! [`filter`] keeps.
//!
//! [`compress`] makes definitions of tools smaller, by what [`keyword`] says of a schema's parts and
//! [`wording`] of its texts, and [`unreferenced`] finds what no reader needs at all; [`mod@signature`] writes a tool on one line.

pub mod compress;
pub mod filter;
pub mod format;
mod keyword;
pub mod preview;
#[cfg(test)]
mod sample;
pub mod select;
pub mod signature;
pub mod tokens;
pub mod toon;
mod unreferenced;
mod wording;

pub use compress::Compression;
pub use format::TextFormat;
pub use unreferenced::without_unreferenced;
pub use wording::{first_sentence, words};
