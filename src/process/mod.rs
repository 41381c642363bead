//! A server's process: how it is started, how its end is noticed, how it is ended.
//!
//! Under a systemd user manager it is a transient service of its own ([`mod@unit`]), which outlives us;
//! elsewhere it is our child ([`child`]). Either way it inherits three file descriptors and a closed
//! environment ([`launch`]), and is ended by a ladder: end of input, SIGTERM, SIGKILL (MCP
//! lifecycle, "Shutdown").
//!
//! # Knows
//! Programs, environments, pipes, process groups, units and their sandbox; what a program writes on
//! [`mod@stderr`].
//!
//! # Does not know
//! What is spoken over the pipes; when a server is started or ended, and why.
//!
//! # How to read it
//! [`launch`] is what is to run; [`child`] and [`mod@unit`] run it, and a [`Process`] is either.
//! [`orphans`] are what a child leaves behind, and [`resident`] is what it has in memory. [`units`]
//! is the user manager, and [`bus`] where it and the desktop are.

pub mod bus;
mod child;
pub mod directory;
mod end;
mod error;
mod interpreter;
mod launch;
pub mod orphans;
mod resident;
mod sandbox;
mod started;
pub mod stderr;
mod streams;
mod unit;
pub mod units;

pub use end::describe;
pub use error::StartError;
pub use resident::Resident;
pub use started::Process;
pub use streams::Streams;
