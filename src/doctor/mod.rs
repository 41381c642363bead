//! What can be seen of an installation without a daemon.
//!
//! # Knows
//! What systemd says of our units, what stands in the config, programs and directories on this machine;
//! what is not as it should be with each, and what can be done about it.
//!
//! # Does not know
//! A daemon that runs, how findings are shown.
//!
//! # How to read it
//! [`place`] is about this machine and our units, [`written`] about the config, [`environment`] about
//! variables, [`mod@issuer`] about who makes tokens, all of which make a [`mod@finding`], and [`mod@unread`] about files that are none of it. A
//! [`mod@unit`] is as systemd has it.

pub mod environment;
pub mod finding;
pub mod issuer;
pub mod place;
pub mod unit;
pub mod unread;
pub mod written;

pub use finding::finding;
