//! The daemon: puts the house together and keeps it running.
//!
//! # Knows
//! Which sockets to serve and where they come from, what systemd wants to be told, the one loop in
//! which the running world changes, the order of stopping.
//!
//! # Does not know
//! How any of the rooms below works inside.
//!
//! # How to read it
//! [`control`] is the loop and [`stop`] its end; [`sockets`] and [`systemd`] are the two sides of
//! the platform.

pub mod control;
mod estate;
pub mod sockets;
pub mod stop;
pub mod systemd;

pub use control::{Options, Serve, run};
