//! A remote server: streamable HTTP as a client speaks it, in both eras, and the older HTTP with SSE.
//!
//! Every message is a POST of its own. Requests run side by side, each in a task; a notification or
//! a response is delivered before anything later is begun. What comes back is routed as if it had
//! been read from a pipe, with the request on whose stream it came.
//!
//! [`server`] is the server and what was agreed on with it, [`crate::credentials::Address`] where it is, [`post`] one request
//! of HTTP, [`headers`] what it begins with, [`part`] the last one. [`crate::credentials::redact`] keeps what the server is
//! shown out of what is written about it, [`redirect`] knows which of its redirects are followed. None of
//! these knows of a connection.
//!
//! [`send`] takes messages off the queue, and [`answer`] reads what comes back for a request,
//! unless it shows that the session is [`gone`]. That may be
//! a [`stream`]; [`server_stream`] is the one that a legacy server may talk on unasked, [`subscription`]
//! that of a modern server, [`sse`] the one stream of HTTP with SSE. [`patience`] is what a busy
//! server is given.

mod answer;
mod asked;
mod body;
mod failure;
mod gone;
mod headers;
mod part;
mod patience;
mod post;
mod redirect;
pub(super) mod send;
pub(super) mod server;
mod server_stream;
mod sse;
mod stream;
mod subscription;

pub use server::{Mirrors, Remote};
