//! What a client meant by the arguments of a call, and what is wrong with them.
//!
//! # Knows
//! A tool's `inputSchema` (JSON Schema, as MCP has it) and the ways in which clients miss it.
//!
//! # Does not know
//! Servers, sessions, who calls, what a tool does with its arguments.
//!
//! # How to read it
//! [`mod@coerce`] reads texts as the values they stand for where a schema leaves no other way, by what
//! [`shape`] says a schema permits; [`scan`] tells in one pass over the bytes when that cannot apply.
//! [`check`] says what a validator would refuse, in words. All of it is pure.

#![cfg_attr(not(test), expect(dead_code, reason = "wired up next"))]
#![expect(unused_imports, reason = "wired up next")]

pub mod check;
pub mod coerce;
pub mod scan;
mod shape;

pub use check::{Checker, Problem};
pub use coerce::{Change, coerce};
pub use scan::may_need;
