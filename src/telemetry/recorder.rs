//! The handle through which facts are recorded.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::audit::{Audit, CallsReport};
use super::calls;
use super::counted::FactCounts;
use super::counting::Counting;
use super::counts::Counts;
use super::following::{Follower, Following};
use super::keeping::{AuditWanted, Keeping, NotRecorded};
use super::lately::{FactsWatched, Glance, Lately, SessionNote};
use super::repetition;
use super::sink::Sink;
use super::writer::{self, Ends};
use crate::base::CallId;
use crate::facts::{CallBegun, Fact, Level, Threshold};

/// Facts that may wait to be written. More are dropped and counted: what is slow to take them must
/// not stall calls.
const WAITING_MAX: usize = 4096;
/// What servers write may take no more room than this.
const WORDS_MAX: usize = WAITING_MAX / 2;

/// Records facts. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    shared: Option<Arc<Shared>>,
}

#[derive(Debug)]
struct Shared {
    /// `None` only wakes the writer.
    queue: SyncSender<Option<Fact>>,
    threshold: Threshold,
    audit: Option<Audit>,
    keeping: Arc<Keeping>,
    counts: Arc<Counts>,
    counting: Arc<Counting>,
    lately: Arc<Lately>,
    following: Arc<Following>,
}

/// Records for who follows: it holds nothing that the end of the facts waits for.
#[derive(Debug, Clone, Default)]
pub struct FaintRecorder(Weak<Shared>);

impl FaintRecorder {
    pub fn record(&self, fact: impl Into<Fact>) {
        if let Some(shared) = self.0.upgrade() {
            shared.record(fact.into());
        }
    }
}

/// Owns the writing thread. Dropping it writes what still waits.
#[derive(Debug)]
pub struct Writer {
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// A recorder that writes to `sink` what `threshold` says, and the owner of
    /// its thread. Drop every clone of the recorder before the writer. `record`: the directory of
    /// the record of calls, which is kept beside a journal.
    pub fn start(sink: Sink, threshold: Threshold, record: Option<&Path>) -> (Self, Writer) {
        // A journal gets every act.
        let threshold = Threshold { acts: threshold.acts || sink.is_journal(), ..threshold };
        let (queue, facts) = sync_channel(WAITING_MAX);
        let counts = Arc::new(Counts::default());
        let (keeping, counting) = (Arc::new(Keeping::default()), Arc::new(Counting::default()));
        let (lately, following) = (Arc::new(Lately::default()), Arc::new(Following::default()));
        let ends = Ends {
            counts: counts.clone(),
            keeping: keeping.clone(),
            counting: counting.clone(),
            lately: lately.clone(),
            following: following.clone(),
        };
        let writer = writer::Writer::new(sink, threshold, record, ends);
        let audit = writer.audit();
        let shared =
            Shared { queue, threshold, audit, keeping, counts, counting, lately, following };
        let thread = std::thread::Builder::new()
            .name("facts".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || writer.run(&facts))
            .ok();
        (Self { shared: Some(Arc::new(shared)) }, Writer { thread })
    }

    /// Records nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether finished calls are written at all; if not, nobody needs to describe them.
    pub fn wants_calls(&self) -> bool {
        let wants = |shared: &Arc<Shared>| {
            shared.threshold.takes(Level::Debug, true)
                || shared.lately.is_watched()
                || shared.keeping.is_on()
                || shared.counting.is_on()
                || shared.following.is_on()
        };
        self.shared.as_ref().is_some_and(wants)
    }

    /// Whether what happens is counted from now on.
    pub fn count(&self, wanted: bool) {
        if let Some(shared) = &self.shared {
            shared.counting.set(wanted);
        }
    }

    /// What was counted so far; `None` while nothing is.
    pub fn counted(&self) -> Option<FactCounts> {
        self.shared.as_ref()?.counting.counted()
    }

    /// Whether somebody keeps where a call came from and what it brought.
    pub fn keeps_origins(&self) -> bool {
        let keeps = |shared: &Arc<Shared>| shared.keeping.is_on() || shared.following.is_on();
        self.shared.as_ref().is_some_and(keeps)
    }

    /// Whether somebody keeps anything of the arguments of calls.
    pub fn keeps_arguments(&self) -> bool {
        let keeps = |shared: &Arc<Shared>| {
            shared.keeping.keeps_arguments() || shared.following.wants_arguments()
        };
        self.shared.as_ref().is_some_and(keeps)
    }

    /// Has every fact from now on handed to this one, too, in place of the one before it, which is given
    /// back: dropping that waits for its thread.
    #[must_use]
    pub fn follow(&self, follower: Option<Follower>) -> Option<Follower> {
        match &self.shared {
            Some(shared) => shared.following.set(follower),
            None => follower,
        }
    }

