//! `callmux approvals`: calls that wait for a person, shown and answered, by word.
//!
//! # Knows
//! How a question reads at a terminal, what a person can say to it, how an answer for good stands in the config.
//!
//! # Does not know
//! Which calls are asked about and what an answer does: the daemon does. How a daemon is asked.
//!
//! # How to read it
//! [`args`] has the command lines, [`verbs`] what each does, [`watch`] asks about what comes while somebody looks.
//! [`answer`] passes on what a person says, [`shown`] is a question as lines, [`approved`] the file of an answer for good. A [`Liaison`] asks the daemon.

mod answer;
mod approved;
mod args;
mod shown;
mod verbs;
mod watch;

pub use answer::Liaison;
pub use args::ApprovalsArgs;
pub use verbs::approvals;
