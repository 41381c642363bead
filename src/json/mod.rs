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
//! value where it stands, for what may be too large for a tree.
//!
//! Messages on their way between clients and servers are not made into trees: [`crate::wire`] works
//! on their bytes. A tree is for what callmux looks into or writes itself.

mod check;
pub mod doc;
pub mod parse;
pub mod path;
pub mod tree;

pub use doc::{Doc, Kind, Slice};
pub use path::{Path, PathError};
pub use tree::{Json, Number};
