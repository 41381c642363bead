//! The command line: every verb.
//!
//! # Knows
//! Arguments, what each verb prints, when colour and progress are right.
//!
//! # Does not know
//! How any of it is done.
//!
//! # How to read it
//! [`args`] is the one table that help, manual pages and completions come from. [`mod@run`] leads to
//! the verbs, one file each, which end with an exit code ([`crate::terminal`]).

mod approvals;
mod args;
mod args_daemon;
mod args_import;
mod args_quick;
mod args_server;
mod args_setup;
mod ask;
mod bridge;
mod config;
mod daemon;
mod dashboard;
mod doctor;
mod endpoint;
mod generate;
mod import;
mod instructions;
mod list;
mod log;
mod login;
mod look;
mod operate;
mod pins;
mod run;
mod serve;
mod server;
mod server_add;
mod server_done;
mod server_ready;
mod server_set;
mod server_show;
mod server_update;
mod setup;
mod top;
mod verbs;

pub use run::main;
