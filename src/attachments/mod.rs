//! `callmux client`: what the files of clients say, shown, changed and put back.
//!
//! # Knows
//! What the verb takes and prints; when somebody is asked first.
//!
//! # Does not know
//! Where a client's files are and how they are written ([`crate::clients`]); that there is a daemon.
//!
//! # How to read it
//! [`args`] is what the verb takes, [`verbs`] what it does.

mod args;
mod verbs;

pub use args::{ClientsArgs, HowArgs};
pub use verbs::client;
