//! Where operators look in, over the daemon's unix socket.
//!
//! # Knows
//! Which endpoint of [`crate::api`] answers what, how long it waits, what there is to find.
//!
//! # Does not know
//! How anything it is asked for is done: it asks the control loop, which answers when it has. How
//! it was established who is asking.
//!
//! # How to read it
//! [`desk`] is what can be asked, [`report`], [`taken`], [`mod@findings`] and [`mod@traffic`] what is told, [`http`],
//! [`metrics`], [`login`] and [`approvals`] the endpoints, over [`order`] and [`answer`].

mod answer;
mod approvals;
pub mod desk;
pub mod findings;
pub mod http;
mod login;
pub mod metrics;
mod order;
pub mod report;
mod taken;
pub mod traffic;

pub use desk::{Desk, Ordered, Question};
pub use findings::findings;
pub use traffic::traffic;
