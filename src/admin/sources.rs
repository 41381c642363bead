//! What the endpoints answer from.

use std::sync::Arc;

use super::desk::Desk;
use super::sessions::OpenSessions;
use crate::mux::Hub;

/// See the file. Cloning shares it.
#[derive(Debug, Clone)]
pub struct AnswerSources {
    pub desk: Desk,
    pub hub: Hub,
    pub sessions: Arc<dyn OpenSessions>,
    /// Another one with each start of the daemon.
    pub instance: Arc<str>,
}
