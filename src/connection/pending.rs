//! The table of calls in flight, written as they go on, so that the next process of ours knows which
//! ones a server still works on.
//!
//! A call of a link has a record from the moment it is read until its answer is on its way. What the
//! record says is enough to finish the call without its request.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::base::records::{Left, Record, Records};
use crate::base::{SessionId, fd_store};
use crate::wire::Era;

/// Calls in the table at the most; others do not outlive us.
const CALLS_MAX: usize = 8192;
const NAME: &str = "calls";

/// How far a call has come: the low bits of a record's state. Above them is the key of the server's
/// connection, and the record's word is the request's id there.
const WAITING: u32 = 1;
const SENDING: u32 = 2;
const CUT: u32 = 3;
const SENT: u32 = 4;
const ANSWERED: u32 = 5;
const KEY_SHIFT: u32 = 3;

/// The record of one call.
pub type PendingCall = Arc<Record>;

/// The table.
#[derive(Debug, Clone)]
pub struct Pending(Records);

/// A call as the table has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    pub session: SessionId,
    /// The client's request id, as written.
    pub id: Box<str>,
    pub era: Era,
    /// The client's progress token, as written.
    pub token: Option<Box<str>>,
    pub tool: Box<str>,
    pub started: Instant,
}

/// A call that an earlier process of ours had in flight.
#[derive(Debug)]
pub struct LeftCall {
    pub call: Description,
    pub reached: Reached,
    pub pending: PendingCall,
}

/// Whether any of a call may have reached its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Surely not.
    Nothing,
    /// It was to be sent over the connection with this key, under this id.
    Server { key: u32, id: u64, written: Written },
}

/// How much of a request was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Everything or nothing: a write to a pipe that has room is not interrupted.
    Unsure,
    /// Perhaps a part: the pipe had no room.
    Cut,
    Whole,
    /// Everything, and the answer was read. If it is not in the window it is lost.
    Answered,
}

impl Pending {
    /// An empty table, which systemd keeps from now on.
    pub fn new() -> io::Result<Self> {
        let records = Records::new("callmux-calls", CALLS_MAX)?;
        records.with_fd(|fd| fd_store::keep(NAME, fd));
        Ok(Self(records))
    }

    /// The table of an earlier process, and what it had in flight.
    pub fn adopt(fd: OwnedFd) -> io::Result<(Self, Vec<LeftCall>)> {
        let (records, left) = Records::adopt(fd)?;
        Ok((Self(records), left.into_iter().filter_map(LeftCall::read).collect()))
    }

    /// The name in the store.
    pub fn is_name(name: &str) -> bool {
        name == NAME
    }

    /// Notes a call that was read. `None` if there is no room for it.
    pub fn begin(&self, call: &Description) -> Option<PendingCall> {
        self.0.add(WAITING, 0, &call.write()).map(Arc::new)
    }

    /// From now on calls that end stay in the table: we end ourselves.
    pub fn freeze(&self) {
        self.0.freeze();
    }
}

/// The call makes calls of its own, which no server's connection tells of: if we end before it does,
/// nobody knows what became of them.
pub fn begun(call: &Record) {
    call.set_state(SENDING);
}

/// The call is about to be written under `id` on the connection with `key`.
pub(super) fn sending(call: &Record, key: u32, id: u64) {
    call.set_word(id);
    call.set_state(SENDING | (key << KEY_SHIFT));
}

/// The server wants to be asked later: the call is as good as not sent.
pub(super) fn unsent(call: &Record) {
    call.set_state(WAITING);
}

/// The server's pipe is full; a part of the call may have been written.
pub(super) fn cut(call: &Record, key: u32) {
    call.set_state(CUT | (key << KEY_SHIFT));
}

/// The call was written to its last byte.
pub(super) fn sent(call: &Record, key: u32) {
    call.set_state(SENT | (key << KEY_SHIFT));
}

/// The answer was read.
pub(super) fn answered(call: &Record, key: u32) {
    call.set_state(ANSWERED | (key << KEY_SHIFT));
}

/// What fits in a record's state beside how far a call has come.
pub fn key(unit: &str) -> u32 {
    let hash = unit
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> KEY_SHIFT).max(1)
}

