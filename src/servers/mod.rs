//! One MCP server's life, from its first process to its last answer.
//!
//! # Knows
//! The state machine of a server, its process and how that is ended, the connection to it with
//! every request in flight, the handshake in either era, the lists of what it offers.
//!
//! # Does not know
//! Clients, sessions, policy, other servers.
//!
//! # How to read it
//! [`machine`] is what a server does when, as a value. [`control`] is what is wanted of one. [`driver`]
//! carries it out, with [`crate::process`] and [`crate::connection`] as its hands; [`mod@start`] is one try to
//! have it [`running`], [`work`] is what is under way. [`handshake`] makes out an [`identity`]; a
//! [`greeting`] and its [`manner`] are for servers that want to be asked otherwise.
//! [`announcements`] has changes told, and [`handle`] is what the rest of the house sees; a start that failed
//! has an [`error`]. [`way`] is through whom a remote one is reached, [`mod@probe`] a look at a server without
//! all that.

mod announcements;
pub mod control;
pub mod driver;
pub mod error;
mod greeting;
pub mod handle;
pub mod handshake;
mod identity;
pub mod machine;
mod manner;
pub mod memory;
pub mod offer;
mod pinning;
mod probe;
mod refresh;
pub mod running;
mod start;
mod way;
mod work;

pub use handle::{Live, Server};
pub use identity::client_info;
pub use offer::{Item, List, Offer};
pub use probe::{Probe, probe, probe_here};
