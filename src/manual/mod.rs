//! The manual pages of the verbs.
//!
//! # Knows
//! Examples of every verb, files, variables and exit codes that all verbs have, and how a page is written.
//!
//! # Does not know
//! What a verb does; that is said by its arguments.
//!
//! # How to read it
//! [`examples`] and [`mod@pages`] have the tables; that makes pages of them and of what clap knows. [`others`] has the words of other programs.

mod examples;
mod others;
mod pages;

#[cfg(test)]
pub use examples::EXAMPLES;
pub use others::{NPM_OPTIONS, OTHERS};
pub use pages::{pages, roff};
