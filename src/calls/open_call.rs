//! What a call that has not ended says of itself.

use std::fmt::Debug;
use std::sync::Arc;

use tokio::time::Instant;

use crate::base::{CallId, ServerName, SessionId};

/// See the file.
#[derive(Debug, Clone)]
pub struct OpenCall {
    pub id: CallId,
    pub session: SessionId,
    pub principal: Arc<str>,
    /// What the client calls itself: name and version.
    pub client: String,
    /// `tool`, `prompt`, `resource` and others.
    pub kind: &'static str,
    /// What it is about, as clients name it.
    pub name: Arc<str>,
    /// Once it is known whose that is.
    pub server: Option<ServerName>,
    /// A tool of ours makes it.
    pub is_inner: bool,
    pub began: Instant,
}

/// A call that can be asked.
pub trait TellsOfItself: Debug + Sync {
    fn id(&self) -> CallId;
    fn told(&self) -> OpenCall;
}
