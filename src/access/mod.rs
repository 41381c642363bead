//! Who may.
//!
//! # Knows
//! How a local connection proves a principal; how many connections there may be, and for how
//! long; the Host and Origin rules that keep browsers out; the decision about each action, and how many a minute.
//!
//! # Does not know
//! MCP messages, HTTP types, sessions.
//!
//! # How to read it
//! [`peer`], [`confined`], [`connections`] and [`host`], the checks at the door; [`gate`] is
//! asked for everything that is to reach a server, and [`limits`] by it.

pub mod confined;
pub mod connections;
pub mod gate;
pub mod host;
pub mod limits;
pub mod peer;

pub use gate::{Action, ActionKind, Denied, Gate, NotAdmitted, Permit, Subject};
pub use host::HostRules;
pub use limits::Limited;
