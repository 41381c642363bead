//! The way to the journal, without ever waiting for it: what it does not take at once is kept for a
//! while.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};

use super::entry;
use crate::facts::Record;

/// Where journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// Entries and bytes that may wait for the journal. More are left out.
const WAITING_MAX: usize = 16 * 1024;
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Entries that are sent with one system call.
const TOGETHER: usize = 64;
/// The room for bytes that is kept while nothing waits.
const BYTES_KEPT: usize = 64 * 1024;

/// A way to the journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// Connected, so that the path is not looked up for each entry.
    socket: Option<UnixDatagram>,
    /// Of the entries that wait, one after the other, from `start` on.
    bytes: Vec<u8>,
    start: usize,
    waiting: VecDeque<Waiting>,
    /// The number of the last numbered entry that was sent.
    sent: u64,
}

#[derive(Debug)]
struct Waiting {
    sequence: Option<u64>,
    /// In bytes.
    len: usize,
}

impl Journal {
    /// `sent`: the last number that was given.
    pub(super) fn new(path: &Path, sent: u64) -> Self {
        let (bytes, waiting) = (Vec::new(), VecDeque::new());
        Self { path: path.to_path_buf(), socket: None, bytes, start: 0, waiting, sent }
    }

    /// Queues an entry. `false`: there is no room for it.
    pub(super) fn add(&mut self, record: &Record<'_>, sequence: Option<u64>) -> bool {
        if self.start > BYTES_KEPT && self.start * 2 > self.bytes.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        let end = self.bytes.len();
        entry::write(&mut self.bytes, record, sequence);
        let len = self.bytes.len() - end;
        let has_room = self.waiting.len() < WAITING_MAX && end + len - self.start <= BYTES_MAX;
        if has_room {
            self.waiting.push_back(Waiting { sequence, len });
        } else {
            self.bytes.truncate(end);
        }
        has_room
    }

    /// Sends what the journal takes now.
    pub(super) fn send(&mut self) {
        let mut is_new = false;
        while !self.waiting.is_empty() {
            if self.socket.is_none() {
                self.socket = connected(&self.path);
                is_new = true;
            }
            let Some(socket) = &self.socket else { return };
            match self.send_some(socket) {
                Ok(count) => self.done(count),
                Err(Errno::INTR) => {}
                // One that can never be sent would keep all others.
                Err(Errno::MSGSIZE) => self.done(1),
                Err(Errno::AGAIN | Errno::NOBUFS) => return,
                // Whoever listened there does no more. Somebody else may by now.
                Err(_) => {
                    self.socket = None;
                    if is_new {
                        return;
                    }
                }
            }
        }
    }

    /// How many of the first it took.
    fn send_some(&self, socket: &UnixDatagram) -> rustix::io::Result<usize> {
        let mut rest = &self.bytes[self.start..];
        let entries: Vec<[IoSlice<'_>; 1]> = self
            .waiting
            .iter()
            .take(TOGETHER)
            .map(|entry| {
                let (bytes, others) = rest.split_at(entry.len);
                rest = others;
                [IoSlice::new(bytes)]
            })
            .collect();
        let mut nothing: Vec<_> = entries.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let mut messages: Vec<_> = entries
            .iter()
            .zip(&mut nothing)
            .map(|(entry, nothing)| MMsgHdr::new(entry, nothing))
            .collect();
        sendmmsg(socket, &mut messages, SendFlags::DONTWAIT)
    }

    fn done(&mut self, count: usize) {
        for entry in self.waiting.drain(..count.min(self.waiting.len())) {
            self.start += entry.len;
            self.sent = entry.sequence.unwrap_or(self.sent);
        }
        if self.waiting.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(BYTES_KEPT);
            self.start = 0;
        }
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// How many entries wait for the journal.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

fn connected(path: &Path) -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.connect(path).ok()?;
    Some(socket)
}

#[cfg(test)]
mod tests;
