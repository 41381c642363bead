//! Streamable HTTP on `/mcp`, in both eras, HTTP with SSE ([`sse`]), and the two health endpoints.
//!
//! Legacy (2025-03-26 to 2025-11-25, "Streamable HTTP"): `initialize` opens a session, POST sends,
//! GET opens a stream of events, DELETE ends the session. Modern (2026-07-28): every POST stands
//! alone. A response is JSON unless something comes before it or it takes long; then it becomes a
//! stream of events with the response as its last.

mod answer;
mod asked;
mod authenticate;
mod batch;
mod body;
mod get;
mod guard;
mod peer;
mod post;
mod response;
mod service;
mod sse;
mod step_up;
mod streamed_answer;
mod too_early;
mod until;
mod visit;
mod well_known;

pub use peer::{Arrival, Caller, Peer, refused};
pub use service::{Service, metrics, router};
pub use streamed_answer::StreamedAnswer;
