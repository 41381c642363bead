//! Tokens of an issuer (JWT), and whom they prove.
//!
//! # Knows
//! How a token is written and signed (RFC 7515, RFC 7518, RFC 7519), what it must say to be taken (RFC 9068
//! and whoever is less strict), which keys an issuer has and for how long they are good (RFC 7517, RFC
//! 8414, OpenID Connect Discovery).
//!
//! # Does not know
//! Requests, rules, sessions: whom a token proves is all that it gives away.
//!
//! # How to read it
//! A token ([`jwt`]) is taken apart without being believed; a [`key`] says whether it signed it, and [`claims`]
//! whether what it says is said to us and holds now. Each says in a word why not ([`refused`]).
//! [`mod@strict`] reads their JSON. [`key_set`] is a value: what to do about a key that is not there, and
//! when to ask again. [`documents`] reads what an issuer publishes, [`mod@fetch`] asks it, and an [`Issuer`] is all of
//! that together.

mod claims;
mod documents;
mod fetch;
mod issuer;
mod jwt;
mod key;
mod key_set;
mod refused;
mod strict;

pub use fetch::{NoKeys, fetch};
pub use issuer::{Issuer, NotProved};

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod made;
