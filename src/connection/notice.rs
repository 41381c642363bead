//! What servers say that is about no request: it goes to whoever wants to hear it.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::ask::Ask;
use crate::base::{Lock, ServerName};
use crate::wire::Message;

/// Notices that a listener may be behind before it misses the oldest.
const BEHIND_MAX: usize = 1024;

/// One notice of one server.
#[derive(Debug)]
pub struct Notice {
    pub server: ServerName,
    pub what: What,
}

/// What it says.
#[derive(Debug)]
pub enum What {
    /// `notifications/resources/updated` about the resource with this URI of the server.
    ResourceUpdated { uri: Box<str>, message: Message },
    /// `notifications/message` while no call was running.
    Log(Message),
    /// `notifications/tasks/status` (2025-11-25).
    TaskStatus(Message),
    /// Any other notification.
    Other(Message),
    /// A request while no call was running. The one listener there is takes it out.
    Asked(Lock<Option<Ask>>),
}

/// Where notices are put up. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Board(broadcast::Sender<Arc<Notice>>);

/// Reads notices from the moment it was made.
#[derive(Debug)]
pub struct Listener(broadcast::Receiver<Arc<Notice>>);

/// What a listener hears.
#[derive(Debug)]
pub enum Heard {
    Notice(Arc<Notice>),
    /// It was too far behind: some notices are gone.
    Missed,
}

impl Default for Board {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND_MAX))
    }
}

impl Board {
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }

    /// Whether somebody listens.
    pub fn is_read(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// How many listen: every client that can be told something.
    pub fn listeners(&self) -> usize {
        self.0.receiver_count()
    }

    /// Puts up a notice. Nobody listening is no error.
    pub fn put(&self, server: &ServerName, what: What) {
        if self.is_read() {
            drop(self.0.send(Arc::new(Notice { server: server.clone(), what })));
        }
    }

    /// Passes a request on if there is exactly one client it can be for; else it comes back.
    pub(super) fn ask(&self, server: &ServerName, ask: Ask) -> Result<(), Ask> {
        if self.listeners() != 1 {
            return Err(ask);
        }
        self.put(server, What::Asked(Lock::new(Some(ask))));
        Ok(())
    }
}

impl Listener {
    /// The next notice; never, once nobody can put one up.
    pub async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            Ok(notice) => Heard::Notice(notice),
            Err(broadcast::error::RecvError::Lagged(_)) => Heard::Missed,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
