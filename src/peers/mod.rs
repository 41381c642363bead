//! Who is at the other end.
//!
//! # Knows
//! How a local connection proves a principal, whose a TCP socket is, what the kernel shows of its process; whether it comes out of the sandbox of a server; where a client is that comes through
//! proxies; how many connections there may be, and for how long; the Host and Origin rules that keep browsers out.
//!
//! # Does not know
//! What anybody may do, tokens, MCP messages, HTTP types, sessions.
//!
//! # How to read it
//! Each file is a check at the door: [`peer`] and [`confined`] for what is of this machine, [`forwarded`] for what
//! comes from others, [`host`] for browsers. [`connections`] is the table of those that are open. [`tcp_owner`] asks the kernel whose a TCP socket is; [`process`] is the process at
//! the other end, by what [`mod@look`] and [`script`] find below `/proc`.

pub mod confined;
pub mod connections;
pub mod forwarded;
pub mod host;
mod look;
pub mod peer;
pub mod process;
mod script;
pub mod stat;
pub mod tcp_owner;

pub use host::HostRules;
