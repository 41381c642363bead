//! A shell as a client of the daemon: one request, its answer on stdout, an exit code.
//!
//! # Knows
//! How words of a command line become arguments, what of an answer is printed and what goes to a file, how a
//! server's question is put to whoever sits at the terminal, which exit code says what.
//!
//! # Does not know
//! How the request gets to the daemon and outlives it: that is the bridge's.
//!
//! # How to read it
//! [`args`] is what the verbs take. [`mod@call`] is the first of them; all go through [`desk`], which opens a
//! [`talk`], has it carry one request, and ends it. [`given`] reads the words, by what [`wanted`] knows of the tool;
//! [`outcome`] says what came of it, and [`show`]
//! prints that, or has it [`saved`].

mod args;
mod call;
mod desk;
mod given;
mod mirror;
mod outcome;
mod person;
mod question;
mod saved;
mod show;
mod signals;
mod talk;
mod trouble;
mod typed;
mod wanted;

pub use args::CallArgs;
pub use call::call;
