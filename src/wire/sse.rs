//! Server-sent events (WHATWG HTML, section 9.2), written and read.

use std::fmt::Write;

use bytes::{Bytes, BytesMut};

use super::payload::Payload;

mod reader;

pub use reader::EventReader;

/// A comment line, which keeps a quiet connection alive and which readers skip.
pub const KEEP_ALIVE: &[u8] = b": \n\n";

/// One event with a message as its data. `id` makes it resumable.
pub fn event(id: Option<&str>, message: Payload) -> Payload {
    let mut head = String::with_capacity(48);
    if let Some(id) = id {
        let _ = writeln!(head, "id: {id}");
    }
    head.push_str("event: message\ndata: ");
    let message = message.on_one_line();
    if message.len() <= 16 * 1024 {
        let mut whole = BytesMut::with_capacity(head.len() + message.len() + 2);
        whole.extend_from_slice(head.as_bytes());
        message.parts().iter().for_each(|part| whole.extend_from_slice(part));
        whole.extend_from_slice(b"\n\n");
        return Payload::from(whole.freeze());
    }
    let mut parts = vec![Bytes::from(head)];
    parts.extend(message.into_parts());
    parts.push(Bytes::from_static(b"\n\n"));
    Payload::Parts(parts)
}

/// An event with an id and no data: it tells a client from where to resume before anything else
/// was sent (2025-11-25, "Sending Messages to the Server", SEP-1699).
pub fn priming(id: &str) -> Payload {
    Payload::from(format!("id: {id}\ndata:\n\n"))
}

/// The first event of HTTP with SSE: where the client is to POST (2024-11-05, "HTTP with SSE").
pub fn endpoint(path: &str) -> Payload {
    Payload::from(format!("event: endpoint\ndata: {path}\n\n"))
}

#[cfg(test)]
mod tests;
