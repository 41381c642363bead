//! How a server is greeted, over all the processes that it takes.
//!
//! A process that ends on a question is followed at once by another that is not asked it. That costs no try
//! of the server's: it only is older than the question. But a server that has answered nothing at all may
//! be broken for reasons of its own, so it gets one such process, and its later tries, which come with their
//! pauses, are each made in another way.

use std::time::Duration;

use super::error::HandshakeError;
use super::identity::{Identity, OUR_NAME};
use super::manner::{Cost, Manner, Refusals};
use super::memory::Memory;
use crate::settings::ServerConfig;
use crate::wire::Era;

/// How a server is greeted.
#[derive(Debug)]
pub struct Greeting {
    /// The name we give, as `clientInfo` has it.
    name: &'static str,
    memory: Memory,
    /// The era it is asked in first; nothing, if that is not known.
    first: Option<Era>,
    manner: Manner,
    refusals: Refusals,
    /// Why it refused the first time.
    refused: Option<HandshakeError>,
    /// What works is remembered.
    is_kept: bool,
    /// It answered something, whatever that was.
    heard: bool,
    /// What this process was asked last, and did not agree to.
    asked: Option<Era>,
    /// What became of `server/discover` with this process.
    discover: Discover,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Discover {
    Unasked,
    Open,
    Answered,
}

/// Starts in a row in which a server did not answer `initialize`.
#[derive(Debug, Clone, Copy, Default)]
pub struct MuteStarts {
    count: usize,
    /// In the last one it did not end.
    hung: bool,
}

/// How a server is greeted after so many starts in which it answered nothing.
const WAYS: [Way; 7] = [
    Way::Remembered,
    Way::Legacy(0),
    Way::Legacy(1),
    Way::Usual,
    Way::Legacy(2),
    Way::Usual,
    Way::Legacy(3),
];

#[derive(Debug, Clone, Copy)]
enum Way {
    Remembered,
    /// As if nothing were remembered.
    Usual,
    /// Only by `initialize`, in this one of [`Manner::COARSE`].
    Legacy(usize),
}

impl Greeting {
    /// The greeting under this name of a server of which `memory` is kept.
    pub fn new(name: &'static str, memory: Memory) -> Self {
        let (first, manner) = (memory.era(), memory.manner());
        Self {
            name,
            memory,
            first,
            manner,
            refusals: Refusals::default(),
            refused: None,
            is_kept: true,
            heard: false,
            asked: None,
            discover: Discover::Unasked,
        }
    }

    /// That of the server that `config` starts.
    pub fn of(config: &ServerConfig, mute: MuteStarts) -> Self {
        let remembered = Self::new(OUR_NAME, Memory::of(config));
        match WAYS.get(mute.count).copied().unwrap_or(Way::Usual) {
            Way::Remembered => remembered,
            Way::Usual => Self { first: None, manner: Manner::FIRST, ..remembered },
            Way::Legacy(number) => Self {
                first: Some(Era::Legacy),
                manner: Manner::COARSE[number],
                // It may have begun to answer for another reason.
                is_kept: mute.hung && number == 0,
                ..remembered
            },
        }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// The era to begin with, where it is known.
    pub fn first(&self) -> Option<Era> {
        self.first
    }

    /// Whether this process was asked by `server/discover`.
    pub fn has_asked_modern(&self) -> bool {
        self.discover != Discover::Unasked
    }

    /// Whether it answered anything.
    pub fn was_heard(&self) -> bool {
        self.heard
    }

    /// How long it may take to answer `initialize`, of the time that all may take. One that answered before
    /// has half of it, and a part of the rest for each other manner.
    pub fn patience(&self, limit: Duration) -> Duration {
        match (self.heard, self.refusals.is_empty()) {
            // The bound of the whole has more to say about it than that of a single answer.
            (false, _) => limit * 2,
            (true, true) => limit / 2,
            (true, false) => limit / 6,
        }
    }

    /// Another process, or connection, is greeted.
    pub fn begins(&mut self) {
        (self.asked, self.discover) = (None, Discover::Unasked);
    }

    /// It is asked in this era.
    pub fn asks(&mut self, era: Era) {
        self.asked = Some(era);
        if era == Era::Modern {
            self.discover = Discover::Open;
        }
    }

    /// It answered a question of this era.
    pub fn hears(&mut self, era: Era) {
        self.heard = true;
        if era == Era::Modern {
            self.discover = Discover::Answered;
        }
    }

    /// It can be used. `speaks`: the era to begin with next time.
    pub fn agrees(&mut self, speaks: Era, identity: &Identity) {
        (self.heard, self.asked) = (true, None);
        if self.is_kept {
            let manner = (identity.era == Era::Legacy).then_some(self.manner);
            self.memory.remember(speaks, manner, identity);
        }
    }

    /// It refused what it was told, with these words. Whether there is another manner to say it in, in
    /// which it will be said.
    pub fn turns(&mut self, words: &str, error: HandshakeError, cost: Cost) -> bool {
        self.refused.get_or_insert(error);
        self.next_manner(words, cost)
    }

    fn next_manner(&mut self, words: &str, cost: Cost) -> bool {
        let next = self.refusals.next(self.manner, words, cost);
        self.manner = next.unwrap_or(self.manner);
        next.is_some()
    }

    /// Nothing more can be said to it here. Why it refused first; `error`, if it never did.
    pub fn gives_up(&mut self, error: HandshakeError) -> HandshakeError {
        self.refused.take().unwrap_or(error)
    }

    /// What was remembered may be wrong, or be no more.
    pub fn forgets(&self) {
        self.memory.forget();
    }

    /// The process is gone and left these words. Whether another is to be greeted at once.
    pub fn goes_on(&mut self, words: &str) -> bool {
        let goes_on = self.discover == Discover::Open
            || (self.asked == Some(Era::Legacy)
                && self.heard
                && self.next_manner(words, Cost::Process));
        if goes_on {
            self.first = Some(Era::Legacy);
        }
        goes_on
    }

    /// What the next start has to know after this one, in which the server was of no use. `hung`: it did
    /// not end in all its time.
    pub fn mute_after(&self, before: MuteStarts, hung: bool) -> MuteStarts {
        if self.asked != Some(Era::Legacy) || (self.heard && !hung) {
            return before;
        }
        MuteStarts { count: before.count + 1, hung }
    }
}
