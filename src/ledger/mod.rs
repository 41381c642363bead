//! Accounts of what was sent to models, of a session or of all.
//!
//! # Knows
//! How much went to clients, and how much servers of their own would have sent for the same.
//!
//! # Does not know
//! What was sent, and to whom.
//!
//! # How to read it
//! `account` is all of it.

mod account;

pub use account::{Account, Amount, AnswerTokens, Ledger};
