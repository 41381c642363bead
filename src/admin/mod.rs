//! Where operators look in, over the daemon's unix socket.
//!
//! # Knows
//! The endpoints below `/admin`, what each answers, how long it waits.
//!
//! # Does not know
//! How anything it is asked for is done: it asks the control loop, which answers when it has. How
//! it was established who is asking.
//!
//! # How to read it
//! [`desk`] is what can be asked, [`report`] and [`mod@findings`] what is told, [`http`] and [`login`] the
//! endpoints, over [`order`] and [`answer`].

mod answer;
pub mod desk;
pub mod findings;
pub mod http;
pub mod login;
mod order;
pub mod report;
pub mod traffic;

pub use desk::{Desk, Ordered, Question};
pub use findings::{Finding, Severity, findings};
pub use login::{Consent, Farewell};
pub use report::{ConfigReport, Refusal, ServerReport, Status, ToolList, ToolReport};
pub use traffic::Traffic;
