//! The audit file: what was done, written down so that a change of it shows.
//!
//! # Knows
//! The segments in which the file lies, when the next is begun and which are taken away; the chain of
//! hashes over all of their lines; what is done about a line that was never finished and a disk that is full; how
//! the lines are read, and whether they are still what was written.
//!
//! # Does not know
//! What an act is, who does any, who reads of them.
//!
//! # How to read it
//! [`chain`] is what holds the lines together, [`mod@line`] what one looks like, [`segments`] where they lie. [`book`]
//! writes them, with [`opening`] for where an earlier process stopped; [`reading`] is for who looks, [`mod@verify`]
//! for who does not believe it.

pub mod arguments;
pub mod book;
mod chain;
pub mod line;
mod opening;
pub mod reading;
mod secret_words;
mod segments;
pub mod verify;

pub use arguments::{ArgumentsKept, SecretTexts, ShownArguments};
pub use book::{AuditBook, Bounds, Mishap};
pub use line::LineValue;
pub use reading::newest;
pub use verify::{oldest, verify};
