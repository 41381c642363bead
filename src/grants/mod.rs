//! `callmux token` and `callmux access`: who may, by word.
//!
//! # Knows
//! Where the tokens of the config are written, and how one is made, replaced and taken away; how the verdict
//! of the gate reads.
//!
//! # Does not know
//! How a token is proved, what a rule is about: [`crate::access`] does. What a daemon is at.
//!
//! # How to read it
//! [`args`] has the command lines; [`tokens`] changes files of ours, in the form of [`mod@file`]; [`verdict`] asks the
//! gate that the daemon asks.

mod args;
mod file;
mod supposed;
mod tokens;
mod verdict;

pub use args::{AccessArgs, TokensArgs};
pub use tokens::token;
pub use verdict::access;
