//! The sessions of clients, by the way they come in.
//!
//! # Knows
//! Which sessions there are over HTTP, by a link and over HTTP with SSE, when one is given up, what of each outlives the
//! process; how the requests of one run, and where what is said to its client goes.
//!
//! # Does not know
//! Sockets and HTTP, what messages mean, how a principal was proved.
//!
//! # How to read it
//! [`http_sessions`], [`links`] and [`sse_sessions`] are the tables. A [`duplex`] takes in messages and lets them run, with
//! a [`sink`] for what it answers and an [`outlet`] for what comes before; [`crate::outbox`] and [`stowage`] are what waits
//! for a client that does not read, [`mod@note`] what is written down of a call for the next process.

pub mod duplex;
pub mod http_sessions;
pub mod links;
pub mod note;
pub mod outlet;
mod sink;
pub mod sse_sessions;
mod stowage;
