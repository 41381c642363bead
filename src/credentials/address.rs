//! Where a remote server is, and what it wants to see of us.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::credential::Credential;
use crate::base::Secret;
use crate::http::{self, Proxies};

/// Where a remote server is, and what it wants to see of us.
pub struct Address {
    /// `http://` or `https://`.
    pub url: Secret,
    /// The unix socket it listens on; only with `http://`.
    pub socket: Option<PathBuf>,
    /// Whether it may speak streamable HTTP, which is tried first.
    pub streamable: bool,
    /// Whether it may speak HTTP with SSE (2024-11-05).
    pub sse: bool,
    /// Sent with every request.
    pub headers: Vec<(String, Secret)>,
    /// Through whom it may be reached.
    pub proxies: Proxies,
    /// What proves us to it.
    pub credential: Option<Arc<Credential>>,
    /// The longest answer or event, in bytes.
    pub max_message: usize,
}

/// Why the server can never be reached so.
#[derive(Debug, thiserror::Error)]
pub enum BadAddress {
    #[error("its `url` is no URL")]
    Url,
    #[error("the header `{0}` has no name")]
    HeaderName(String),
    #[error("the header `{0}` has a value that no header can hold")]
    HeaderValue(String),
    #[error("{0}")]
    Http(#[from] http::Error),
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}
