//! The way to the journal, without ever waiting for it: what it does not take at once is kept for a
//! while.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};

use super::entry;
use super::record::Record;

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
mod tests {
    use super::super::describe::FactKind;
    use super::super::fact;
    use super::super::level::Priority;
    use super::{BYTES_MAX, Journal, WAITING_MAX};
    use crate::base::ServerName;
    use std::os::unix::net::UnixDatagram;
    use std::path::Path;

    fn words(line: &str) -> fact::ServerWrote {
        fact::ServerWrote {
            server: ServerName::parse("s").unwrap(),
            unit: None,
            priority: Priority::Info,
            line: line.to_owned(),
        }
    }

    fn listener(path: &Path) -> UnixDatagram {
        let far = UnixDatagram::bind(path).unwrap();
        far.set_nonblocking(true).unwrap();
        far
    }

    /// The numbers of what came.
    fn read(far: &UnixDatagram) -> Vec<u64> {
        let (mut buffer, mut numbers) = (vec![0; 64 * 1024], Vec::new());
        while let Ok(len) = far.recv(&mut buffer) {
            let text = std::str::from_utf8(&buffer[..len]).unwrap();
            assert!(text.starts_with("PRIORITY=") && text.ends_with('\n'), "{text}");
            let number = text.trim_end().rsplit_once("\nCALLMUX_SEQUENCE=");
            numbers.extend(number.map(|(_, number)| number.parse::<u64>().unwrap()));
        }
        numbers
    }

    #[test]
    fn a_journal_that_stands_still_keeps_nobody_waiting_and_gets_everything_later() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let mut journal = Journal::new(&path, 0);
        assert!(journal.add(&words("before").record(), None));
        journal.send();
        assert_eq!(journal.waiting(), 1, "nobody listens");
        let far = listener(&path);
        let mut next = 1;
        loop {
            journal.send();
            if journal.waiting() > 0 {
                break;
            }
            assert!(journal.add(&words(&next.to_string()).record(), Some(next)));
            next += 1;
        }
        // It does not read, and its queue is full.
        while journal.add(&words(&next.to_string()).record(), Some(next)) {
            next += 1;
        }
        assert!(journal.waiting() == WAITING_MAX || journal.bytes.len() > BYTES_MAX - (1 << 20));
        let (mut numbers, last) = (Vec::new(), next + 10_000);
        while journal.waiting() > 0 {
            journal.send();
            numbers.extend(read(&far));
            // What comes in the meantime takes the room that became free.
            while next < last && journal.add(&words("more").record(), Some(next)) {
                next += 1;
            }
        }
        numbers.extend(read(&far));
        assert_eq!(numbers, (1..next).collect::<Vec<_>>());
        assert_eq!((journal.bytes.len(), journal.start, journal.sent()), (0, 0, next - 1));
    }

    #[test]
    fn a_journal_that_begins_anew_gets_what_comes_then() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let mut journal = Journal::new(&path, 0);
        let first = listener(&path);
        assert!(journal.add(&words("a").record(), Some(1)));
        journal.send();
        assert_eq!((read(&first), journal.waiting()), (vec![1], 0));
        drop(first);
        std::fs::remove_file(&path).unwrap();
        assert!(journal.add(&words("b").record(), Some(2)));
        journal.send();
        assert_eq!(journal.waiting(), 1, "nobody listens");
        let second = listener(&path);
        journal.send();
        assert_eq!(read(&second), [2]);
        drop(second);
        std::fs::remove_file(&path).unwrap();
        // It is noticed with the first entry that somebody else listens.
        let third = listener(&path);
        assert!(journal.add(&words("c").record(), Some(3)));
        journal.send();
        assert_eq!((read(&third), journal.waiting(), journal.sent()), (vec![3], 0, 3));
    }

    #[test]
    fn one_that_is_too_long_keeps_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let (far, mut journal) = (listener(&path), Journal::new(&path, 0));
        assert!(journal.add(&words("a").record(), Some(1)));
        let (reason, server) = ("x".repeat(4000), ServerName::parse("s").unwrap());
        let many = fact::ServerUnusable { server, reason };
        let mut record = many.record();
        let field = record.fields[1].clone();
        record.fields.extend(std::iter::repeat_n(field, 200));
        assert!(journal.add(&record, Some(2)));
        assert!(journal.add(&words("c").record(), Some(3)));
        journal.send();
        assert_eq!((read(&far), journal.waiting(), journal.sent()), (vec![1, 3], 0, 3));
    }
}
