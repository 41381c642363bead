//! What can happen, as a closed list.
//!
//! A [`Fact`] is something that happened, in the past tense. Whoever sees it happen records it
//! (`telemetry::Recorder`); what there is to say of it stands here, in one place.
//!
//! # Knows
//! The list, with message ids, levels, sentences and fields; the form in which a fact is written.
//!
//! # Does not know
//! Who records facts, where they go, and what follows from them.
//!
//! # How to read it
//! [`list`] is the list; the facts themselves stand in the file of those that they go with. [`about`] and [`describe`]
//! are what is said of each, [`level`] how much it matters, [`record`] its written form.

pub mod about;
mod approval;
mod call;
mod cancelled;
mod config;
mod daemon;
mod describe;
mod door;
mod gap;
mod level;
mod list;
mod record;
mod server;
mod session;
mod words;

pub use about::FieldNames;
pub use call::{CallBegun, CallOrigin, CallOutcome, Noted};
pub use describe::FactKind;
pub use level::{Level, Priority, Threshold};
pub use list::*;
pub use record::{Record, Value, write_number};
