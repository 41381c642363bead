//! Who may.
//!
//! # Knows
//! Principals and how a local connection proves one; how many connections there may be, and for how
//! long; the Host and Origin rules that keep browsers out; the decision about a call.
//!
//! # Does not know
//! MCP messages, HTTP types, sessions.
//!
//! # How to read it
//! [`principal`], then [`peer`], [`confined`], [`connections`] and [`host`], the checks at the door; [`policy`] is
//! asked for every call.

pub mod confined;
pub mod connections;
pub mod host;
pub mod peer;
pub mod policy;
pub mod principal;

pub use host::HostRules;
pub use principal::Principal;
