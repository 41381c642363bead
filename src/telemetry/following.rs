//! Somebody who wants facts as they are, beside those who read them: said by who reads the config, fed by the thread
//! that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::base::Lock;
use crate::facts::Fact;

/// Facts that may wait for a follower. More are left out, and counted.
const WAITING_MAX: usize = 4096;
/// So much of arguments may wait with them, in bytes.
const ARGUMENTS_MAX: usize = 8 << 20;
/// So many wake the thread that reads before it would look by itself.
const MANY: usize = 256;

/// A fact, and when it was written.
#[derive(Debug)]
pub struct Followed {
    pub at: SystemTime,
    pub fact: Fact,
}

/// Where facts go that a thread of somebody else reads. Dropping it waits until that has read them all.
#[derive(Debug)]
pub struct Follower {
    // Dropped before the reader, who is waited for: it ends once this is gone.
    queue: SyncSender<Followed>,
    waiting: Arc<WaitingFacts>,
    wants: fn(&Fact) -> bool,
    /// The arguments of calls, too.
    wants_arguments: bool,
    reader: FollowerThread,
}

/// Where that thread reads them.
#[derive(Debug)]
pub struct FollowedFacts {
    queue: Receiver<Followed>,
    waiting: Arc<WaitingFacts>,
}

#[derive(Debug, Default)]
struct WaitingFacts {
    facts: AtomicUsize,
    arguments: AtomicUsize,
    /// Those for which there was no room, since somebody asked.
    missed: AtomicU64,
}

#[derive(Debug)]
struct FollowerThread(Option<JoinHandle<()>>);

impl Drop for FollowerThread {
    fn drop(&mut self) {
        let Some(thread) = self.0.take() else { return };
        thread.thread().unpark();
        // It may be itself who lets go of the facts last.
        if thread.thread().id() != std::thread::current().id() {
            drop(thread.join());
        }
    }
}

impl Follower {
    /// Has `read` run in a thread of this name, on the facts that `wants` says.
    pub fn start(
        name: &str,
        wants: fn(&Fact) -> bool,
        wants_arguments: bool,
        read: impl FnOnce(FollowedFacts) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (queue, facts) = sync_channel(WAITING_MAX);
        let waiting = Arc::new(WaitingFacts::default());
        let facts = FollowedFacts { queue: facts, waiting: waiting.clone() };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(512 * 1024)
            .spawn(move || read(facts))?;
        Ok(Self { queue, waiting, wants, wants_arguments, reader: FollowerThread(Some(thread)) })
    }

    fn offer(&self, fact: Fact) {
        if !(self.wants)(&fact) {
            return;
        }
        let bytes = arguments(&fact);
        let waiting = &self.waiting;
        let before = waiting.arguments.fetch_add(bytes, Ordering::Relaxed);
        let followed = Followed { at: SystemTime::now(), fact };
        let facts = waiting.facts.fetch_add(1, Ordering::Relaxed);
        if before + bytes > ARGUMENTS_MAX || self.queue.try_send(followed).is_err() {
            waiting.arguments.fetch_sub(bytes, Ordering::Relaxed);
            waiting.facts.fetch_sub(1, Ordering::Relaxed);
            waiting.missed.fetch_add(1, Ordering::Relaxed);
        } else if facts + 1 == MANY
            && let Some(thread) = &self.reader.0
        {
            thread.thread().unpark();
        }
    }
}

/// How many bytes of arguments are in it.
fn arguments(fact: &Fact) -> usize {
    let Fact::CallFinished(call) = fact else { return 0 };
    call.origin.arguments.as_deref().map_or(0, str::len)
}

impl FollowedFacts {
    /// The next one, as soon as it is there; an error: nothing comes any more.
    pub fn next(&self) -> Result<Followed, RecvError> {
        self.queue.recv().inspect(|followed| self.took(followed))
    }

    /// The next one, if it is there.
    pub fn ready(&self) -> Option<Followed> {
        self.queue.try_recv().ok().inspect(|followed| self.took(followed))
    }

    /// Whether more wait than are soon done with.
    pub fn are_many(&self) -> bool {
        self.waiting.facts.load(Ordering::Relaxed) >= 4 * MANY
    }

    /// Waits so long for more; less where many come, or nothing comes any more.
    pub fn gather(&self, time: Duration) {
        if self.waiting.facts.load(Ordering::Relaxed) < MANY {
            std::thread::park_timeout(time);
        }
    }

    /// How many there was no room for since this was asked last.
    pub fn missed(&self) -> u64 {
        self.waiting.missed.swap(0, Ordering::Relaxed)
    }

    fn took(&self, followed: &Followed) {
        self.waiting.facts.fetch_sub(1, Ordering::Relaxed);
        self.waiting.arguments.fetch_sub(arguments(&followed.fact), Ordering::Relaxed);
    }
}

/// Whether somebody follows. There is one at the most.
#[derive(Debug, Default)]
pub(super) struct Following {
    is_on: AtomicBool,
    wants_arguments: AtomicBool,
    follower: Lock<Option<Follower>>,
}

impl Following {
    /// Takes another, and gives back the one before it.
    pub(super) fn set(&self, follower: Option<Follower>) -> Option<Follower> {
        let wants_arguments = follower.as_ref().is_some_and(|follower| follower.wants_arguments);
        self.wants_arguments.store(wants_arguments, Ordering::Relaxed);
        self.is_on.store(follower.is_some(), Ordering::Relaxed);
        std::mem::replace(&mut *self.follower.lock(), follower)
    }

    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    pub(super) fn wants_arguments(&self) -> bool {
        self.wants_arguments.load(Ordering::Relaxed)
    }

    /// Whether the thread that writes has to see this one. Who records it does not wait to look at who follows, and
    /// what servers write is nobody's.
    pub(super) fn may_want(&self, fact: &Fact) -> bool {
        self.is_on() && !matches!(fact, Fact::ServerWrote(_))
    }

    pub(super) fn hand_over(&self, fact: Fact) {
        if self.is_on()
            && let Some(follower) = &*self.follower.lock()
        {
            follower.offer(fact);
        }
    }
}
