//! The handle through which facts are recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use super::fact::{Fact, Level};
use super::repetition::{self, Repetitions};
use super::sink::Sink;

/// Facts that may wait to be written. More are dropped and counted: a stalled journal must not
/// stall calls.
const WAITING_MAX: usize = 4096;

/// Records facts. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    shared: Option<Arc<Shared>>,
}

#[derive(Debug)]
struct Shared {
    queue: SyncSender<Fact>,
    level: Level,
    audits: bool,
    dropped: Arc<AtomicU64>,
}

/// Owns the writing thread. Dropping it writes what still waits.
#[derive(Debug)]
pub struct Writer {
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// A recorder that writes to `sink` what is at least as important as `level`, and the owner of
    /// its thread. Drop every clone of the recorder before the writer.
    pub fn start(sink: Sink, level: Level) -> (Self, Writer) {
        let (queue, facts) = sync_channel(WAITING_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let audits = sink.is_journal();
        let shared = Shared { queue, level, audits, dropped: dropped.clone() };
        let thread = std::thread::Builder::new()
            .name("facts".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || write_all(&facts, sink, level, &dropped))
            .ok();
        (Self { shared: Some(Arc::new(shared)) }, Writer { thread })
    }

    /// Records nothing.
    #[cfg(any(test, fuzzing))]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether finished calls are written at all; if not, nobody needs to describe them.
    pub fn wants_calls(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.audits || shared.level >= Level::Debug)
    }

    pub fn record(&self, fact: Fact) {
        let Some(shared) = &self.shared else { return };
        let is_wanted = fact.level() <= shared.level || (shared.audits && fact.is_audit());
        if !is_wanted && !repetition::depends_on(&fact) {
            return;
        }
        if let Err(TrySendError::Full(_)) = shared.queue.try_send(fact) {
            shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_all(facts: &Receiver<Fact>, mut sink: Sink, level: Level, dropped: &AtomicU64) {
    let mut repetitions = Repetitions::default();
    while let Ok(fact) = facts.recv() {
        let repeated = repetitions.note(&fact, Instant::now());
        let is_audit = sink.is_journal() && fact.is_audit();
        let mut record = fact.record();
        repeated.mark(&mut record);
        if record.level <= level || is_audit {
            sink.write(&record);
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            sink.note_loss(lost);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
