//! `callmux pins`: what of servers changed, looked at and accepted, by word.
//!
//! # Knows
//! How a change of a definition reads, the lock text that a team keeps, what a check of it says.
//!
//! # Does not know
//! How a change is noticed and what is done about it: [`crate::pins`] and the daemon do. How a daemon is asked.
//!
//! # How to read it
//! [`args`] has the command lines, [`verbs`] what each does. [`diff`] is a change as lines, [`lock`] the text and
//! [`check`] its comparison with what there is. A [`Liaison`] asks the daemon.

mod args;
mod check;
mod diff;
mod error;
mod lock;
mod verbs;

pub use args::PinsArgs;
pub use diff::diff_lines;
pub use verbs::{Liaison, pins};
