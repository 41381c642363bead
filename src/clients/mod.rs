//! Programs that have an MCP client: where each keeps its servers, and how callmux gets among them
//! without harm.
//!
//! # Knows
//! Clients, their files and the shape of an entry; edits of JSON, TOML and YAML that leave every other byte
//! as it is; how a file of somebody else's is replaced; what it was before.
//!
//! # Does not know
//! What the entry starts, the config, how anything is shown.
//!
//! # How to read it
//! [`table`] has a row for each client ([`client`]); [`places`] says where its files are here. [`entry`] is what
//! stands in them, [`edit`] puts it in and takes it out, by way of [`json`], [`toml`] or [`yaml`]. A [`target`] is a
//! file on this machine, a [`record`] what it was before, and [`change`] does one with the other; [`hello`] is what
//! clients call themselves; [`since`] goes back.

pub mod change;
pub mod client;
pub mod diff;
pub mod edit;
pub mod entry;
pub mod error;
pub mod hello;
mod json;
mod lock;
pub mod places;
pub mod record;
mod since;
mod splice;
pub mod table;
pub mod target;
mod toml;
mod yaml;

pub use client::{KnownClient, Scope};
pub use entry::{Launch, Standing};
pub use error::ClientError;
pub use places::Surroundings;
pub use table::CLIENTS;

#[cfg(test)]
mod tests;
