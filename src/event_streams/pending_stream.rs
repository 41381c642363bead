//! Where the events of a call over HTTP go before it is known whether there are any.

use std::sync::Arc;

use super::stream::Stream;
use crate::base::Lock;
use crate::wire::Payload;

/// Where a call's events go: to a stream that exists only once there is one.
#[derive(Debug, Default)]
pub struct PendingStream {
    state: Lock<Late>,
}

#[derive(Debug, Default)]
struct Late {
    /// Notifications among them may be left out.
    waiting: Vec<(Payload, bool)>,
    stream: Option<Arc<Stream>>,
}

impl PendingStream {
    /// Adds a message. One that is a notification may be left out for a client that is behind.
    pub fn push(&self, message: Payload, is_notification: bool) {
        let mut late = self.state.lock();
        match &late.stream {
            Some(stream) => put(stream, message, is_notification),
            None => late.waiting.push((message, is_notification)),
        }
    }

    pub fn has_events(&self) -> bool {
        !self.state.lock().waiting.is_empty()
    }

    /// From now on events go to `stream`, first those that waited.
    pub fn open(&self, stream: Arc<Stream>) {
        let mut late = self.state.lock();
        for (message, is_notification) in late.waiting.drain(..) {
            put(&stream, message, is_notification);
        }
        late.stream = Some(stream);
    }
}

fn put(stream: &Stream, message: Payload, is_notification: bool) {
    if is_notification { stream.push_notification(message) } else { stream.push(message) }
}
