//! What every way in holds: the current world, and what all calls share.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::open_round::OpenRounds;
use crate::approvals::Approvals;
use crate::base::{Principal, Pulse, ServerName};
use crate::cache::{Cache, CacheKey, Part};
use crate::calls::{CallCount, Calls};
use crate::catalog::Entry;
use crate::connection::Board;
use crate::desktop::Desktop;
use crate::handover::{ActRow, CallRow, Table};
use crate::instances::Instances;
use crate::ledger::Ledger;
use crate::results::Results;
use crate::servers::Server;
use crate::targets::subscription::Subscriptions;
use crate::telemetry::Recorder;
use crate::wire::Topic;
use crate::world::World;

/// Shared by all fronts. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

/// What a [`Hub`] holds.
#[derive(Debug)]
pub struct Shared {
    world: watch::Receiver<Arc<World>>,
    pub recorder: Recorder,
    /// The calls in flight, and when they must end.
    pub calls: Arc<Calls>,
    /// The calls in flight, for the next process of ours.
    pub pending: Table<CallRow>,
    /// What nobody goes on with if we end.
    pub acts: Table<ActRow>,
    /// What servers say to everybody.
    pub board: Board,
    /// Of servers that run once for each directory.
    pub instances: Instances,
    /// Calls that wait for their clients.
    pub(super) open_rounds: OpenRounds,
    /// Calls that wait for a person.
    pub approvals: Approvals,
    /// Where they are asked about, beside terminals.
    pub(super) desktop: Desktop,
    /// Which resources clients want to hear about.
    pub subscriptions: Subscriptions,
    /// What reading calls brought.
    pub cache: Cache,
    /// What was too large for its client.
    pub results: Results,
    /// What was sent to all clients together.
    pub ledger: Ledger,
    usage: Usage,
}

/// When it was used.
#[derive(Debug)]
struct Usage {
    began: Instant,
    /// When somebody last asked for something: milliseconds since `began`.
    last: AtomicU64,
    /// Beats with every call.
    pulse: Pulse,
}

impl Deref for Hub {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Hub {
    pub fn new(
        world: watch::Receiver<Arc<World>>,
        recorder: Recorder,
        pending: Table<CallRow>,
        acts: Table<ActRow>,
        (board, instances): (Board, Instances),
        (results, approvals): (Results, Approvals),
    ) -> Self {
        Self(Arc::new(Shared {
            world,
            calls: Arc::default(),
            pending,
            acts,
            board,
            instances,
            open_rounds: OpenRounds::default(),
            desktop: Desktop::of(approvals.clone(), recorder.clone()),
            recorder,
            approvals,
            subscriptions: Subscriptions::default(),
            cache: Cache::default(),
            results,
            ledger: Ledger::default(),
            usage: Usage {
                began: Instant::now(),
                last: AtomicU64::new(0),
                pulse: Pulse::default(),
            },
        }))
    }

    /// A call of a client is over: what the list of tools cost in the prompt that it came from. `direct_turns`: how
    /// many prompts the same takes with direct connections.
    pub fn turn(&self, call: &super::call::Call, began: tokio::time::Instant, direct_turns: u64) {
        if let Some(added) = call.caller.ledger.turn(began.into_std(), direct_turns) {
            self.ledger.add_turn(added);
        }
    }

    /// Somebody asks for something.
    pub fn touch(&self) {
        let now = u64::try_from(self.usage.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.usage.last.store(now, Ordering::Relaxed);
    }

    /// What beats with every call.
    pub fn pulse(&self) -> &Pulse {
        &self.usage.pulse
    }

    /// When somebody last asked for something.
    pub fn last_used(&self) -> Instant {
        self.usage.began + Duration::from_millis(self.usage.last.load(Ordering::Relaxed))
    }

    /// The world as it is now.
    pub fn world(&self) -> Arc<World> {
        self.world.borrow().clone()
    }

    /// The server or the instance of this name, as it is now.
    pub(super) fn server(&self, name: &ServerName) -> Option<Server> {
        match name.workplace() {
            None => self.world.borrow().servers.get(name).cloned(),
            Some(_) => self.instances.get(name),
        }
    }

    /// The world once all servers had their chance to start: at the latest `list_timeout` after
    /// the daemon did, so that one that hangs does not keep every client.
    pub async fn settled_world(&self) -> Arc<World> {
        let world = self.world();
        if world.is_settled() {
            return world;
        }
        self.world_where(self.usage.began + world.config.list_timeout, World::is_settled).await
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

    /// How many calls are in flight.
    pub fn calls(&self) -> usize {
        self.calls.count()
    }

    /// Completes when no call is in flight.
    pub async fn idle(&self) {
        self.calls.idle().await;
    }

    /// Ends every call that waits for a server, as not sent or as unknown; after
    /// [`Hub::leave`], only those that the next process of ours does not know of.
    pub fn close(&self) {
        self.calls.close();
    }

    /// Notes a call that no process but this one can answer, for as long as the value lives.
    pub fn stays(&self) -> CallCount {
        CallCount::staying(&self.calls)
    }

    /// Completes when there is no such call.
    pub async fn none_stays(&self) {
        self.calls.none_stays().await;
    }

    /// From now on calls in flight are left to the next process of ours.
    pub fn leave(&self) {
        self.calls.leave();
    }

    /// Whether the result of a call with these prepared arguments would come from the cache.
    pub fn is_cached(&self, principal: &Principal, entry: &Entry, arguments: &str) -> bool {
        let config = &entry.server.config;
        if Part::of(config, &entry.item) != Part::Reads {
            return false;
        }
        let key = CacheKey::new(principal, &entry.server.name, &entry.item.name, Some(arguments));
        key.is_some_and(|key| self.cache.peek(&key, config))
    }

    /// Whether a call of somebody waits for their client's answer.
    pub fn has_open_round(&self, principal: &Principal) -> bool {
        self.open_rounds.has_any_of(principal)
    }

    /// Counts a call for as long as the value lives.
    pub fn count_call(&self) -> CallCount {
        self.usage.pulse.beat();
        CallCount::of(&self.calls)
    }

    /// Watches the lists for versions other than `seen`.
    pub fn watch_lists(&self, seen: [u64; 3]) -> ListsWatch {
        ListsWatch { world: self.world.clone(), seen }
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
impl Hub {
    /// With no server and nobody who is told anything.
    pub fn sample() -> Self {
        let config = Arc::new(crate::settings::sample::config());
        Self::of(World::new(config, <_>::default(), Arc::default(), None))
    }

    /// The same in this world.
    pub fn of(world: World) -> Self {
        let results = Results::open(None, <_>::default());
        let (world, none) = (watch::channel(Arc::new(world)).1, Recorder::none());
        Self::new(
            world,
            none,
            <_>::default(),
            <_>::default(),
            <_>::default(),
            (results, Approvals::default()),
        )
    }
}

#[cfg(test)]
#[path = "hub/tests.rs"]
mod tests;
