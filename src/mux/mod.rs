//! One door for every call.
//!
//! # Knows
//! The phases of a call, the three ways a call can end.
//!
//! # Does not know
//! Sockets, HTTP, how a principal was proved, how a server's process is run.
//!
//! # How to read it
//! [`dispatch`] is the life of a [`call`], phase by phase; [`admit`], [`placed`], [`prepare`], [`look_up`],
//! [`outcome`] and [`fit`] are phases of their own, [`approval`] a part of the second, [`go_on`] a call that goes on with a client's answer. A client that
//! says no directory may be asked for its [`roots`] first. [`mod@resume`] is the rest of a call that an earlier
//! process sent.

mod admit;
pub mod approval;
pub mod call;
pub mod dispatch;
pub mod fit;
mod go_on;
pub mod hub;
mod look_up;
mod open_round;
mod outcome;
mod placed;
pub mod prepare;
pub mod read_tokens;
pub mod record;
pub mod resume;
mod roots;
mod roots_round;
mod rounds;
mod sending;
pub mod subscriptions;
mod take_back;
pub mod tasks;

pub use crate::instances::roots::AskedRoots;
pub use call::{Call, Caller, Maker, Outlet, Reply};
pub use dispatch::serve;
pub use hub::Hub;
pub use record::{ActRecord, Actor};
pub use resume::{Ended, Resumed, resume};
