//! What a request is for.
//!
//! # Knows
//! Which server a name, a URI or the id of a task leads to, and what that server calls it; what is said when it
//! leads nowhere, or may not be had, and how that reads; which resources clients want to hear about.
//!
//! # Does not know
//! What becomes of the request, and who makes it.
//!
//! # How to read it
//! [`mod@locate`] finds the server, [`absent`] tells why what may be meant is not there, [`failure`] is what an agent
//! reads when there is no result. [`subscription`] is a resource that somebody wants to hear about.

pub mod absent;
pub mod failure;
pub mod locate;
pub mod subscription;

pub use failure::Failure;
