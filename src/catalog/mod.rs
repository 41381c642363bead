//! What all servers offer, under the names that clients see.
//!
//! A tool or prompt is shown as `prefix__name`; without a prefix as `name`. A resource keeps its URI
//! as long as one server has it. Each list is sorted by that name and each definition is the server's
//! own bytes with the name replaced, so an unchanged offer is the same text after any restart.
//!
//! # Knows
//! Which names and URIs clients see, what each leads to, the bytes of every list.
//!
//! # Does not know
//! Calls, sessions, who may see what.
//!
//! # How to read it
//! [`Catalog::build`] makes it of what the servers offer; [`Names`] is tools and prompts, [`uris`]
//! resources. [`Shown`] is a list as clients read it. [`naming`] says what is shown under which name, and
//! [`share`] how much of a server's list there is room for.

mod definition;
mod entry;
pub mod fair_share;
mod names;
mod naming;
mod own_tools;
mod read_tokens;
mod search;
mod share;
mod shown;
mod source;
mod uris;
mod view;
mod whole;

pub use entry::Entry;
pub use names::{Names, NotFound};
pub use own_tools::{OwnTool, OwnTools};
pub use shown::{BadCursor, Shown};
pub use uris::{Located, NotLocated};
pub use whole::{Catalog, INSTRUCTIONS_MAX};

#[cfg(test)]
mod tests;
