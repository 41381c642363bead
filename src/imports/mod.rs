//! What configs of other programs say, as ours says it.
//!
//! # Knows
//! How clients, the npm callmux and mcpmux write servers, variables and what else has a counterpart here; what of it
//! is a secret, and where those are kept; which servers are the same.
//!
//! # Does not know
//! Where the files of clients are, whether a server works, how a report is shown.
//!
//! # How to read it
//! A [`source`] is a file that was read: of which [`kind`] it is, and the servers in it. [`entry`] makes a [`draft`] of
//! each, key by key ([`reading`]): what is about an address ([`remote`]), what limits it ([`limits`]), what only the npm
//! callmux has ([`npm_server`], [`npm_tokens`]); [`variables`] are translated on the way. [`npm`] and [`mcpmux`] are about the rest of
//! such a file. [`mod@join`] finds out which servers are the same, [`hidden`] moves secrets out, [`text`] writes TOML.
//! [`import`] does one after the other, and [`notes`] are what became of each key. [`left`] are secrets that stay where
//! they were, [`located`] is where a program is, `lone` a server that comes without a file.

mod check;
pub mod draft;
mod entry;
mod error;
mod general;
pub mod hidden;
pub mod import;
mod join;
mod kind;
pub mod left;
mod limits;
pub mod located;
mod lone;
mod mcpmux;
pub mod notes;
mod npm;
mod npm_server;
mod npm_tokens;
mod reading;
mod remote;
mod source;
pub mod text;
mod variables;

pub use draft::{DraftOrigin, ServerDraft};
pub use error::ImportError;
pub use hidden::SecretsDir;
pub use import::{Import, ImportPlace};
pub use lone::of_entry;
pub use notes::{KeyFate, KeyNote};
pub use source::ForeignFile;

#[cfg(test)]
mod tests;
