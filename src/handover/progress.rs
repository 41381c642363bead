//! How far a call has come, as its row has it.

use std::sync::Arc;

use super::ending::Ending;
use super::records::{FREE, Record};
use crate::base::CallId;

/// The low bits of a row's state. Above them is the number of the server ([`super::number`]), and the
/// row's word is the request's id there, or how it ended.
pub(super) const WAITING: u32 = 1;
const SENDING: u32 = 2;
const CUT: u32 = 3;
const SENT: u32 = 4;
const ANSWERED: u32 = 5;
const ENDED: u32 = 6;
const NUMBER_SHIFT: u32 = 3;

/// Whether any of a call may have reached its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Surely not.
    Nothing,
    /// It was to be sent to the server with this number, under this id.
    Server { number: u32, id: u64, written: Written },
    /// It ended, and its journal entry may not be written. It was for the server with this number; for
    /// none if that is 0.
    Ended { number: u32, ending: Ending },
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
            Self::Server { number, .. } | Self::Ended { number, .. } => Some(number),
        }
    }
}

/// A call that is noted for the next process of ours.
#[derive(Debug)]
pub struct NotedCall {
    /// As its journal entry names it.
    pub id: CallId,
    /// An earlier process of ours wrote that: the call ended there, and its answer was lost.
    pub is_written: bool,
    record: Record,
}

/// A call that is noted, shared by all who work on it.
pub type PendingCall = Arc<NotedCall>;

impl NotedCall {
    pub(super) fn new(id: CallId, is_written: bool, record: Record) -> Self {
        Self { id, is_written, record }
    }

    /// The call makes calls of its own, which no server's connection tells of: if we end before it
    /// does, nobody knows what became of them.
    pub fn begun(&self) {
        self.set(SENDING, None);
    }

    /// The call is about to be written under `id` to the server with this number.
    pub fn sending(&self, number: u32, id: u64) {
        self.set(SENDING | (number << NUMBER_SHIFT), Some(id));
    }

    /// The server wants to be asked later: the call is as good as not sent.
    pub fn unsent(&self) {
        self.set(WAITING, None);
    }

    /// The server's pipe is full; a part of the call may have been written.
    pub fn cut(&self, number: u32) {
        self.set(CUT | (number << NUMBER_SHIFT), None);
    }

    /// The call was written to its last byte.
    pub fn sent(&self, number: u32) {
        self.set(SENT | (number << NUMBER_SHIFT), None);
    }

    /// The answer was read.
    pub fn answered(&self, number: u32) {
        self.set(ANSWERED | (number << NUMBER_SHIFT), None);
    }

    /// The call ended, and its journal entry is about to be written.
    pub fn ended(&self, ending: Ending) {
        // If we end in between, it is a call whose answer is lost.
        self.record.change(|state| (state & !PROGRESS | ANSWERED, None));
        self.record.change(|state| (state, Some(ending.word())));
        self.record.change(|state| (state & !PROGRESS | ENDED, None));
    }

    fn set(&self, state: u32, word: Option<u64>) {
        // Whoever sends the request may learn last that the call ended.
        let is_ended = |now: u32| now & PROGRESS == ENDED;
        self.record.change(|now| if is_ended(now) { (now, None) } else { (state, word) });
    }
}

impl Drop for NotedCall {
    /// Also when no row is freed any more: of a call that ended nothing is left to do.
    fn drop(&mut self) {
        self.record.change(|state| match state & PROGRESS {
            ENDED => (FREE, None),
            _ => (state, None),
        });
    }
}

/// The bits of a row's state that are not the server's number.
const PROGRESS: u32 = (1 << NUMBER_SHIFT) - 1;

/// What a row says of its call.
pub(super) fn reached(state: u32, word: u64) -> Reached {
    let (number, id) = (state >> NUMBER_SHIFT, word);
    match state & PROGRESS {
        WAITING => Reached::Nothing,
        ENDED => Reached::Ended { number, ending: Ending::of(word) },
        SENT => Reached::Server { number, id, written: Written::Whole },
        ANSWERED => Reached::Server { number, id, written: Written::Answered },
        CUT => Reached::Server { number, id, written: Written::Cut },
        _ => Reached::Server { number, id, written: Written::Unsure },
    }
}
