//! What is wanted: one typed [`Config`], complete, with every default filled in.
//!
//! # Knows
//! What can be wanted of callmux, of a server and for a client; what separates two configs; what can be
//! wrong, and where it is written.
//!
//! # Does not know
//! Files, keys and references: [`crate::config`] makes a config of them. What is done about any of it.
//!
//! # How to read it
//! [`mod@config`] is all of it, [`server`] one server: its [`program`] or where it is ([`remote`],
//! [`auth`], [`proxy`]), and what is made of its tools ([`tool_policy`], [`name_patterns`]). [`view`] is what a client
//! is shown, [`access`] who may do what (with tokens as [`mod@token_hash`] has them and [`mod@token_file`] writes them), [`network`] from where ([`missing`]: what that takes), [`recipe`] calls that are written down. [`mod@plan`] says what separates two configs,
//! [`complaint`] what is wrong with one, [`fingerprint`] which server one is.

pub mod access;
pub mod auth;
pub mod complaint;
pub mod config;
pub mod fingerprint;
mod menu;
pub mod missing;
pub mod name_patterns;
pub mod network;
mod origin;
pub mod plan;
pub mod process_patterns;
pub mod program;
pub mod proxy;
pub mod recipe;
pub mod remote;
#[cfg(test)]
pub mod sample;
mod secrets;
pub mod server;
mod token_file;
mod token_hash;
pub mod tool_policy;
pub mod view;

pub use access::{Access, Limits, RuleEffect};
pub use auth::{Auth, Grant, Oauth, OpenBrowser};
pub use complaint::Complaint;
pub use config::{Caps, Config};
pub use menu::Menu;
pub use name_patterns::NamePatterns;
pub use network::Networks;
pub use origin::origin;
pub use plan::Plan;
pub use process_patterns::ProcessPatterns;
pub use program::{LogLimits, Sandbox};
pub use proxy::{ProxyChoice, Proxying};
pub use recipe::Recipe;
pub use remote::Transport;
pub use server::{Scope, ServerConfig};
pub use tool_policy::PinPolicy;
pub use view::{Exposure, SHELL_CLIENT, View};
