//! One client's conversation with us, whatever carries it.
//!
//! # Knows
//! What a client said about itself and what it waits for, what each of its messages means, how
//! we introduce ourselves, what it is told without having asked.
//!
//! # Does not know
//! Sockets, HTTP, streams of bytes: how messages come and go.
//!
//! # How to read it
//! [`handle`] says what a message means. [`session`] is who sent it, over what [`carriage`]. [`announce`] is what clients hear
//! unasked, [`hello`] how we introduce ourselves. A [`scout`] learns what a server offers that starts nowhere else.

pub mod announce;
mod carriage;
pub mod handle;
pub mod hello;
mod scout;
pub mod session;
