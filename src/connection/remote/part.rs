//! How we part from a remote server.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;

use super::server::Remote;

/// How long the end of a session may take to be told.
const PART_WITHIN: Duration = Duration::from_secs(2);

impl Remote {
    /// Tells the server that its session is over, if it gave one.
    pub(in crate::connection) async fn part(&self) {
        let headers = {
            let mut session = self.session();
            if session.id.is_none() {
                return;
            }
            let headers = self.headers_in(&session);
            session.id = None;
            headers
        };
        let body = Bytes::new();
        let request = self.request(Method::DELETE, &headers, &body);
        // Whatever it says: the session is of no more use.
        drop(tokio::time::timeout(PART_WITHIN, request).await);
    }
}
