//! Every key there is, and how the value of one is read.
//!
//! # Knows
//! Each key with its type, default, description, field, and what a reload does about it; the references
//! `${…}`, durations and sizes; what is wrong with a value, and what it was meant to be.
//!
//! # Does not know
//! Which files are read, in which order; what follows from a config.
//!
//! # How to read it
//! The tables are in [`server`], [`top`], [`recipe`], [`access`] and [`auth`], their parts in [`key`] and [`row`]: the reader, the
//! schema, the manual page and `config show` all use them, so a key that is not there does not exist. A text is a
//! [`tree`], and a [`section`] of it reads by the table ([`read`]); [`mod@reference`] fetches what a value refers to,
//! [`units`] reads durations. [`error`] says why a text is not the value that it should be, [`meant`] what to write.

mod access;
mod auth;
mod error;
mod key;
mod meant;
mod read;
mod recipe;
pub mod reference;
mod row;
pub mod section;
mod sections;
mod server;
mod top;
pub mod tree;
pub mod units;

pub use access::{
    APPROVAL_ROWS, APPROVALS, APPROVED, LIMIT_ROWS, LIMITS, NETWORK_ROWS, NETWORKS, OIDC, RULE,
    TOKEN,
};
pub use auth::{AUTH, AUTH_TYPES};
pub use error::ValueError;
pub use key::{DefaultValue, GoesWith, Key, ValueKind, default_of, kind_of};
pub use recipe::RECIPE;
pub use row::{Effect, KeyRow};
pub use sections::{SECTIONS, heading};
pub use server::{SERVER, SERVER_ROWS};
pub use top::{
    AUDIT, AUDIT_ROWS, CACHE, CLIENT, DASHBOARD, DASHBOARD_ROWS, HISTORY, HISTORY_ROWS, HTTP,
    HTTP_ROWS, METRIC_ROWS, METRICS, RESULTS, TOP, TOP_ROWS, VIEW_ROWS,
};
