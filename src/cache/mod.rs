//! Results of calls that only read, given again to who makes the same call again.
//!
//! A result is kept under its principal, server, tool and prepared arguments, for the server's
//! `cache_ttl`. While a call is on its way, the same call waits for its answer instead of being sent
//! too. A call that may change something at a server makes everything that is kept of it untrue,
//! twice: when it is sent, and when it is over, so that a read that ran beside it leaves nothing old
//! behind.
//!
//! # Knows
//! Which calls are the same, what may be kept of them and for how long, what makes it untrue.
//!
//! # Does not know
//! How a call is made, who may make it, what its client gets.
//!
//! # How to read it
//! [`reads`] is all of it.

pub mod reads;

pub use reads::{Cache, CacheKey, Lead, Look, Part, ServerAnswer, ServerChange, Statistics};
