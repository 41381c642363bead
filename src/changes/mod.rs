//! Changes of the config that callmux makes for somebody: what they write, and how they are taken back.
//!
//! # Knows
//! Which file a change goes to: one of ours, or a patch file where a section is somebody's own, which stays as
//! it is byte for byte; what is hidden of a section and comes back unchanged; the last changes, with what the files were before.
//!
//! # Does not know
//! The daemon, HTTP, who may change anything.
//!
//! # How to read it
//! [`section`] is one section as it is and as it is shown. [`draft`] makes files of what is wanted, by [`text`], and
//! touches nothing. [`permit`] says whether they could be written, [`versions`] writes them, and takes them back; [`verb`] is `callmux config undo`.

pub mod draft;
pub mod error;
pub mod permit;
pub mod section;
mod text;
pub mod verb;
pub mod versions;

pub use error::ChangeError;
