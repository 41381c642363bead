//! What a shell is told while somebody writes a command line of ours.
//!
//! # Knows
//! How a shell divides a line, which names can stand where it ends and who knows them, the scripts by which
//! bash, zsh and fish ask.
//!
//! # Does not know
//! The verbs: arguments say themselves, with [`Names`], what they are.
//!
//! # How to read it
//! A shell's [`mod@script`] gives the [`mod@line`] as far as it is written; [`offer`] finds what can stand there,
//! which is [`offered`]. The [`names`] come from a [`daemon`] that runs, else from the config.

mod daemon;
mod line;
mod names;
mod offer;
mod offered;
mod script;

pub use daemon::Peek;
pub use names::Names;
pub use offer::offers;
pub use script::{Script, script};
