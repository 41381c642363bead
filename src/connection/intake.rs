//! A message as it comes, whatever it is.

use std::sync::Arc;

use bytes::Bytes;

use super::route::OwnStream;
use super::state::Connection;
use crate::base::memory;
use crate::lenient::noise;
use crate::wire::{Malformed, Message};

impl Connection {
    /// Acts on one message. `on`: see [`Connection::route`].
    pub(in crate::connection) fn take_in(self: &Arc<Self>, line: &Bytes, on: OwnStream<'_>) {
        memory::came(line.len());
        match Message::parse(line) {
            Ok(message) => self.route(message, on),
            Err(malformed) => self.take_in_noisy(line, &malformed, on),
        }
    }

    /// What is no message may have one in it.
    #[cold]
    fn take_in_noisy(self: &Arc<Self>, line: &Bytes, malformed: &Malformed, on: OwnStream<'_>) {
        let found = noise::messages(line);
        let what = match (malformed, found.is_empty()) {
            (_, true) => format!("a message that is {malformed}"),
            (Malformed::Utf8(_), false) => {
                format!("a message that is {malformed}, which is replaced")
            }
            (_, false) => "something else in the line of a message".to_owned(),
        };
        self.misbehaved(&what, line);
        if found.is_empty() {
            self.lock().conduct.stray();
            self.fail_damaged(line, &malformed.to_string());
        }
        for message in found {
            self.route(message, on);
        }
    }

    pub(in crate::connection) fn must_pause(&self) -> bool {
        self.lock().conduct.must_pause()
    }

    /// A damaged line that looks like the answer to a request fails that request at once instead
    /// of letting it wait for its deadline.
    fn fail_damaged(&self, line: &[u8], what: &str) {
        let text = String::from_utf8_lossy(&line[..line.len().min(4096)]);
        let id = text.split("\"id\":").skip(1).find_map(|rest| {
            let rest = rest.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<u64>().ok()
        });
        if let Some(cell) = id.and_then(|id| self.take(id)) {
            cell.lose(&format!("the answer of server {} is {what}", self.server()).into());
        }
    }
}
