//! What callmux says itself, in place of a server.
//!
//! # Knows
//! How we introduce ourselves, and what an agent reads when a call has no answer.
//!
//! # Does not know
//! Servers, sessions, and who asks.
//!
//! # How to read it
//! [`hello`] is the beginning of a session; [`Lost`] is what is said of a call that has no answer, [`ToolError`] of
//! one that has to be made in another way.

pub mod hello;
mod lost;
mod tool_error;

pub use lost::Lost;
pub use tool_error::ToolError;

/// What is said to a request whose id is that of one in flight (JSON-RPC 2.0, MCP "Requests").
pub const SAME_ID: &str =
    "a request with this id is in flight already; ids must not be reused in a session";
