//! What a fuzzer drives: one function for each target of `fuzz/`, which takes any bytes.
//!
//! It is compiled with `--cfg fuzzing` only, so nothing of it is in a build that anybody runs. A target
//! asserts what the code promises of every input, not just that it ends without a panic.
//!
//! # Knows
//! All rooms: what reads outside bytes in each, and what has to hold of it.
//!
//! # Does not know
//! The fuzzer. Files, programs and sockets: an input reaches none.
//!
//! # How to read it
//! Each file is one target, and begins with the form of its input. `fuzz/README.md` says how they
//! are run.

mod config;
mod envelope;
mod filter;
mod http;
mod link;
mod schema;
mod sse;
mod store;
mod toon;
mod yaml;

pub use config::config;
pub use envelope::envelope;
pub use filter::filter;
pub use http::http;
pub use link::link;
pub use schema::schema;
pub use sse::sse;
pub use store::store;
pub use toon::toon;
pub use yaml::yaml;

/// The input as text; what is no UTF-8 is no input.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The first line of an input, and what is below it.
fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}
