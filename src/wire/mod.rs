//! MCP on the wire, as bytes.
//!
//! A message is read once, with borrowed fields, and forwarded as the bytes it came in; only what
//! we own (id, tool name, progress token, a few `_meta` members) is replaced in place. So numbers
//! beyond 2^53, unknown fields, key order and odd escapes survive.
//!
//! # Knows
//! JSON-RPC 2.0 envelopes, MCP's method names and revisions 2024-11-05 to 2026-07-28, the
//! translation between eras, line framing, SSE framing, the header rules of 2026-07-28, and the
//! frames and sequence numbers of the link between a bridge and the daemon.
//!
//! # Does not know
//! Sockets, sessions, servers, policy. Nothing here waits.
//!
//! # How to read it
//! [`message`] first, then [`object`] and [`splice`] which it stands on, then [`translate`].

pub mod batch;
pub mod capabilities;
pub mod error;
pub mod headers;
mod lenient;
pub mod lines;
pub mod link;
pub mod list;
pub mod log_level;
pub mod message;
pub mod meta;
pub mod method;
pub mod mirror;
pub mod object;
pub mod params;
pub mod payload;
pub mod revision;
pub mod splice;
pub mod sse;
pub mod translate;

pub use capabilities::{ClientCapabilities, ServerCapabilities};
pub use error::{Malformed, RpcError};
pub use list::{ListKind, Topic};
pub use log_level::LogLevel;
pub use message::{Kind, Message};
pub use method::Method;
pub use object::Span;
pub use payload::Payload;
pub use revision::{Era, Revision};
