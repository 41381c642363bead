//! Definitions of tools, prompts and resources that are slightly wrong, made right.
//!
//! # Knows
//! The members of a definition as the schema of MCP types them, and which of them clients check.
//!
//! # Does not know
//! Servers, lists, who reads them.
//!
//! # How to read it
//! [`mended`] goes through one definition. [`known`] says which members there are, [`schemas`] what the
//! schemas of a tool may be, [`sketch`] writes an object again.

mod changes;
mod error;
mod known;
mod mend;
mod moment;
mod schemas;
mod sketch;

pub use mend::mended;
