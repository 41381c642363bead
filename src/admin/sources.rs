//! What the endpoints answer from.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::desk::Desk;
use super::open_sessions::OpenSessions;
use crate::config::Location;
use crate::mux::Hub;

/// See the file. Cloning shares it.
#[derive(Debug, Clone)]
pub struct AnswerSources {
    pub desk: Desk,
    pub hub: Hub,
    /// Where the config is, if it comes from files.
    pub config: Option<Location>,
    /// Held by who changes it.
    pub changing: Arc<Mutex<()>>,
    pub sessions: Arc<dyn OpenSessions>,
    /// Another one with each start of the daemon.
    pub instance: Arc<str>,
}
