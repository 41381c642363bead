//! Where our program stays.
//!
//! Entries in files of clients and units name a program that is there for good. What npx, uvx and their like
//! start lies in a cache that is wiped, or in a directory that the next version replaces.
//!
//! # Knows
//! Which places go away, where the program is put then, whose program is there already, and how all of it is
//! taken back.
//!
//! # Does not know
//! Who names it: files of clients, units.
//!
//! # How to read it
//! [`place`] tells places that stay from those that do not, [`mod@program`] which program others are to name,
//! [`copy`] puts it there and takes it back, by what a [`record`] says. [`version`] is what a program says it
//! is. [`error`] is why it could not be done.

mod copy;
mod error;
mod place;
mod program;
mod record;
mod version;

pub use copy::{CopyEnd, take_back};
pub use error::LastingError;
pub use program::{ProgramPlan, path, plan, program};
