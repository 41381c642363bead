//! Servers that run once for each directory of a client (`scope = "cwd"`).
//!
//! The server itself is there as any other: it has the name that is in the config, it is in the world, and
//! it is called by clients that work in no directory. An instance is a second [`Server`] of the same
//! config with a [`Workplace`](crate::base::Workplace) in its name, and is found here alone.
//!
//! # Knows
//! Which instances there are and who uses each, where a client may have one, how many there may be, which
//! one gives way, what becomes of them when the config changes.
//!
//! # Does not know
//! Which server a call is for, and how it is made; what is told to clients.
//!
//! # How to read it
//! [`registry`] is all of it: [`instance`] is one, [`workplace`] where a client works, and [`error`] why it
//! gets none; [`roots`] may say where it works, also by a round ([`roots_state`]). [`ground`] is what instances are started on.
//!
//! [`Server`]: crate::servers::Server

pub mod error;
pub mod ground;
pub mod instance;
pub mod registry;
pub mod roots;
pub mod roots_state;
mod workplace;

pub use error::NoInstance;
pub use ground::Ground;
pub use instance::Lease;
pub use registry::Instances;
