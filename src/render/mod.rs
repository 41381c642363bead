//! How tools read to a model: in few tokens, with nothing lost that counts.
//!
//! # Knows
//! JSON Schema as far as it is written down: which keywords bind, which only explain, and where
//! schemas lie in each other. The words of descriptions.
//!
//! # Does not know
//! Servers, sessions, calls, whether a value is valid.
//!
//! # How to read it
//! [`compress`] makes definitions of tools smaller, by what [`keyword`] says of a schema's parts and
//! [`wording`] of its texts; [`mod@signature`] writes a tool on one line. All of it is pure.

#![cfg_attr(not(test), expect(dead_code, reason = "wired up next"))]
#![expect(unused_imports, reason = "wired up next")]

pub mod compress;
mod keyword;
pub mod signature;
mod wording;

pub use compress::{Compression, definition};
pub use signature::signature;
