//! The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), without ever waiting for the
//! journal: what it does not take at once is kept for a while.

use std::collections::VecDeque;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use super::fact::{Level, Record};
use crate::base::visible;

/// Where journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// Entries and bytes that may wait for the journal. More are left out.
const WAITING_MAX: usize = 16 * 1024;
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest value, in bytes: what journald keeps of an entry has to fit into one datagram.
const VALUE_MAX: usize = 16 * 1024;

/// A way to the journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    waiting: VecDeque<Entry>,
    bytes: usize,
    /// The number of the last numbered entry that was sent.
    sent: u64,
}

#[derive(Debug)]
struct Entry {
    sequence: Option<u64>,
    bytes: Vec<u8>,
}

impl Journal {
    /// `sent`: the last number that was given.
    pub(super) fn new(path: &Path, sent: u64) -> Self {
        let socket = UnixDatagram::unbound();
        let socket = socket.and_then(|s| s.set_nonblocking(true).map(|()| s)).ok();
        Self { path: path.to_path_buf(), socket, waiting: VecDeque::new(), bytes: 0, sent }
    }

    /// Queues an entry. `false`: there is no room for it.
    pub(super) fn add(&mut self, record: &Record, sequence: Option<u64>) -> bool {
        let bytes = encoded(record, sequence);
        let has_room = self.waiting.len() < WAITING_MAX && self.bytes + bytes.len() <= BYTES_MAX;
        if has_room {
            self.bytes += bytes.len();
            self.waiting.push_back(Entry { sequence, bytes });
        }
        has_room
    }

    /// Sends what the journal takes now.
    pub(super) fn send(&mut self) {
        while let Some(entry) = self.waiting.front() {
            let Some(socket) = &self.socket else { return };
            match socket.send_to(&entry.bytes, &self.path) {
                // One that can never be sent would keep all others.
                Err(error) if error.raw_os_error() != Some(libc::EMSGSIZE) => return,
                _ => {}
            }
            if let Some(entry) = self.waiting.pop_front() {
                self.bytes -= entry.bytes.len();
                self.sent = entry.sequence.unwrap_or(self.sent);
            }
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

/// The entry's bytes: `NAME=value`, or with a length where the value has more than one line.
fn encoded(record: &Record, sequence: Option<u64>) -> Vec<u8> {
    let priority = match (&record.speaker, record.level) {
        // journald's limits are for each class of priorities: what servers write is not to share
        // one with the entries of calls.
        (Some(_), _) | (None, Level::Info) => "6",
        (None, Level::Error) => "3",
        (None, Level::Warning) => "4",
        (None, Level::Debug) => "7",
    };
    let mut out = Vec::with_capacity(1024);
    field(&mut out, ["PRIORITY"], priority);
    field(&mut out, ["MESSAGE"], &visible::line(&record.message));
    field(&mut out, ["MESSAGE_ID"], record.message_id);
    field(&mut out, ["CALLMUX_FACT"], record.name);
    match &record.speaker {
        None => field(&mut out, ["SYSLOG_IDENTIFIER"], "callmux"),
        Some(speaker) => {
            field(&mut out, ["SYSLOG_IDENTIFIER"], &format!("mcp-{}", speaker.server));
            // With this `journalctl --user -u` and `systemctl status` show it as the unit's own
            // (systemd.journal-fields(7)).
            if let Some(unit) = &speaker.unit {
                field(&mut out, ["USER_UNIT"], unit);
            }
        }
    }
    for (name, value) in &record.fields {
        field(&mut out, ["CALLMUX_", name], value);
    }
    if let Some(sequence) = sequence {
        field(&mut out, ["CALLMUX_SEQUENCE"], &sequence.to_string());
    }
    out
}

fn field<const N: usize>(out: &mut Vec<u8>, name: [&str; N], value: &str) {
    let value = &value[..value.floor_char_boundary(VALUE_MAX)];
    for part in name {
        out.extend_from_slice(part.as_bytes());
    }
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::super::fact::Fact;
    use super::{Journal, VALUE_MAX, WAITING_MAX, encoded};
    use crate::base::ServerName;
    use std::os::unix::net::UnixDatagram;

    fn words(line: &str) -> super::Record {
        let (server, unit) = (ServerName::parse("s").unwrap(), Some("u.service".into()));
        Fact::ServerWrote { server, unit, line: line.to_owned() }.record()
    }

    #[test]
    fn a_value_cannot_begin_a_field_of_its_own_or_choose_its_level() {
        let bytes = encoded(&words("<0>a\nPRIORITY=0"), None);
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("PRIORITY=6\nMESSAGE=<0>a\\nPRIORITY=0\n"), "{text}");
        assert!(!text.contains("\nPRIORITY=0"), "{text}");
        assert!(text.contains("\nSYSLOG_IDENTIFIER=mcp-s\nUSER_UNIT=u.service\n"), "{text}");
        let long = encoded(&words(&"ü".repeat(VALUE_MAX)), None);
        assert!(long.len() < VALUE_MAX + 300 && String::from_utf8(long).is_ok());
    }

    #[test]
    fn a_journal_that_stands_still_keeps_nobody_waiting_and_gets_everything_later() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let mut journal = Journal::new(&path, 0);
        assert!(journal.add(&words("before"), None));
        journal.send();
        assert_eq!(journal.waiting(), 1, "nobody listens");
        let far = UnixDatagram::bind(&path).unwrap();
        far.set_nonblocking(true).unwrap();
        let mut sent = 1;
        loop {
            journal.send();
            if journal.waiting() > 0 {
                break;
            }
            assert!(journal.add(&words(&sent.to_string()), Some(sent)));
            sent += 1;
        }
        // It does not read, and its queue is full.
        while journal.add(&words(&sent.to_string()), Some(sent)) {
            sent += 1;
        }
        assert!(journal.waiting.len() == WAITING_MAX || journal.bytes > 15 << 20);
        let mut buffer = [0; 1024];
        let mut read = 0;
        while journal.waiting() > 0 {
            journal.send();
            while far.recv(&mut buffer).is_ok() {
                read += 1;
            }
        }
        assert_eq!((read, journal.bytes, journal.sent()), (sent, 0, sent - 1));
    }
}
