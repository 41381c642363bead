//! What a call is given: its arguments before they are sent.
//!
//! # Knows
//! What stands for something else in arguments, and how it is replaced. A tool's `inputSchema` (JSON
//! Schema, as MCP has it) and the ways in which clients miss it.
//!
//! # Does not know
//! MCP, sessions, who may do what, where stored results are.
//!
//! # How to read it
//! [`references`] walks the arguments and replaces what refers to something. [`roots`] opens files,
//! and only those that lie where a session may read; [`yaml`] reads one of the formats, [`bounds`]
//! says how much all may be, and [`error`] what is wrong and what to do about it.
//!
//! [`mod@coerce`] reads texts as the values they stand for where a schema leaves no other way, by what
//! [`shape`] says a schema permits; [`scan`] tells in one pass over the bytes when neither can apply.
//! [`check`] says what a validator would refuse, in words.

mod bounds;
pub mod check;
pub mod coerce;
pub mod error;
pub mod references;
pub mod roots;
pub mod scan;
mod shape;
pub mod yaml;

pub use bounds::BYTES_MAX;
pub use check::Checker;
pub use coerce::{Coercion, coerce};
pub use scan::may_need;

#[cfg(test)]
mod tests;
