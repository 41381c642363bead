//! What a call is given: its arguments before they are sent.
//!
//! # Knows
//! What stands for something else in arguments, and how it is replaced.
//!
//! # Does not know
//! MCP, sessions, who may do what, where stored results are.
//!
//! # How to read it
//! [`references`] walks the arguments and replaces what refers to something. [`roots`] opens files,
//! and only those that lie where a session may read; [`yaml`] reads one of the formats, [`error`]
//! says what is wrong and what to do about it.

pub mod check;
pub mod coerce;
pub mod error;
pub mod references;
pub mod roots;
mod yaml;

#[cfg(test)]
mod tests;
