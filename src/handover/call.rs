//! The rows of calls in flight, written as they go on, so that the next process of ours knows which
//! ones a server still works on.
//!
//! A call of a tool over a link has a row from the moment it is read until it has its answer. What the
//! row says is enough to finish the call without its request.

use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Left, Record, Table};
use crate::base::SessionId;
use crate::wire::Era;

/// How far a call has come: the low bits of a row's state. Above them is the number of the server
/// ([`super::number`]), and the row's word is the request's id there.
const WAITING: u32 = 1;
const SENDING: u32 = 2;
const CUT: u32 = 3;
const SENT: u32 = 4;
const ANSWERED: u32 = 5;
const NUMBER_SHIFT: u32 = 3;

/// The record of one call.
pub type PendingCall = Arc<Record>;

/// A call in flight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRow {
    pub session: SessionId,
    /// The client's request id, as written.
    pub id: Box<str>,
    pub era: Era,
    /// The client's progress token, as written.
    pub token: Option<Box<str>>,
    pub tool: Box<str>,
    /// When it was read.
    pub began: Monotonic,
}

/// A moment on a clock that goes on over our end (clock_gettime(2), CLOCK_MONOTONIC), in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Monotonic(pub(super) u64);

/// A call that an earlier process of ours had in flight.
#[derive(Debug)]
pub struct LeftCall {
    pub call: CallRow,
    pub reached: Reached,
    pub pending: PendingCall,
}

/// Whether any of a call may have reached its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Surely not.
    Nothing,
    /// It was to be sent to the server with this number, under this id.
    Server { number: u32, id: u64, written: Written },
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

impl Reached {
    /// That of the server.
    pub fn number(self) -> Option<u32> {
        match self {
            Self::Nothing => None,
            Self::Server { number, .. } => Some(number),
        }
    }
}

impl CallRow {
    /// When it was read, on the clock of this process.
    pub fn started(&self) -> Instant {
        self.began.instant()
    }
}

impl Table<CallRow> {
    /// Notes a call that was read. `None` if there is no room for it.
    pub fn begin(&self, call: &CallRow) -> Option<PendingCall> {
        self.note(call, WAITING, 0).map(Arc::new)
    }
}

/// The call makes calls of its own, which no server's connection tells of: if we end before it does,
/// nobody knows what became of them.
pub fn begun(call: &Record) {
    call.set_state(SENDING);
}

/// The call is about to be written under `id` to the server with this number.
pub fn sending(call: &Record, number: u32, id: u64) {
    call.set_word(id);
    call.set_state(SENDING | (number << NUMBER_SHIFT));
}

/// The server wants to be asked later: the call is as good as not sent.
pub fn unsent(call: &Record) {
    call.set_state(WAITING);
}

/// The server's pipe is full; a part of the call may have been written.
pub fn cut(call: &Record, number: u32) {
    call.set_state(CUT | (number << NUMBER_SHIFT));
}

/// The call was written to its last byte.
pub fn sent(call: &Record, number: u32) {
    call.set_state(SENT | (number << NUMBER_SHIFT));
}

/// The answer was read.
pub fn answered(call: &Record, number: u32) {
    call.set_state(ANSWERED | (number << NUMBER_SHIFT));
}

impl Monotonic {
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
        let seconds = seconds.unwrap_or(0).saturating_mul(1_000_000_000);
        Self(seconds.saturating_add(nanos.unwrap_or(0)))
    }

    /// The same moment on the clock of this process.
    pub fn instant(self) -> Instant {
        let since = Duration::from_nanos(Self::now().0.saturating_sub(self.0));
        Instant::now().checked_sub(since).unwrap_or_else(Instant::now)
    }
}

impl From<Left<CallRow>> for LeftCall {
    fn from(left: Left<CallRow>) -> Self {
        let (number, id) = (left.state >> NUMBER_SHIFT, left.word);
        let reached = match left.state & ((1 << NUMBER_SHIFT) - 1) {
            WAITING => Reached::Nothing,
            SENT => Reached::Server { number, id, written: Written::Whole },
            ANSWERED => Reached::Server { number, id, written: Written::Answered },
            CUT => Reached::Server { number, id, written: Written::Cut },
            _ => Reached::Server { number, id, written: Written::Unsure },
        };
        Self { call: left.row, reached, pending: Arc::new(left.record) }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallRow, LeftCall, Monotonic, Reached, Written, sending, sent};
    use crate::base::SessionId;
    use crate::handover::Table;
    use crate::wire::Era;

    fn call(id: &str) -> CallRow {
        CallRow {
            session: SessionId::random(),
            id: id.into(),
            era: Era::Modern,
            token: Some(r#""token ü""#.into()),
            tool: "server__tool".into(),
            began: Monotonic(7),
        }
    }

    #[test]
    fn the_next_process_knows_how_far_each_call_came() {
        let table = Table::<CallRow>::unkept().unwrap();
        let calls: Vec<CallRow> = ["1", r#""two""#, "3", "4"].map(call).to_vec();
        let mut records: Vec<_> = calls.iter().map(|call| table.begin(call).unwrap()).collect();
        let number = crate::handover::number::NUMBER_MAX;
        sending(&records[1], number, 77);
        sending(&records[2], number, 78);
        sent(&records[2], number);
        let fd = table.fd();
        drop(records.pop());
        // Here the process ends.
        std::mem::forget(records);
        let (_, left) = Table::<CallRow>::adopt(fd).unwrap();
        let mut left: Vec<LeftCall> = left.into_iter().map(Into::into).collect();
        left.sort_by_key(|left| left.call.id.clone());
        let reached: Vec<(&str, Reached)> =
            left.iter().map(|left| (&*left.call.id, left.reached)).collect();
        let at_server = |id, written| Reached::Server { number, id, written };
        assert_eq!(
            reached,
            [
                (r#""two""#, at_server(77, Written::Unsure)),
                ("1", Reached::Nothing),
                ("3", at_server(78, Written::Whole))
            ]
        );
        assert_eq!(left[0].call, calls[1]);
    }

    #[test]
    fn a_moment_is_the_same_for_the_next_process() {
        let before = tokio::time::Instant::now();
        let found = Monotonic::now().instant();
        let after = tokio::time::Instant::now();
        // Two clocks are read one after the other.
        assert!(found + (after - before) >= before && found <= after);
    }

    #[test]
    fn what_is_too_long_is_left_out() {
        let table = Table::<CallRow>::unkept().unwrap();
        assert!(table.begin(&call(&"9".repeat(600))).is_none());
    }
}
