//! What can be counted, and how it is told to a collector.
//!
//! # Knows
//! Every family of metrics with its type, labels, unit and help; how many series there may be; how requests over
//! HTTP are counted; the text format of Prometheus.
//!
//! # Does not know
//! What happens otherwise, who may read what is counted, how the servers are.
//!
//! # How to read it
//! [`families`] is the table: what is not there is not told. Its series are [`bounded`], its durations fall into a
//! [`histogram`]. [`http`] counts requests, by their [`route`]. [`text`] writes it all down.

mod bounded;
pub mod families;
mod family;
mod histogram;
mod http;
mod route;
#[cfg(test)]
mod tests;
mod text;

pub use bounded::{Bounded, OTHER};
pub use family::Family;
pub use histogram::{Histogram, LINES};
pub use http::{CountedRequest, HttpCounts};
pub use text::Exposition;
