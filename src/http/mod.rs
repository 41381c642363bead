//! HTTP/1.1 as a client speaks it (RFC 9110, RFC 9112).
//!
//! # Knows
//! How a connection to a server is made, perhaps through a proxy, and what is kept of it, which
//! request may be sent once more, in what form content comes, what can be said of an error.
//!
//! # Does not know
//! MCP, credentials, whom to ask and what to make of a response.
//!
//! # How to read it
//! [`Client`] is for one server that is asked often, over connections of a [`pool`]. [`Proxies`] says through whom a server is reached, [`proxied`] makes connections
//! through one. [`mod@reach`] says how far an address reaches, and
//! [`GuardedClient`] asks nobody who is nearer than what sends us there.

mod client;
mod content;
mod error;
mod guarded;
mod pool;
mod proxied;
mod proxy;
pub mod reach;
mod request;
pub mod retry_after;
pub mod said;
mod tls;

pub use client::Client;
pub use content::{Content, ContentError, is_events, is_untyped};
pub use error::Error;
pub use guarded::GuardedClient;
pub use pool::{RequestBody, ResponseBody};
pub use proxy::Proxies;
pub use request::{US, host, origin, origin_form};
pub use tls::{config as trust, reason as tls_reason};
