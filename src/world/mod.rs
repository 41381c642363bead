//! What holds now, as one value.
//!
//! # Knows
//! The config, the servers, what they offer, the gate, and what clients were told of it; what of all that a
//! subject may know of.
//!
//! # Does not know
//! Calls, sessions, how a world comes to be followed by the next.
//!
//! # How to read it
//! A [`World`] is a [`snapshot`]: nothing in it changes, and whoever has one sees one state of everything. What each may
//! see of a list is made once for a world, and is one of its [`seen_lists`];
//! [`hints()`] are those of a tool's hints that are believed.

mod hints;
mod seen_lists;
pub mod snapshot;

pub use hints::hints;
pub use snapshot::{World, instructions};

#[cfg(test)]
mod tests;
