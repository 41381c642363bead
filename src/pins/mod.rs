//! What of a server was accepted, and what of it has changed since.
//!
//! A server may say one thing when it is looked at and another when it is used. What a model reads of it (each tool
//! and prompt, the instructions) is kept as it was first seen, or as a person accepted it later, and whatever it
//! offers is compared with that.
//!
//! # Knows
//! When two definitions are the same, the file with those that were accepted, what differs from them.
//!
//! # Does not know
//! Servers, what is done about a change, who is told.
//!
//! # How to read it
//! [`pinned`] is one definition with its digests. A [`book`] has those of one server, and [`Book::look`] holds what it
//! offers against them; [`moved`] is what differs. [`keeper`] is the file of a book.

mod book;
mod error;
mod keeper;
mod kind;
mod moved;
mod pinned;

pub use book::{Book, Looked, Offered, Pin};
pub use error::PinsError;
pub use keeper::{Keeper, Store};
pub use kind::PinKind;
pub use moved::{Change, Moved};
pub use pinned::Pinned;

#[cfg(test)]
mod tests;
