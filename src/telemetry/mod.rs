//! What happened, recorded once.
//!
//! A [`Fact`] is something that happened, in the past tense, from a closed list. Business code
//! records it; one thread turns it into a journal entry with `CALLMUX_…` fields or a line on
//! stderr. Diagnostics that nobody queries go through `tracing` instead.
//!
//! # Knows
//! The list of facts with their message ids, levels, sentences and fields; the journal's native
//! protocol by way of libsystemd; the two forms of a line on stderr.
//!
//! # Does not know
//! Who records facts, and what follows from them.
//!
//! # How to read it
//! [`fact`] is the list, [`recorder`] the handle that everybody holds, [`repetition`] what keeps a
//! failure from being told again and again, [`sink`] where facts go, [`diagnostics`] where all else goes.

pub mod diagnostics;
pub mod fact;
pub mod recorder;
mod repetition;
pub mod sink;
mod text;

pub use diagnostics::Diagnostics;
pub use fact::{CallOutcome, Fact, Level};
pub use recorder::Recorder;
pub use sink::{Format, Sink};
