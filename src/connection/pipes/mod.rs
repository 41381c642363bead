//! The two pipes of a server's process: one message on each line.
//!
//! [`reader`] is the task that reads, [`writer`] the one that writes.

pub(super) mod reader;
pub(super) mod writer;
