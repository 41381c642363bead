//! The rows of calls in flight, written as they go on, so that the next process of ours knows which
//! ones a server still works on.
//!
//! A call of a tool has a row from the moment it is read until its journal entry is written, if its
//! client comes back for the answer: over a link, and in a session over HTTP whose client reads streams of
//! events. What the row says is enough to finish the call without its request, and for its entry.

use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::progress::{self, NotedCall, PendingCall, Reached, WAITING};
use super::{Left, Table};
use crate::base::{CallId, SessionId};
use crate::wire::Era;

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
    /// As its journal entry names it.
    #[serde(default = "CallId::next")]
    pub call: CallId,
    /// What the client calls itself: name and version. Empty if there was no room for it.
    #[serde(default)]
    pub client: Box<str>,
    /// Over HTTP, the number of the stream that has its answer, by which its client comes back
    /// (2025-11-25, "Resumability and Redelivery"). Over a link there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u64>,
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

impl CallRow {
    /// When it was read, on the clock of this process.
    pub fn started(&self) -> Instant {
        self.began.instant()
    }

    /// A call of a legacy client, without a progress token.
    #[cfg(test)]
    pub fn sample(tool: &str) -> Self {
        Self {
            session: SessionId::random(),
            id: "7".into(),
            era: Era::Legacy,
            token: None,
            tool: tool.into(),
            began: Monotonic::now(),
            call: CallId::next(),
            client: "agent 1".into(),
            stream: None,
        }
    }
}

impl Table<CallRow> {
    /// Notes a call that was read. `None` if there is no room for it. `is_written`: an earlier process of
    /// ours has written its journal entry.
    pub fn begin(&self, mut row: CallRow, is_written: bool) -> Option<PendingCall> {
        let noted = self.note(&row, WAITING, 0).or_else(|| {
            row.client = Box::default();
            self.note(&row, WAITING, 0)
        });
        noted.map(|record| Arc::new(NotedCall::new(row.call, is_written, record)))
    }
}

impl Monotonic {
    /// Nanoseconds since the machine was started.
    pub fn nanos(self) -> u64 {
        self.0
    }

    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
        let seconds = seconds.unwrap_or(0).saturating_mul(1_000_000_000);
        Self(seconds.saturating_add(nanos.unwrap_or(0)))
    }

    /// A moment so much earlier.
    #[cfg(test)]
    pub fn earlier(self, by: Duration) -> Self {
        Self(self.0 - u64::try_from(by.as_nanos()).unwrap())
    }

    /// The same moment on the clock of this process.
    pub fn instant(self) -> Instant {
        let since = Duration::from_nanos(Self::now().0.saturating_sub(self.0));
        Instant::now().checked_sub(since).unwrap_or_else(Instant::now)
    }
}

impl From<Left<CallRow>> for LeftCall {
    fn from(left: Left<CallRow>) -> Self {
        let reached = progress::reached(left.state, left.word);
        let pending = Arc::new(NotedCall::new(left.row.call, false, left.record));
        Self { call: left.row, reached, pending }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallRow, LeftCall, Monotonic, Reached};
    use crate::base::{CallId, SessionId};
    use crate::handover::Table;
    use crate::handover::{Ending, Written};
    use crate::wire::Era;

    fn call(id: &str) -> CallRow {
        CallRow {
            session: SessionId::random(),
            id: id.into(),
            era: Era::Modern,
            token: Some(r#""token ü""#.into()),
            tool: "server__tool".into(),
            began: Monotonic(7),
            call: CallId::next(),
            client: "agent 1".into(),
            stream: None,
        }
    }

    #[test]
    fn the_next_process_knows_how_far_each_call_came() {
        let table = Table::<CallRow>::unkept().unwrap();
        let calls: Vec<CallRow> = ["1", r#""two""#, "3", "5", "4"].map(call).to_vec();
        let begun = calls.iter().cloned().map(|call| table.begin(call, false).unwrap());
        let mut records: Vec<_> = begun.collect();
        let number = crate::handover::number::NUMBER_MAX;
        records[1].sending(number, 77);
        records[2].sending(number, 78);
        records[2].sent(number);
        records[3].sending(number, 79);
        let ending = Ending { outcome: 4, took: std::time::Duration::from_micros(1500) };
        records[3].ended(ending);
        // Whoever sends it has not heard of that yet.
        records[3].sent(number);
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
                ("3", at_server(78, Written::Whole)),
                ("5", Reached::Ended { number, ending })
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
        assert!(table.begin(call(&"9".repeat(700)), false).is_none());
        let mut long = call("7");
        long.client = "x".repeat(600).into();
        let noted = table.begin(long, false).unwrap();
        let (_, left) = Table::<CallRow>::adopt(table.fd()).unwrap();
        assert_eq!((&*left[0].row.client, left[0].row.call), ("", noted.id));
    }
}
