//! The link between a bridge and the daemon: framed messages that survive a cut connection.
//!
//! Each side numbers the messages it sends and keeps them until the other side says it has them.
//! After a cut the bridge dials again, both say what they have seen, and each sends again what the
//! other lacks. So a message arrives once, in order, over any number of connections.
//!
//! [`frame`] is the format, [`endpoint`] the numbering, both without I/O; [`hello`] is what the two
//! sides tell each other first.

pub mod again;
pub mod endpoint;
pub mod frame;
pub mod hello;

pub use endpoint::Endpoint;
pub use hello::{Hello, Restored, Welcome};

/// The path of the upgrade request on the daemon's listener.
pub const PATH: &str = "/link";
/// The protocol named in `Upgrade:` (RFC 9110, section 7.8). The number changes when frames do.
pub const PROTOCOL: &str = "callmux-link/1";
