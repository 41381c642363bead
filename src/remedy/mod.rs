//! What a config with a mistake was meant to say, as text to paste.
//!
//! # Knows
//! How TOML is written, what other clients call the same things, which slips people make.
//!
//! # Does not know
//! The keys of the config and their checks; files.
//!
//! # How to read it
//! [`syntax`] is about a file that is no TOML: JSON of another client ([`pasted`]) or a line that lacks
//! something ([`mod@line`]), also in a list ([`item`]). [`value`] is about a value of the wrong type, [`foreign`] about words of other
//! clients. [`written`] writes TOML, and leaves out what may be a secret.

pub mod foreign;
mod item;
mod line;
mod pasted;
pub mod slip;
pub mod syntax;
pub mod value;
mod written;

pub use written::plain;
