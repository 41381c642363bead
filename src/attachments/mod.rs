//! `callmux client`: what the files of clients say, shown, changed and put back.
//!
//! # Knows
//! What the verb takes and prints; when somebody is asked first; what a daemon that runs knows of clients.
//!
//! # Does not know
//! Where a client's files are and how they are written ([`crate::clients`]).
//!
//! # How to read it
//! [`args`] is what the verb takes, [`verbs`] what it does, and [`mod@daemon`] who is asked when a client came, and where
//! one can come.

mod args;
mod daemon;
mod verbs;

pub use args::{ClientsArgs, HowArgs};
pub use verbs::client;
