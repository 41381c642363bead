//! `callmux search-quality`: how well the search for tools finds them.
//!
//! # Knows
//! Files of tools, of queries and of what they should find; figures.
//!
//! # Does not know
//! How the search works, daemons.
//!
//! # How to read it
//! [`measure`] reads the files, searches, counts and prints; [`args`] is what it can be told.

mod args;
mod measure;

pub use args::SearchQualityArgs;
pub use measure::search_quality;
