//! `callmux events`: what happened, looked up in the history.
//!
//! # Knows
//! What the verb takes; how an event and the sums of an hour read, to people and to programs.
//!
//! # Does not know
//! How the history is kept and searched ([`crate::history`]).
//!
//! # How to read it
//! [`args`] is what the verb takes, [`verb`] what it does, [`shown`] how it looks.

mod args;
mod shown;
mod verb;

pub use args::EventsArgs;
pub use verb::events;
