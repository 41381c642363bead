//! How the config is read: files in, one typed [`Config`](crate::settings::Config) out.
//!
//! Reading is strict and complete: every complaint of every file is collected, each with file,
//! line and column, and a config with a complaint is not used at all. A value that refers to
//! something missing (an unset variable, an unreadable file) is not a complaint about the config:
//! the one server that needs it does not start, and says why.
//!
//! # Knows
//! The files and their order, every key with its type, default, description, field, and what a reload
//! does about it ([`keys`]), the references `${…}`, durations and sizes.
//!
//! # Does not know
//! That a daemon exists; what a server does.
//!
//! # How to read it
//! [`keys`] is the table of all keys. [`location`] reads the files ([`source`]); [`load`] goes from
//! their texts over one merged tree ([`tree`]) to [`crate::settings`], through the checks of
//! [`section`]; [`error`] says why a text is not the value that it should be, `meant` what to write. [`schema`] and [`show`]
//! print from the table of keys, and [`mod@plan`] compares two configs by it.

mod error;
pub mod keys;
pub mod load;
pub mod location;
mod meant;
pub mod plan;
pub mod reference;
pub mod schema;
pub mod section;
pub mod show;
pub mod source;
pub mod tree;
pub mod units;

pub use error::ValueError;
pub use location::{Location, Reading};

#[cfg(test)]
mod tests;
