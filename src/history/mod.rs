//! The history: what happened, so that it can be looked up.
//!
//! It is fed by facts alone, in a thread of its own behind a queue that has an end, so no call waits for it. It is lost
//! before a call is: what there was no room or no disk for is counted, and the history says so.
//!
//! # Knows
//! The tables in a file of SQLite, and how older ones become today's; which facts are worth a row; how much is kept;
//! what is done about a broken file and a full disk; how the rows are found again.
//!
//! # Does not know
//! What the config says, who looks, what a row looks like to a person.
//!
//! # How to read it
//! [`handle`] is what the daemon has of it, [`keeper`] the thread, [`state`] how it is. [`row`] is what a fact becomes, [`store`] where it goes, with
//! [`schema`], [`hours`] for the sums, [`retention`] for what goes, [`aside`] for what is broken. [`read`] is for who
//! looks.

mod aside;
mod bounds;
mod error;
mod handle;
mod hours;
mod keeper;
pub mod read;
mod retention;
mod row;
mod schema;
mod state;
mod store;
#[cfg(test)]
mod tests;

pub use bounds::{HistoryBounds, HistoryWanted};
pub use error::HistoryError;
pub use handle::History;
pub use hours::HourSums;
pub use schema::FILE;
pub use state::HistoryStatus;
