//! The dashboard: the files of its page, and who may see what it shows.
//!
//! # Knows
//! The files of the page, with their types and tags. Codes that open it once, the visits that come of them,
//! and how long either holds. What a page without a script shows. What a browser says of where a request comes
//! from.
//!
//! # Does not know
//! Connections, where the daemon has it from what the page shows, who may do what.
//!
//! # How to read it
//! [`door`] is what both who lets requests in and who answers them ask. [`entrances`] has the codes and visits, [`cookie`] is how a browser carries one, [`origin`] what else it has to
//! say of a request, [`offered`] what it may then ask for, [`problem`] what it is told else. [`link`] is where a browser finds it all. [`page`] is the table of files, which are in `files`, and [`plain`] the page of those
//! browsers that run none of them. [`verb`] is `callmux dashboard`.

pub mod cookie;
pub mod door;
pub mod entrances;
pub mod link;
pub mod offered;
pub mod origin;
pub mod page;
pub mod plain;
pub mod problem;
pub mod verb;

#[cfg(test)]
mod tests;

pub use door::{CameBy, Door};
pub use verb::DashboardArgs;
