//! The link between a bridge and the daemon: framed messages that survive a cut connection.
//!
//! Each side numbers the messages it sends and keeps them until the other side says it has them.
//! After a cut the bridge dials again, both say what they have seen, and each sends again what the
//! other lacks. So a message arrives once, in order, over any number of connections.
//!
//! What the two ends say to each other is a kind of frame, never a part of a message: messages have
//! the bytes of clients and servers. Each end says which kinds it reads; older ends know fewer, and
//! have marks instead ([`again`]).
//!
//! [`frame`] is the format, [`endpoint`] the numbering, both without I/O; [`hello`] is what the two
//! sides tell each other first.

pub mod again;
pub mod endpoint;
pub mod frame;
pub mod hello;

pub use endpoint::Endpoint;
pub use hello::{HELLO_MAX, Hello, Restored, Welcome};

/// The path of the upgrade request on the daemon's listener.
pub const PATH: &str = "/link";
/// The protocol named in `Upgrade:` (RFC 9110, section 7.8). The number changes when the header of frames
/// does; which kinds there are, [`Hello`] and [`Welcome`] say.
pub const PROTOCOL: &str = "callmux-link/1";
