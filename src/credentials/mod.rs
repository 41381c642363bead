//! What proves us to a remote server: where it comes from, how long it holds, how it is renewed.
//!
//! A credential belongs to one server and outlives the connections to it. It leaves this room only as
//! the value of an `Authorization` header that is marked as sensitive.
//!
//! # Knows
//! Tokens that are given, printed by a program, or obtained with OAuth 2.1; where the latter are kept; what
//! an authorization server is asked.
//!
//! # Does not know
//! MCP, what is sent with a credential, whom a login is shown to.
//!
//! # How to read it
//! [`Credential`] is what a connection asks before each request and after a refusal. [`command`] runs
//! a program. [`oauth`] holds tokens and renews them, [`consent`] obtains the first ones with a
//! person's consent, for which the browser has a [`way_back`] to a [`callback`]; a [`login`] is that
//! while it is under way. With an [`invitation`] it begins by itself, in a [`browser`]. [`discovery`] is how who is to be asked is [`found`], and [`understood`] what is said there. [`revoke`] gives tokens back; [`store`] is the file, [`fetch`] the HTTP client,
//! [`repeated`] what keeps an answer from repeating what was asked, [`error`] why something is not to be
//! had. An [`address`] is where a server is, with all that it is to see of us; [`forwarded`] are headers of a
//! client that it gets, and [`redact`] keeps what it was shown out of what is written about it.

mod address;
mod browser;
mod callback;
mod command;
mod consent;
mod credential;
mod discovery;
mod error;
mod fetch;
mod forwarded;
mod found;
mod header;
mod invitation;
mod login;
mod oauth;
pub mod redact;
mod repeated;
mod revoke;
mod store;
mod understood;
mod verdict;
mod way_back;

pub use address::{Address, BadAddress};
pub use credential::Credential;
pub use error::CredentialError;
pub use forwarded::Forwarded;
pub use verdict::Verdict;
