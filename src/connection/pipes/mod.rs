//! The two pipes of a server's process: one message on each line.
//!
//! [`ends`] is what there is at the beginning, [`reader`] the task that reads, [`writer`] the one that
//! writes.

mod ends;
mod reader;
mod writer;

pub use ends::{AskedBefore, Pipes};
