//! Results that are too large for a client, kept for it until it has paged through them.
//!
//! # Knows
//! How much may be kept and whose it is, what goes when room is needed, how a kept result survives
//! the end of the process. Where answers lie that wait for a client which does not read.
//!
//! # Does not know
//! What a result says, how a part of it is chosen, who a principal is: an owner is a text.
//!
//! # How to read it
//! [`store`] is what callers use, [`index`] what is kept and what has to go, [`disk`] the files,
//! [`mod@reference`] the handle. [`aside`] is for what a client has not taken yet,
//! in memory that is no file's name ([`set_aside`]).
//!
//! Everything here may block on a disk: callers in async code use a blocking thread, as [`aside`]
//! does itself.

pub mod aside;
mod disk;
mod index;
pub mod reference;
mod set_aside;
pub mod store;

pub use store::Results;

#[cfg(test)]
mod tests;
