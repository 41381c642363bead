//! What this daemon shows of itself over TLS.
//!
//! # Knows
//! A certificate with its key, as files in PEM have them, and when it ends; what is wrong with such files.
//!
//! # Does not know
//! Which files those are, who connects, whom we trust: that is [`crate::http`]'s.
//!
//! # How to read it
//! [`Certificate`] is all of it; [`validity`] reads of one how long it is good.

mod certificate;
mod error;
mod validity;

pub use certificate::Certificate;
pub use error::CertificateError;
