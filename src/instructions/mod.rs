//! What an agent should know about callmux.
//!
//! # Knows
//! What is said of our own tools, and of the servers behind what a client does not list.
//!
//! # Does not know
//! Servers, sessions, who may see what: the caller says which servers are told of.
//!
//! # How to read it
//! [`markdown`] is a text for the rules of an agent, [`session`] a sentence for its session, [`servers`] what
//! servers say themselves.

pub mod servers;
mod text;

pub use text::{ServerAbout, markdown, session};
