//! What is on its way to a client over one stream of bytes.
//!
//! # Knows
//! Messages that wait to be read, in which framing they travel, when a client is behind and when it is
//! given up.
//!
//! # Does not know
//! Sessions, calls, where the stream leads.
//!
//! # How to read it
//! [`queue`] is all of it.

pub mod queue;

pub use queue::{BEHIND, FULL, Outbox, SILENT_MAX};
