//! What servers write that are slightly wrong, read as it was meant.
//!
//! # Knows
//! Messages among other words, ids that come back in another form.
//!
//! # Does not know
//! Connections, which server it is, what is told of it.
//!
//! # How to read it
//! [`noise`] finds the messages in a line that is none, [`own_id`] reads an id of ours.

pub mod noise;
pub mod own_id;
