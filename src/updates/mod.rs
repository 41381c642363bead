//! Servers and newer versions of them: found, tried beside the ones in use, put in their place.
//!
//! # Knows
//! What another version changes in the tools of a server, that one which does not start is never switched to, what a
//! person is told and asked.
//!
//! # Does not know
//! How versions are looked up and written down ([`crate::packages`]), how a server is started.
//!
//! # How to read it
//! [`update`] does all of it for one server, [`changes`] is what differs between two versions, and a [`report`] what is
//! told; [`error`] says why nothing is switched.

mod changes;
mod error;
mod report;
mod update;

pub use error::UpdateError;
pub use report::UpdateReport;
pub use update::{UpdateMode, UpdatePlace, UpdateWishes};
