//! Without a daemon: one client on our stdin and stdout, and servers that go when it does.
//!
//! # Knows
//! Which config that is: one server from a command line, with what may be said of it, or the user's own;
//! when a client is at the other end of stdin.
//!
//! # Does not know
//! How a client is served, or servers run.
//!
//! # How to read it
//! [`args`] is what the verbs take, [`mod@inline`] makes a config of that, [`mod@run`] has it served.

mod args;
mod client;
mod inline;
mod run;

pub use args::{InlineArgs, StdioArgs};
pub use client::is_there;
pub use run::{NotServed, inline, stdio};
