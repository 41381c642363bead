//! The calls in flight.
//!
//! # Knows
//! How many there are, when they must end, and which they are: each says so itself when somebody asks, so that it costs
//! nothing where nobody does.
//!
//! # Does not know
//! What a call does, who asks, how an operator is told.
//!
//! # How to read it
//! [`counts`] is what all of them share, [`roll`] how they are asked, [`open_call`] what one says of itself.

mod counts;
mod open_call;
mod roll;
#[cfg(test)]
mod tests;

pub use counts::{CLOSING, CallCount, Calls};
pub use open_call::{OpenCall, TellsOfItself};
