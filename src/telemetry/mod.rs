//! What happened, recorded once.
//!
//! Who sees something happen records it as one of the `facts`; one thread turns it into a journal entry with `CALLMUX_…` fields or a line on stderr. Diagnostics that
//! nobody queries go through `tracing` instead.
//!
//! journald takes so many entries of a user and no more, and drops the others without a word to us. So each entry of a
//! call has a number, is in a bounded record of our own before it is sent, and is looked for later; what is missing is told.
//!
//! # Knows
//! The journal's native protocol and how to ask it
//! back; the record of calls; what of them the audit file gets; the two forms of a line on stderr.
//!
//! # Does not know
//! What can happen and what is said of it, who records it, what follows from it.
//!
//! # How to read it
//! [`recorder`] is the handle that everybody holds, [`repetition`] what keeps a failure from being told again and again,
//! [`sink`] where facts go, [`writer`] how they get there: [`entry`], [`journal`], and [`calls`], with [`audit`] and
//! [`readback`] to compare the two. [`keeping`] is what the audit file gets, [`counting`] and [`counted`] what of it is counted, [`lately`] for who looks while it happens, [`following`] for who wants the
//! facts themselves.

mod audit;
mod calls;
mod counted;
mod counting;
mod counts;
mod entry;
mod following;
mod journal;
mod keeping;
mod lately;
mod readback;
pub mod recorder;
mod repetition;
pub mod sink;
#[cfg(test)]
mod tests;
mod writer;

pub use audit::CallsReport;
pub use following::{Followed, FollowedFacts, Follower};
pub use keeping::{AuditWanted, NotRecorded};
pub use lately::{FactsSeen, FactsWatched, Glance, SessionNote};
pub use readback::{AuditedEntry, ReadbackError, audited};
pub use recorder::{FaintRecorder, Recorder};
pub use sink::{Format, Sink};
