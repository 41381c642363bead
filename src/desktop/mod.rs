//! The desktop of the user, where there is one.
//!
//! # Knows
//! How a question about calls is shown as a notification with answers (Desktop Notifications Specification), and
//! whose answers are taken.
//!
//! # Does not know
//! Which calls are asked about, and what becomes of them.
//!
//! # How to read it
//! A [`Desktop`] shows questions, each in a notification of its own until it is over; [`notifications`] is the
//! service that shows them, over D-Bus.

mod desk;
mod notifications;

pub use desk::Desktop;
