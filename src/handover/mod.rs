//! What outlives the process, so that the next one of ours goes on where we ended.
//!
//! Everything here lies in memory and descriptors that systemd keeps, and is written as things happen:
//! a crash is no other case than a restart.
//!
//! # Knows
//! The fd store of systemd, tables of rows in memory that outlives us, what each row says and in which
//! version, the window onto a server's output, how the parts of a kept server are named.
//!
//! # Does not know
//! Who joins whom: that is done where the house is put together. Sessions, connections, configs.
//!
//! # How to read it
//! [`Table`] has rows of one kind: calls in flight ([`call`], [`act`]), links ([`link`]), sessions over HTTP and
//! what their clients want to hear ([`session`]). [`card`] is a server, [`Window`] what was read of it.
//! A row is JSON, and each kind has its own version; what the last release wrote is read by
//! [`last_release`]. [`tables`] lists them all.

pub mod act;
pub mod call;
pub mod card;
mod ending;
pub mod fd_store;
mod last_release;
pub mod link;
pub mod memory;
pub mod number;
pub mod progress;
pub mod records;
pub mod session;
pub mod table;
mod tables;
mod window;

pub use act::{ActRow, NotedAct};
pub use call::CallRow;
pub use ending::Ending;
pub use link::LinkRow;
pub use memory::SharedMemory;
pub use progress::{PendingCall, Written};
pub use records::Record;
pub use session::{SessionRow, WantRow};
pub use table::{Left, Table};
pub use window::Window;

#[cfg(test)]
mod tests;
