//! The real binary, over real pipes and sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod bridging;
mod canary;
mod cli;
mod directories;
mod door;
mod files;
mod flood;
mod forwarded;
mod gate;
mod hostile;
mod http;
mod https;
mod inline;
mod legacy_sessions;
mod link;
mod lossless;
mod matrix;
mod meta;
mod misbehave;
mod mx;
mod oauth;
mod oauth_kinds;
mod offers;
mod operators;
mod proxy;
mod readme;
mod recorded;
mod reload;
mod remote;
mod remote_older;
mod remote_ways;
mod rows;
mod search;
mod secrets;
mod servers;
mod sleep;
mod slow_clients;
mod sse;
mod steady;
mod support;
mod terminal;
mod truth;
mod turns;
