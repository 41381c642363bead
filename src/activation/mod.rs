//! A daemon that is away is brought back: by systemd where its user manager is, else by whoever needs it.
//!
//! # Knows
//! Whether there is a manager, how many may start a daemon at once (one), how it is cut loose from who
//! started it, what it says meanwhile and where that is kept.
//!
//! # Does not know
//! What is said to a daemon, what one does.
//!
//! # How to read it
//! [`bring_up()`] is for who needs a daemon once, [`mod@revival`] for a bridge, which needs one for as long as it
//! lives. Without a [`manager`] both go on to [`mod@start`], which agrees with others and has a process [`spawn`]ed.
//! That tells with [`ready`] that it listens, and writes into a [`log`].

mod bring_up;
pub mod log;
pub mod manager;
mod not_started;
pub mod ready;
pub mod revival;
mod spawn;
mod start;

pub use bring_up::{BroughtUp, SpawnArgs, bring_up, remedy};
pub use not_started::NotStarted;
pub use revival::{Need, Revival};
