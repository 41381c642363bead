//! Definitions of tools in fewer tokens, with nothing lost that binds. Pure.
//!
//! # Knows
//! JSON Schema as far as it is written down: which keywords bind, which only explain, what nothing refers to.
//! Which words of a description say something.
//!
//! # Does not know
//! Servers, sessions, whether a value is valid by a schema.
//!
//! # How to read it
//! [`definition`] makes a tool's definition smaller, by what [`keyword`] says of a schema's parts and
//! [`wording`] of its texts; [`shared`] finds what all tools of a server begin with; [`unreferenced`] finds what no reader needs at all. [`mod@signature`] writes a tool on
//! one line.

pub mod definition;
mod keyword;
mod shared;
pub mod signature;
mod unreferenced;
mod wording;

pub use definition::Compression;
pub use shared::shared_beginning;
pub use unreferenced::without_unreferenced;
pub use wording::{cut, first_sentence};
