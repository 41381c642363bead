//! Who may.
//!
//! # Knows
//! How a local connection proves a principal; where a client is that comes through proxies; how many connections there may be, and for how
//! long; the Host and Origin rules that keep browsers out; tokens; the decision about each action, how many a minute and at once, and whose turn it is.
//!
//! # Does not know
//! MCP messages, HTTP types, sessions.
//!
//! # How to read it
//! [`peer`], [`confined`], [`forwarded`], [`connections`] and [`host`], the checks at the door; [`gate`] is
//! asked for everything that is to reach a server, in the words of [`Action`] and [`Subject`], and asks the rules of the
//! config, [`limits`] and [`places`]; who has to wait is told why as [`Limited`]. [`rounds`] is
//! how those take turns who wait for the same. [`token`] makes tokens and tells whose one is, [`fn@token_uses`] when it was
//! used last;
//! [`fn@remarks`] is what is not as it was meant.

mod action;
pub mod confined;
pub mod connections;
pub mod forwarded;
pub mod gate;
pub mod host;
mod limited;
pub mod limits;
mod network_remarks;
pub mod peer;
mod places;
mod remarks;
pub mod rounds;
mod rules;
pub mod token;
mod token_uses;

pub use action::{Action, ActionKind, ClientName, Denied, Subject};
pub use gate::{Gate, NotAdmitted, Permit};
pub use host::HostRules;
pub use limited::Limited;
pub use places::HeldPlaces;
pub use remarks::remarks;
pub use rules::ApplicableRules;
pub use token_uses::{TokenUse, TokenUses, token_uses};