impl Description {
    fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96 + self.id.len() + self.tool.len());
        out.extend_from_slice(self.session.to_string().as_bytes());
        out.push(u8::from(self.era == Era::Modern));
        let since = self.started.elapsed().as_nanos();
        let began = monotonic().saturating_sub(u64::try_from(since).unwrap_or(u64::MAX));
        out.extend_from_slice(&began.to_ne_bytes());
        for text in [&*self.id, self.token.as_deref().unwrap_or_default(), &self.tool] {
            // A record holds less than a length of two bytes can say.
            out.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_ne_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        out
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let session = SessionId::parse(std::str::from_utf8(bytes.split_off(..32)?).ok()?)?;
        let era = if *bytes.split_off_first()? == 1 { Era::Modern } else { Era::Legacy };
        let began = u64::from_ne_bytes(bytes.split_off(..8)?.try_into().ok()?);
        let mut text = || -> Option<Box<str>> {
            let len = u16::from_ne_bytes(bytes.split_off(..2)?.try_into().ok()?);
            Some(std::str::from_utf8(bytes.split_off(..usize::from(len))?).ok()?.into())
        };
        let (id, token, tool) = (text()?, text()?, text()?);
        let since = std::time::Duration::from_nanos(monotonic().saturating_sub(began));
        let started = Instant::now().checked_sub(since).unwrap_or_else(Instant::now);
        let token = Some(token).filter(|token| !token.is_empty());
        Some(Self { session, id, era, token, tool, started })
    }
}

impl LeftCall {
    fn read((left, record): (Left, Record)) -> Option<Self> {
        let call = Description::read(&left.bytes)?;
        let (key, id) = (left.state >> KEY_SHIFT, left.word);
        let reached = match left.state & ((1 << KEY_SHIFT) - 1) {
            WAITING => Reached::Nothing,
            SENT => Reached::Server { key, id, written: Written::Whole },
            ANSWERED => Reached::Server { key, id, written: Written::Answered },
            CUT => Reached::Server { key, id, written: Written::Cut },
            _ => Reached::Server { key, id, written: Written::Unsure },
        };
        Some(Self { call, reached, pending: Arc::new(record) })
    }
}

/// Nanoseconds on a clock that goes on over our end (clock_gettime(2), CLOCK_MONOTONIC).
fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    seconds.unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(nanos.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{Description, LeftCall, Pending, Reached, Written, key, sending, sent};
    use crate::base::SessionId;
    use crate::wire::Era;
    use std::time::Duration;
    use tokio::time::Instant;

    /// Much longer than a test takes.
    const LONG_AGO: Duration = Duration::from_mins(1);

    fn call(id: &str) -> Description {
        Description {
            session: SessionId::random(),
            id: id.into(),
            era: Era::Modern,
            token: Some(r#""token ü""#.into()),
            tool: "server__tool".into(),
            started: Instant::now().checked_sub(LONG_AGO).unwrap(),
        }
    }

    #[test]
    fn the_next_process_knows_how_far_each_call_came() {
        let table = Pending::new().unwrap();
        let calls: Vec<Description> = ["1", r#""two""#, "3", "4"].map(call).to_vec();
        let records: Vec<_> = calls.iter().map(|call| table.begin(call).unwrap()).collect();
        let server = key("app-callmux-a-1.service");
        sending(&records[1], server, 77);
        sending(&records[2], server, 78);
        sent(&records[2], server);
        let fd = table.0.with_fd(|fd| fd.try_clone_to_owned().unwrap());
        let mut records = records;
        drop(records.pop());
        // Here the process ends.
        std::mem::forget(records);
        let (_, mut left) = Pending::adopt(fd).unwrap();
        left.sort_by_key(|left| left.call.id.clone());
        let reached: Vec<(&str, Reached)> =
            left.iter().map(|left| (&*left.call.id, left.reached)).collect();
        let at_server = |id, written| Reached::Server { key: server, id, written };
        assert_eq!(
            reached,
            [
                (r#""two""#, at_server(77, Written::Unsure)),
                ("1", Reached::Nothing),
                ("3", at_server(78, Written::Whole))
            ]
        );
        let LeftCall { call: found, .. } = &left[0];
        // Two clocks are read one after the other, so it is not exact; but it is that of the call.
        assert!(found.started >= calls[1].started);
        assert!(found.started.duration_since(calls[1].started) < LONG_AGO);
        assert_eq!(Description { started: calls[1].started, ..found.clone() }, calls[1]);
    }

    #[test]
    fn what_is_too_long_is_left_out() {
        let table = Pending::new().unwrap();
        assert!(table.begin(&call(&"9".repeat(600))).is_none());
    }
}
