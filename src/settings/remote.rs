//! A server that is reached over HTTP.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::auth::Auth;
use super::proxy::Proxying;
use crate::base::Secret;

/// Where a server is that is reached over HTTP, and what it is sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Remote {
    /// Where a remote server is: `http` or `https`, with a host, without user and password.
    pub url: Option<Secret>,
    /// `None`: streamable HTTP, and HTTP with SSE where that is not spoken.
    pub transport: Option<Transport>,
    /// The unix socket on which the server at `url` listens; absolute.
    pub socket: Option<PathBuf>,
    /// Sent with every request to `url`; the names are in lower case.
    pub headers: BTreeMap<String, Secret>,
    /// Which of a client's own headers the server at `url` gets; in lower case.
    pub forward_headers: Vec<String>,
    /// Through whom the server at `url` is reached.
    pub proxying: Proxying,
    /// How we prove ourselves to the server at `url`.
    pub auth: Auth,
}

/// What a remote server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    StreamableHttp,
    /// That of revision 2024-11-05.
    Sse,
}

impl Transport {
    pub const ALL: [Self; 2] = [Self::StreamableHttp, Self::Sse];
}
