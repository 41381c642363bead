//! The sessions that are open, for an operator who looks at them or ends one.

use std::sync::Arc;
use std::time::Duration;

use super::Front;
use crate::base::SessionId;
use crate::client::session::Session;

/// How long a bridge may take to read that its session was ended.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// A session that is open.
#[derive(Debug)]
pub struct OpenSession {
    pub session: Arc<Session>,
    /// Its bridge is away, and waited for.
    pub is_away: bool,
}

impl Front {
    /// All that are open, in no order.
    pub fn open_sessions(&self) -> Vec<OpenSession> {
        let near = |session| OpenSession { session, is_away: false };
        let links = self.links.all();
        let links = links.iter().map(|link| {
            let session = link.duplex.session.clone();
            OpenSession { session, is_away: link.is_away() }
        });
        let http = self.sessions.all().into_iter().map(near);
        links.chain(http).chain(self.sse.all().into_iter().map(near)).collect()
    }

    /// Ends a session: what it asked for is taken back, and its client has to begin anew. `false`: there is none.
    pub fn end_session(&self, id: SessionId) -> bool {
        let connection = self.links.end(id);
        let is_link = connection.is_some();
        if let Some(connection) = connection {
            self.streams.spawn_until_stopped("ended link", async move {
                tokio::time::sleep(READ_WITHIN).await;
                connection.stop();
            });
            // Over HTTP with SSE and over HTTP it is told where the session goes out of its table.
            self.hub.recorder.record(crate::facts::SessionClosed { session: id });
        }
        let is_ended = is_link || self.sessions.end(id) || self.sse.end(id);
        if is_ended {
            self.changed.notify_one();
            self.hub.touch();
        }
        is_ended
    }
}
