//! `callmux audit`: what was done, read from the audit file, and whether the file is what was written.
//!
//! # Knows
//! What the verb takes; which records are asked for; how a record reads, to people, to programs and as an event
//! of OCSF.
//!
//! # Does not know
//! How the file is written and what holds it together ([`crate::audit`]).
//!
//! # How to read it
//! [`args`] is what the verb takes, [`verbs`] what it does; [`wanted`] says which records, [`shown`] and [`ocsf`] how
//! they look. [`compared`] is what the journal has of the same.

mod args;
mod compared;
mod ocsf;
mod shown;
mod verbs;
mod wanted;

pub use args::AuditArgs;
pub use verbs::audit;
