//! The bridge: a client's stdio server that lives as long as the client, whatever the daemon does.
//!
//! # Knows
//! The link, what a client asked and has no answer to, what to say while the daemon is away.
//!
//! # Does not know
//! Tools, servers, policy.
//!
//! # How to read it
//! [`machine`] decides, as a value, which [`action`]s there are to take. [`mod@run`] moves the bytes, [`dial`] opens connections, those to other machines over TLS (`secure`).

mod action;
mod batches;
mod client_state;
mod dial;
mod end_signals;
mod fate;
mod lists;
mod machine;
mod memory;
mod refusal;
mod run;
mod secure;
mod token;

pub use dial::{Target, is_refusal};
pub use run::{Joined, Options, join, run};
pub use token::TokenSource;
