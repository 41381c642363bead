//! The connection to one running server: what was asked and not yet answered, what waits to be
//! written, and the tasks that read and write.
//!
//! Every request we send has an id from a counter that is never reused, so two clients with equal
//! ids cannot meet (CVE-2026-25536). A full queue fails the request; it never blocks the sender.
//!
//! # Knows
//! The messages of one server and where each belongs: to the request it answers, to the call it is
//! about, to everybody. What of a request is noted for the next process of ours.
//!
//! # Does not know
//! What a server offers, how its process is run, who the clients are.
//!
//! # How to read it
//! [`state`] is the connection. [`request`] makes an [`Exchange`], for who has a permit; [`cell`] is where
//! what comes for it waits; [`turns`] are for a server that takes only so many at once. [`carrier`] is what a connection wants of what carries its messages:
//! [`pipes`] speaks with a process, [`remote`] over HTTP. What comes goes through [`intake`] where
//! [`route`] says. [`notice`] is what is about no request, [`crate::handover::call`] the table of calls
//! that outlives us.

mod ask;
mod carrier;
mod cell;
mod conduct;
mod end;
mod exchange;
mod in_flight;
mod intake;
pub mod notice;
mod opening;
mod origin;
mod outgoing;
mod pipes;
mod questions;
mod queue;
mod remote;
mod request;
mod route;
mod state;
mod turns;

pub use crate::credentials::{Address, BadAddress, Forwarded};
pub use ask::Ask;
pub use cell::{Event, Loss, Reply, Step};
pub use exchange::Exchange;
pub use notice::Board;
pub use opening::{Opening, Over};
pub use origin::{Origin, Owner};
pub use pipes::{AskedBefore, Pipes};
pub use remote::{Mirrors, Remote};
pub use state::{Connection, News};

pub use crate::http::Proxies;

#[cfg(test)]
pub(crate) mod tests;