    /// One that keeps no thread from ending.
    pub fn downgrade(&self) -> FaintRecorder {
        FaintRecorder(self.shared.as_ref().map(Arc::downgrade).unwrap_or_default())
    }

    /// Whether each act has to stand in it before it begins.
    pub fn requires_audit(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.keeping.is_required())
    }

    /// Has every act from now on written to the audit file, as it is wanted.
    pub fn keep_audit(&self, wanted: AuditWanted) {
        if let Some(shared) = &self.shared {
            shared.keeping.set(wanted);
            shared.wake();
        }
    }

    /// Writes down that an act begins, and waits until the disk has that.
    pub async fn begin(&self, act: CallBegun) -> Result<(), NotRecorded> {
        let shared = self.shared.as_ref().ok_or(NotRecorded)?;
        let is_there = shared.keeping.begin(act);
        shared.wake();
        if is_there.await == Ok(true) { Ok(()) } else { Err(NotRecorded) }
    }

    pub fn record(&self, fact: impl Into<Fact>) {
        if let Some(shared) = &self.shared {
            shared.record(fact.into());
        }
    }

    /// What happened since somebody looked before, as [`Glance`] has it.
    pub fn glance(&self, from: Option<u64>) -> Glance {
        self.shared.as_ref().map(|shared| shared.lately.glance(from)).unwrap_or_default()
    }

    /// The sessions that are open, the oldest first, as far as they are known.
    pub fn sessions(&self) -> Vec<SessionNote> {
        self.shared.as_ref().map(|shared| shared.lately.sessions()).unwrap_or_default()
    }

    /// What happens from that number on, or from now on. `None`: nothing is recorded.
    pub fn watch(&self, from: Option<u64>) -> Option<FactsWatched> {
        self.shared.as_ref().map(|shared| shared.lately.watch(from))
    }

    /// Where somebody can come in, as facts of it name it.
    pub fn listening(&self) -> Vec<String> {
        self.shared.as_ref().map(|shared| shared.lately.listening()).unwrap_or_default()
    }

    /// What clients call themselves, name and version, and when one was last seen, in seconds since 1970.
    pub fn clients(&self) -> Vec<(String, u64)> {
        self.shared.as_ref().map(|shared| shared.lately.clients()).unwrap_or_default()
    }

    /// How the entries of calls are kept; `None` where they go to no journal. With `afresh` it is
    /// looked which of them are there, which may take seconds.
    pub async fn calls(&self, afresh: bool) -> Option<CallsReport> {
        let shared = self.shared.clone()?;
        let audit = shared.audit.clone()?;
        if afresh && audit.look_in().is_some() {
            let (look, (done, looked)) = (audit.clone(), oneshot::channel());
            // A thread that the end of the runtime does not wait for.
            let thread = std::thread::Builder::new().name("journal check".to_owned());
            drop(thread.spawn(move || {
                look.look();
                _ = done.send(());
            }));
            drop(looked.await);
            // Whoever waits for news of it.
            shared.wake();
        }
        Some(audit.report())
    }
}

impl Recorder {
    /// The calls whose entries stand at the end of the record of calls: of those that ended last,
    /// which were written down. None where there is no such record.
    pub fn written_calls(&self) -> HashSet<CallId> {
        let audit = self.shared.as_ref().and_then(|shared| shared.audit.as_ref());
        let record = audit.and_then(|audit| audit.report().record);
        record.map(|path| calls::written(Path::new(&path))).unwrap_or_default()
    }
}

impl Shared {
    /// Has the writer look. If the queue is full it wakes anyway.
    fn wake(&self) {
        _ = self.queue.try_send(None);
    }

    fn record(&self, fact: Fact) {
        self.lately.note(&fact);
        let about = fact.about();
        let is_act = matches!(fact, Fact::CallFinished(_));
        let is_wanted =
            self.threshold.takes(about.level, about.is_audit) || is_act && self.keeping.is_on();
        let is_wanted = is_wanted || self.counting.wants(&fact) || self.lately.is_watched();
        let is_wanted = is_wanted || self.following.may_want(&fact);
        if !is_wanted && !repetition::depends_on(&fact) {
            return;
        }
        let is_full = matches!(fact, Fact::ServerWrote { .. })
            && self.counts.waiting.load(Ordering::Relaxed) >= WORDS_MAX;
        if is_full || !self.send(fact) {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            self.counts.acts.fetch_add(u64::from(is_act), Ordering::Relaxed);
        }
    }

    /// `false`: there is no room.
    fn send(&self, fact: Fact) -> bool {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        let is_sent = !matches!(self.queue.try_send(Some(fact)), Err(TrySendError::Full(_)));
        if !is_sent {
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        is_sent
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
