//! How the config is read: files in, one typed [`Config`](crate::settings::Config) out.
//!
//! Reading is strict and complete: every complaint of every file is collected, each with file,
//! line and column, and a config with a complaint is not used at all. A value that refers to
//! something missing (an unset variable, an unreadable file) is not a complaint about the config:
//! the one server that needs it does not start, and says why.
//!
//! # Knows
//! The files, their order, and who may write to them; what separates two configs, by the key.
//!
//! # Does not know
//! That a daemon exists; what a server does.
//!
//! # How to read it
//! [`location`] reads the files ([`source`]); [`load`] goes from their texts over one merged tree to
//! [`crate::settings`], by the tables of [`crate::keys`]. [`schema`], [`show`] and [`mod@fresh`] print from these tables, and
//! [`mod@plan`] compares two configs by them. [`edit`] changes keys in the text of a file, and [`patch`] is for texts of others, which stay.

pub mod edit;
mod fresh;
pub mod load;
pub mod location;
pub mod owned;
pub mod patch;
pub mod plan;
pub mod schema;
pub mod show;
pub mod source;

pub use fresh::fresh;
pub use location::{Location, Reading};

#[cfg(test)]
mod tests;
