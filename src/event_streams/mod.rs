//! Streams of events over HTTP, and what is kept of them for who comes back.
//!
//! # Knows
//! What an event stream is sent, which of its events are kept and for how long, how one is resumed where it
//! broke, and that a response may become a stream late.
//!
//! # Does not know
//! Requests, sessions, what the events say.
//!
//! # How to read it
//! [`stream`] is one of them and all of a session; [`pending_stream`] is one that may yet be opened.

mod pending_stream;
pub mod stream;

pub use pending_stream::PendingStream;
