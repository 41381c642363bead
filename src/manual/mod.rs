//! The manual pages of the verbs.
//!
//! # Knows
//! Examples of every verb, files, variables and exit codes that all verbs have, and how a page is written.
//!
//! # Does not know
//! What a verb does; that is said by its arguments.
//!
//! # How to read it
//! [`mod@pages`] has the tables, and makes pages of them and of what clap knows.

mod pages;

#[cfg(test)]
pub use pages::EXAMPLES;
pub use pages::{pages, roff};
