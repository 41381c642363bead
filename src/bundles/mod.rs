//! Bundles of servers (MCPB, `.mcpb`, once DXT): archives from outside.
//!
//! # Knows
//! What of an archive may be unpacked and what is refused, what its manifest says, how its files come to lie where
//! they belong at once or not at all.
//!
//! # Does not know
//! Servers of a config; who answers what a bundle asks.
//!
//! # How to read it
//! [`archive`] looks at the entries and unpacks them into what is [`staged`]; [`manifest`] is what one of them says.
//! [`error`] says why not.

pub mod archive;
pub mod error;
pub mod manifest;
pub mod staged;

pub use archive::{ARCHIVE_MAX, Archive};
pub use error::BundleError;
pub use manifest::{BundleSetting, Manifest};
pub use staged::StagedBundle;
