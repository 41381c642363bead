//! From the files of clients to a daemon that runs what was in them, and back.
//!
//! # Knows
//! The order in which that is done, what is written down before each step, so that it can be taken back, and
//! what proves that it works.
//!
//! # Does not know
//! How a file of a client is edited, or what a key of one means here; what a server does.
//!
//! # How to read it
//! [`mod@run`] is the order of what a [`plan`] says. [`scene`] is what is here, [`trial`] tries servers, [`mod@units`] is about systemd, which [`mod@daemon`] does alone, [`attach`] about
//! the files of clients, [`proof`] calls a tool as a client does. [`journal`] is what was done, [`mod@undo`] takes it back, and
//! [`show`] tells. [`error`] is why it could not be done. [`mod@init`] writes a config to begin with, by hand.

mod attach;
mod daemon;
mod error;
mod init;
mod journal;
mod plan;
mod proof;
mod run;
mod scene;
mod show;
mod trial;
mod undo;
mod units;

pub use daemon::{UnitWork, units, units_status};
pub use init::{InitArgs, init};
pub use plan::{SetupMode, SetupOptions};
pub use run::run;
pub use undo::undo;
