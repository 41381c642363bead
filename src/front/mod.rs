//! Where clients come in.
//!
//! # Knows
//! Listeners and connections, streamable HTTP in both eras, HTTP with SSE, stdio, the daemon's end of
//! the link, and which session a message belongs to.
//!
//! # Does not know
//! What messages mean, how servers are run, how the world changes, what systemd is.
//!
//! # How to read it
//! [`Front`] is what the ways in share: [`http`], [`stdio`] and [`link`]. The last two and HTTP with SSE
//! are a [`crate::sessions::duplex`] each. [`listen`] accepts connections: those that `admission` lets in, over TLS after a `handshake`. What outlives the process is noted as [`crate::handover`] has
//! it. `operated` is what an operator sees of sessions.

mod admission;
mod handshake;
pub mod http;
pub mod link;
pub mod listen;
mod operated;
mod shared;
pub mod stdio;
pub mod wants;

pub use operated::OpenSession;
pub use shared::Front;

#[cfg(test)]
mod tests;
