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
//! The tables are in [`server`], [`top`], [`recipe`] and [`auth`], their parts in [`key`] and [`row`]: the reader, the
//! schema, the manual page and `config show` all use them, so a key that is not there does not exist. A text is a
//! [`tree`], and a [`section`] of it reads by the table ([`read`]); [`mod@reference`] fetches what a value refers to,
//! [`units`] reads durations. [`error`] says why a text is not the value that it should be, [`meant`] what to write.

mod auth;
mod error;
mod key;
mod meant;
mod read;
mod recipe;
pub mod reference;
mod row;
pub mod section;
mod server;
mod top;
pub mod tree;
pub mod units;

pub use auth::{AUTH, AUTH_TYPES};
pub use error::ValueError;
pub use key::{DefaultValue, GoesWith, Key, ValueKind, default_of, kind_of};
pub use recipe::RECIPE;
pub use row::{Effect, KeyRow};
pub use server::{SERVER, SERVER_ROWS};
pub use top::{
    CACHE, CLIENT, HTTP, HTTP_ROWS, LIMIT_ROWS, LIMITS, RESULTS, TOP, TOP_ROWS, VIEW_ROWS,
};

/// The sections: name in the file, keys, description. `*` stands for a name the user chooses.
pub const SECTIONS: &[(&str, &[Key], &str)] = &[
    ("", TOP, "Settings for everything."),
    ("http", HTTP, "The HTTP side of the daemon."),
    ("access.limits", LIMITS, "How much of all that may be done one user may do."),
    ("cache", CACHE, "How much of the results of reading calls is kept (see `cache_ttl`)."),
    ("results", RESULTS, "How much of results that were too large is kept (see `max_result`)."),
    (
        "clients.*",
        CLIENT,
        "Other settings for the clients of a name, as they give it in `clientInfo`: \
         `[clients.claude-code]`, `[clients.\"codex*\"]`. What is not set is as for everybody.",
    ),
    (
        "recipes.*",
        RECIPE,
        "Calls that are written down once and run by name with `callmux_recipe_run`.",
    ),
    (
        "servers.*",
        SERVER,
        "One MCP server: a program that is started and spoken to over stdio, or a remote one by its URL.",
    ),
    (
        "servers.*.auth",
        AUTH,
        "How callmux proves itself to a remote server. `auth = \"oauth\"` is short for a section with \
         `type = \"oauth\"`.",
    ),
];
