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
//! schemas of a tool may be, [`sketch`] writes an object again. [`fn@slim`] cuts what is too long, [`fn@shortened`] any text;
//! [`Remarks`] are what is told of it.

mod changes;
mod error;
mod known;
mod mend;
mod moment;
mod remarks;
mod schemas;
mod shortened;
mod sketch;
mod slim;

pub use mend::mended;
pub use remarks::{Remark, Remarks};
#[cfg(test)]
pub use shortened::TEXT_MAX;
pub use shortened::shortened;
pub use slim::{DEFINITION_MAX, slim};
