//! One door for every call.
//!
//! # Knows
//! The world as a call sees it, the phases of a call, the three ways a call can end.
//!
//! # Does not know
//! Sockets, HTTP, how a principal was proved, how a server's process is run.
//!
//! # How to read it
//! [`dispatch`] is the life of a [`call`], phase by phase; [`prepare`], [`cache`] and [`fit`] are phases
//! of their own. [`world`] is what it looks things up in, [`mod@resume`] the rest of a call that an earlier
//! process sent, [`failure`] what an agent reads when there is no result.

pub mod cache;
pub mod call;
pub mod dispatch;
pub mod failure;
pub mod fit;
pub mod hub;
pub mod ledger;
pub mod locate;
mod open_round;
pub mod prepare;
pub mod record;
pub mod resume;
mod rounds;
mod sending;
pub mod subscriptions;
pub mod tasks;
pub mod world;

pub use call::{Call, Maker, Outlet, Reply};
pub use dispatch::serve;
pub use failure::ToolError;
pub use hub::Hub;
pub use ledger::{Account, Ledger};
pub use record::{ActRecord, Actor};
pub use resume::{Ended, Resumed, resume};
pub use world::World;
