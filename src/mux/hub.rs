//! What every way in holds: the current world and the recorder.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cache::{Cache, Key, Part};
use super::ledger::Ledger;
use super::open_round::OpenRounds;
use super::subscriptions::Subscriptions;
use super::world::World;
use crate::access::Principal;
use crate::base::Pulse;
use crate::catalog::Entry;
use crate::connection::Board;
use crate::handover::{CallRow, Table};
use crate::results::Results;
use crate::telemetry::Recorder;
use crate::wire::Topic;

/// Shared by all fronts. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

/// What a [`Hub`] holds.
#[derive(Debug)]
pub struct Shared {
    world: watch::Receiver<Arc<World>>,
    pub recorder: Recorder,
    calls: Arc<Calls>,
    closing: CancellationToken,
    /// The next process of ours takes over what is in flight.
    leaving: CancellationToken,
    /// The calls in flight, for that process.
    pub pending: Table<CallRow>,
    /// What servers say to everybody.
    pub board: Board,
    /// Calls that wait for their clients.
    pub(super) open_rounds: OpenRounds,
    /// Which resources clients want to hear about.
    pub subscriptions: Subscriptions,
    /// What reading calls brought.
    pub cache: Cache,
    /// What was too large for its client.
    pub results: Results,
    /// What was sent to all clients together.
    pub ledger: Ledger,
    /// Beats with every call.
    pub pulse: Pulse,
    started: Instant,
    /// When somebody last asked for something: milliseconds since `started`.
    used: AtomicU64,
}

impl Deref for Hub {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Calls in flight.
#[derive(Debug, Default)]
struct Calls {
    count: AtomicUsize,
    idle: Notify,
}

impl Hub {
    pub fn new(
        world: watch::Receiver<Arc<World>>,
        recorder: Recorder,
        pending: Table<CallRow>,
        board: Board,
        results: Results,
    ) -> Self {
        Self(Arc::new(Shared {
            world,
            recorder,
            calls: Arc::default(),
            closing: CancellationToken::new(),
            leaving: CancellationToken::new(),
            pending,
            board,
            open_rounds: OpenRounds::default(),
            subscriptions: Subscriptions::default(),
            cache: Cache::default(),
            results,
            ledger: Ledger::default(),
            pulse: Pulse::default(),
            started: Instant::now(),
            used: AtomicU64::new(0),
        }))
    }

    /// Somebody asks for something.
    pub fn touch(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.used.store(now, Ordering::Relaxed);
    }

    /// When somebody last asked for something.
    pub fn last_used(&self) -> Instant {
        self.started + Duration::from_millis(self.used.load(Ordering::Relaxed))
    }

    /// The world as it is now.
    pub fn world(&self) -> Arc<World> {
        self.world.borrow().clone()
    }

    /// The world once all servers had their chance to start: at the latest `list_timeout` after
    /// the daemon did, so that one that hangs does not keep every client.
    pub async fn settled_world(&self) -> Arc<World> {
        let world = self.world();
        if world.is_settled() {
            return world;
        }
        self.world_where(self.started + world.config.list_timeout, World::is_settled).await
    }

    /// The first world that fulfils `condition`, or the one there is at `deadline`.
    pub async fn world_where(
        &self,
        deadline: Instant,
        condition: impl Fn(&World) -> bool,
    ) -> Arc<World> {
        let mut watched = self.world.clone();
        let found = async {
            watched.wait_for(|world| condition(world)).await.map(|world| world.clone()).ok()
        };
        match tokio::time::timeout_at(deadline, found).await {
            Ok(Some(world)) => world,
            _ => self.world(),
        }
    }

    /// Calls in flight.
    pub fn calls(&self) -> usize {
        self.calls.count.load(Ordering::Relaxed)
    }

    /// Completes when no call is in flight.
    pub async fn idle(&self) {
        loop {
            let notified = self.calls.idle.notified();
            if self.calls() == 0 {
                return;
            }
            notified.await;
        }
    }

    /// Ends every call that waits for a server, as not sent or as unknown; after
    /// [`Hub::leave`], only those that the next process of ours does not know of.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// From now on calls in flight are left to the next process of ours.
    pub fn leave(&self) {
        self.leaving.cancel();
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }

    /// Whether a call must end. `is_noted`: the next process of ours knows of it.
    pub(super) fn is_closed(&self, is_noted: bool) -> bool {
        self.closing.is_cancelled() && !(is_noted && self.is_leaving())
    }

    /// Completes when a call must end. `is_noted`: the next process of ours knows of it.
    pub(super) async fn closed(&self, is_noted: bool) {
        self.closing.cancelled().await;
        if is_noted && self.is_leaving() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the result of a call with these prepared arguments would come from the cache.
    pub fn is_cached(&self, principal: &Principal, entry: &Entry, arguments: &str) -> bool {
        let config = &entry.server.config;
        if Part::of(config, &entry.item) != Part::Reads {
            return false;
        }
        let key = Key::new(principal, &entry.server.name, &entry.item.name, Some(arguments));
        key.is_some_and(|key| self.cache.peek(&key, config))
    }

    /// Counts a call for as long as the value lives.
    pub fn count_call(&self) -> CallCount {
        self.calls.count.fetch_add(1, Ordering::Relaxed);
        self.pulse.beat();
        CallCount(self.calls.clone())
    }

    /// Watches the lists for versions other than `seen`.
    pub fn watch_lists(&self, seen: [u64; 3]) -> ListsWatch {
        ListsWatch { world: self.world.clone(), seen }
    }
}

#[derive(Debug)]
pub struct CallCount(Arc<Calls>);

impl Drop for CallCount {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

/// Tells one client of changes, each once.
#[derive(Debug)]
pub struct ListsWatch {
    world: watch::Receiver<Arc<World>>,
    seen: [u64; 3],
}

impl ListsWatch {
    /// The next topic that has another version than was last seen, and that version; never, once
    /// nothing can change any more.
    pub async fn changed(&mut self) -> (Topic, u64) {
        let seen = self.seen;
        let found = self.world.wait_for(|world| world.versions != seen).await;
        let Some(now) = found.map(|world| world.versions).ok() else {
            return std::future::pending().await;
        };
        let is_new = |topic: &Topic| now[topic.index()] != seen[topic.index()];
        let topic = Topic::ALL.into_iter().find(is_new).unwrap_or(Topic::Tools);
        self.seen[topic.index()] = now[topic.index()];
        (topic, now[topic.index()])
    }
}

#[cfg(test)]
#[path = "hub/tests.rs"]
mod tests;
