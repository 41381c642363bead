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
//! [`desk`] is what can be asked of the control loop, [`http`] who is let in to which endpoint, over [`answer`], [`sources`] and [`open_sessions`]; [`looks`],
//! [`events`], [`orders`], [`config`], [`login`], [`approvals`], [`sessions`], [`open_calls`], [`call_tool`], [`cache`], [`history`], [`pins`], [`metrics`], [`mod@dashboard`] and [`mod@page`] are the endpoints, [`report`], [`taken`], [`rules`], [`runs`],
//! [`mod@findings`], [`mod@foresight`] and [`mod@traffic`] what they tell.

mod answer;
mod approvals;
mod cache;
mod call_tool;
mod config;
pub mod dashboard;
pub mod desk;
mod events;
pub mod findings;
mod foresight;
mod history;
pub mod http;
mod login;
mod looks;
pub mod metrics;
mod open_calls;
mod open_sessions;
mod orders;
pub mod page;
mod pins;
pub mod report;
mod rules;
mod runs;
mod sessions;
mod sources;
mod taken;
pub mod traffic;

pub use desk::{Desk, Ordered, Question};
pub use findings::findings;
pub use open_sessions::OpenSessions;
pub use sources::AnswerSources;
pub use traffic::traffic;
