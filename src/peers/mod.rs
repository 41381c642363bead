//! Who is at the other end.
//!
//! # Knows
//! How a local connection proves a principal; whether it comes out of the sandbox of a server; where a client is that comes through
//! proxies; how many connections there may be, and for how long; the Host and Origin rules that keep browsers out.
//!
//! # Does not know
//! What anybody may do, tokens, MCP messages, HTTP types, sessions.
//!
//! # How to read it
//! Each file stands alone, and is a check at the door: [`peer`] and [`confined`] for what is of this machine, [`forwarded`] for what
//! comes from others, [`host`] for browsers. [`connections`] is the table of those that are open.

pub mod confined;
pub mod connections;
pub mod forwarded;
pub mod host;
pub mod peer;

pub use host::HostRules;
