//! JSON as a tree that loses nothing: members keep their order, numbers their digits.
//!
//! # Knows
//! How to read, walk and write JSON (RFC 8259).
//!
//! # Does not know
//! MCP, schemas, what a value is for.
//!
//! # How to read it
//! [`tree`] is the value, [`parse`] makes one of a text, [`path`] finds a part of one. [`doc`] reads a
//! value where it stands, for what may be too large for a tree, after [`check`] went through it;
//! [`convert`] makes one of the other. [`mod@compact`] takes out what says nothing.
//!
//! Messages on their way between clients and servers are not made into trees: [`crate::wire`] works
//! on their bytes. A tree is for what callmux looks into or writes itself.

mod check;
mod compact;
mod convert;
pub mod doc;
mod error;
pub mod parse;
pub mod path;
mod string;
pub mod tree;

pub use compact::compact;
pub use doc::{Doc, JsonKind, Slice};
pub use error::ParseError;
pub use path::{Path, PathError};
pub use string::char_len;
pub use tree::{Json, Number};
