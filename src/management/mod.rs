//! The management API of the npm callmux, for programs that speak it.
//!
//! # Knows
//! Its routes, what is sent there, and which endpoints of ours do the same.
//!
//! # Does not know
//! The daemon and its config: it asks the endpoints of the management API, as whoever asks it, and is told what they tell.
//!
//! # How to read it
//! [`routes`] are its paths and what each answers. [`asked`] asks an endpoint of ours, [`entry`] is a server as it is
//! written there and here, [`refusal`] what is answered where nothing came of it.

mod asked;
mod entry;
mod refusal;
mod routes;

pub use routes::router;
