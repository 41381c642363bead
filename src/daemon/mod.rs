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
//! [`state`] is what lives as long as the daemon, [`control`] the loop and [`stop`] its end; [`ways_in`]
//! opens the doors. A change of the config is noticed by [`watch`], read
//! when [`schedule`] says so, judged by [`settings`] (with [`last_good`] behind it) and carried out
//! by [`reload`]; [`operators`] answers those who look in. [`sockets`] (each
//! in its [`place`]) and [`systemd`] are the two sides of the platform; [`takeover`] is what an earlier process of ours left, [`presence`] whether it ended in
//! order; [`pressure`] tells when memory is short, and [`relief`] is what is done then.

pub mod control;
pub mod last_good;
mod open_sessions;
pub mod operators;
pub mod options;
mod place;
pub mod presence;
mod pressure;
mod program;
mod relief;
pub mod reload;
pub mod schedule;
pub mod settings;
mod signals;
pub mod sockets;
mod state;
pub mod stop;
pub mod systemd;
pub mod takeover;
mod under_way;
mod unwritten;
pub mod watch;
mod ways_in;

pub use control::run;
pub use options::{Ended, Options, Serve};
pub use place::{SocketError, SocketPlace};
pub use presence::Presence;
pub use settings::Settings;
