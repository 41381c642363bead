//! Results of tools as their clients are to read them.
//!
//! A text that holds JSON is written in the client's format. A result that is larger than the client
//! wants is kept ([`crate::results`]); the client gets its beginning, its shape and the way to the
//! rest. Neither touches errors, images, or a result that a tool's `outputSchema` describes, and
//! neither makes a result longer.
//!
//! # Knows
//! What a result of `tools/call` is made of, what of it a model reads, which tools give texts that have to
//! stay to the letter.
//!
//! # Does not know
//! Calls, sessions, servers, configs.
//!
//! # How to read it
//! [`limits`] says whether there is anything to do, with what [`verbatim`] knows; [`mod@result`] does it for a
//! [`reader`]. [`envelope`] is what stands for a result that is too large.

pub mod envelope;
mod limits;
mod reader;
mod result;
mod verbatim;

pub use limits::FitLimits;
pub use reader::Reader;
pub use result::result_for;

#[cfg(test)]
mod tests;
