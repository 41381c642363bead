//! What happened, recorded once.
//!
//! A [`Fact`] is something that happened, in the past tense, from a closed list. Business code
//! records it; one thread turns it into a journal entry with `CALLMUX_…` fields or a line on stderr. Diagnostics that
//! nobody queries go through `tracing` instead.
//!
//! journald takes so many entries of a user and no more, and drops the others without a word to us. So each entry of a
//! call has a number, is in a bounded record of our own before it is sent, and is looked for later; what is missing is told.
//!
//! # Knows
//! The list of facts with their message ids, levels, sentences and fields; the journal's native protocol and how to ask it
//! back; the record of calls; what of them the audit file gets; the two forms of a line on stderr.
//!
//! # Does not know
//! Who records facts, and what follows from them.
//!
//! # How to read it
//! [`fact`] is the list, with all that is said of each ([`about`], [`describe`]); [`recorder`] is the handle that
//! everybody holds, [`repetition`] what keeps a failure from being told again and again, [`record`] how a fact is written,
//! [`sink`] where facts go, [`writer`] how they get there: [`entry`], [`journal`], and [`calls`], with [`audit`] and
//! [`readback`] to compare the two. [`keeping`] is what the audit file gets, [`lately`] for who looks while it happens.

mod about;
mod audit;
mod calls;
mod counts;
mod describe;
mod entry;
pub mod fact;
mod journal;
mod keeping;
mod lately;
mod level;
mod readback;
mod record;
pub mod recorder;
mod repetition;
pub mod sink;
mod writer;

pub use about::FieldNames;
pub use audit::CallsReport;
pub use fact::{CallOutcome, Fact};
pub use lately::{Glance, SessionNote};
pub use level::{Level, Priority, Threshold};
pub use recorder::Recorder;
pub use sink::{Format, Sink};
