//! Every key there is. The reader, the schema, the manual page and `config show` all use this
//! table, so a key that is not here does not exist.

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A list of texts.
    Texts,
    /// A table from names to texts.
    TextTable,
    /// Any value, as JSON has it.
    Values,
    Bool,
    /// A text such as `"30s"`, `"1m 30s"`, `"250ms"`.
    Duration,
    /// A text such as `"64KiB"`, `"4MB"`.
    Size,
    /// A whole number in this range.
    Number(u64, u64),
    /// One of these texts.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// The type as a person reads it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Texts => "list of texts",
            Self::TextTable => "table of texts",
            Self::Values => "values",
            Self::Bool => "true or false",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Number(..) => "number",
            Self::Choice(_) => "one of a few texts",
        }
    }
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub kind: Kind,
    /// The default as it would be written, or what stands in for one.
    pub default: DefaultValue,
    pub doc: &'static str,
}

/// What holds when a key is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// A TOML value.
    Value(&'static str),
    /// No value; the description says what that means.
    Unset,
}

const fn key(name: &'static str, kind: Kind, default: DefaultValue, doc: &'static str) -> Key {
    Key { name, kind, default, doc }
}

mod auth;
mod recipe;
mod server;
mod top;

pub use auth::{AUTH, AUTH_TYPES};
pub use recipe::{RECIPE, RECIPE_MODES};
pub use server::SERVER;
use server::TRANSPORTS;
use top::COMPRESSIONS;
pub use top::{CACHE, CLIENT, EXPOSURES, HTTP, RESULTS, TOP};

use DefaultValue::Value;

/// The sections: name in the file, keys, description. `*` stands for a name the user chooses.
pub const SECTIONS: &[(&str, &[Key], &str)] = &[
    ("", TOP, "Settings for everything."),
    ("http", HTTP, "The HTTP side of the daemon."),
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

/// The kind of `name` in `keys`.
pub fn kind_of(keys: &[Key], name: &str) -> Option<Kind> {
    keys.iter().find(|key| key.name == name).map(|key| key.kind)
}

/// The default of `name` in `keys`, as it would be written.
pub fn default_of(keys: &[Key], name: &str) -> Option<&'static str> {
    match keys.iter().find(|key| key.name == name)?.default {
        Value(text) => Some(text),
        DefaultValue::Unset => None,
    }
}
