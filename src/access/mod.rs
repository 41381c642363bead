//! Who may.
//!
//! # Knows
//! Tokens; the decision about each action, how many a minute and at once, and whose turn it is.
//!
//! # Does not know
//! Who is at the other end of a connection, MCP messages, HTTP types, sessions.
//!
//! # How to read it
//! [`gate`] is asked for everything that is to reach a server, in the words of [`Action`] and [`Subject`], and asks the rules of the
//! config, [`limits`] and [`places`]; who has to wait is told why as [`Limited`]. [`rounds`] is
//! how those take turns who wait for the same. [`token`] makes tokens and tells whose one is, [`SlowTokens`] those of the npm
//! callmux, [`fn@missing_scope`] says what an issuer could grant, [`fn@token_uses`] when a token was used last;
//! [`process_fit()`] looks at the process that asks; [`fn@remarks`] is what is not as it was meant.

mod action;
pub mod gate;
mod limited;
pub mod limits;
mod network_remarks;
mod places;
mod process_fit;
mod remarks;
pub mod rounds;
mod rules;
mod slow_tokens;
mod step_up;
pub mod token;
mod token_uses;

pub use action::{Action, ActionKind, ClientName, Denied, Subject, ToolHints};
pub use gate::{Gate, NotAdmitted, Permit};
pub use limited::Limited;
pub use places::HeldPlaces;
pub use process_fit::{ProcessFit, process_fit};
pub use remarks::remarks;
pub use rules::ApplicableRules;
pub use slow_tokens::SlowTokens;
pub use step_up::{held_scopes, missing_scope};
pub use token_uses::{TokenUse, TokenUses, token_uses};
