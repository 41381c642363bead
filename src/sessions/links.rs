//! The links that there are, each the session of one bridge. It outlives its connection: calls go on,
//! and their answers wait until the bridge dials again.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::duplex::Duplex;
use crate::base::{Lock, Principal, SessionId, Tasks};
use crate::client::session::{Carriage, Session};
use crate::facts;
use crate::handover::link::OPEN;
use crate::handover::{LinkRow, Record, Table};
use crate::mux::Resumed;
use crate::telemetry::Recorder;
use crate::wire::link::frame::FrameKind;
use crate::wire::link::{Hello, Restored};

/// Links kept at the most.
pub const LINKS_MAX: usize = 4096;
/// A link without a connection is given up after so long.
pub const KEPT_FOR: Duration = Duration::from_mins(10);

/// All links, by their ids.
#[derive(Debug, Default)]
pub struct Links {
    by_id: Lock<HashMap<SessionId, Arc<Link>>>,
    pub table: Table<LinkRow>,
    /// Nothing more is read from any link.
    deaf: CancellationToken,
}

/// One bridge's session.
#[derive(Debug)]
pub struct Link {
    epoch: u64,
    pub duplex: Duplex,
    /// Counts connections: a new one ends the one before it.
    connection: Lock<Connection>,
    /// Where it is noted for the next process of ours.
    record: Option<Record>,
}

/// A link of an earlier process of ours, as it is taken up.
#[derive(Debug)]
pub struct TakenUp {
    pub session: Arc<Session>,
    pub epoch: u64,
    pub record: Record,
    /// What its bridge has to be told.
    pub restored: Restored,
    pub calls: Vec<Resumed>,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    tasks: Tasks,
    /// Since when there is none.
    lost: Option<Instant>,
    /// What an earlier process of ours knew, until the bridge was told.
    restored: Option<Restored>,
}

/// What the next process of ours has to know of a link.
fn row(session: &Session, epoch: u64) -> LinkRow {
    let cwd = session.cwd();
    let cwd = cwd.as_deref().map(|cwd| cwd.to_string_lossy()).unwrap_or_default();
    let principal = session.principal.clone();
    LinkRow { session: session.id, epoch, principal, cwd: cwd.into() }
}

impl Links {
    pub fn new(table: Table<LinkRow>) -> Self {
        Self { table, ..Self::default() }
    }

    /// Goes on with the links of an earlier process of ours; their bridges will come back.
    pub fn take_up(&self, links: Vec<TakenUp>, open: impl Fn(Arc<Session>) -> Duplex) {
        for TakenUp { session, epoch, record, restored, calls } in links {
            let id = session.id;
            let link = Link::new(open(session), epoch, Some(record));
            {
                let mut connection = link.lock();
                connection.lost = Some(Instant::now());
                connection.restored = Some(restored);
            }
            for resumed in calls {
                link.duplex.take_up(resumed);
            }
            self.lock().insert(id, Arc::new(link));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Link>>> {
        self.by_id.lock()
    }

    /// The bridge's link and whether it goes on where it was; `None` if the id is another
    /// principal's or is none, or if there is no place for one more.
    pub fn find_or_open(
        &self,
        recorder: &Recorder,
        principal: &Principal,
        hello: &Hello,
        open: impl Fn(Arc<Session>) -> Duplex,
    ) -> Option<(Arc<Link>, bool)> {
        let id = SessionId::parse(&hello.link)?;
        let mut links = self.lock();
        match links.get(&id) {
            Some(link) if link.duplex.session.principal != *principal => return None,
            // What was said of somebody before counts no more: theirs begins anew.
            Some(link)
                if link.epoch == hello.epoch
                    && link.duplex.session.principal.is_proved_alike(principal) =>
            {
                return Some((link.clone(), true));
            }
            Some(link) => link.duplex.tasks.stop(),
            None => {}
        }
        links.retain(|_, link| !link.is_forgotten());
        if links.len() >= LINKS_MAX {
            let evicted = Self::evict(&mut links);
            recorder.record(facts::CapReached { what: "link", max: LINKS_MAX, evicted });
            if !evicted {
                return None;
            }
        }
        let session = Session::new(
            id,
            principal.clone().at(None),
            Carriage::Link,
            Some(hello.cwd.clone().into()),
        );
        let record = self.table.note(&row(&session, hello.epoch), OPEN, 0);
        let link = Arc::new(Link::new(open(session), hello.epoch, record));
        links.insert(id, link.clone());
        Some((link, false))
    }

    /// Gives up the link that was lost longest ago; `false` if none is lost.
    fn evict(links: &mut HashMap<SessionId, Arc<Link>>) -> bool {
        let lost = links.iter().filter_map(|(id, link)| Some((link.lock().lost?, *id)));
        let longest = lost.min_by_key(|(since, _)| *since).map(|(_, id)| id);
        let evicted = longest.and_then(|id| links.remove(&id));
        evicted.inspect(|link| link.duplex.tasks.stop()).is_some()
    }

    /// Whether there is no place for a new link, and none that would give way.
    pub fn is_full(&self) -> bool {
        let links = self.lock();
        links.len() >= LINKS_MAX && links.values().all(|link| link.lock().lost.is_none())
    }

    /// Takes a link out, unless its place is another's by now, and ends what it does.
    pub fn close(&self, link: &Arc<Link>) {
        let id = link.duplex.session.id;
        let mut links = self.lock();
        if links.get(&id).is_some_and(|held| Arc::ptr_eq(held, link)) {
            links.remove(&id);
        }
        drop(links);
        link.duplex.tasks.stop();
    }

    /// Whether it is one of those that there are.
    pub fn has(&self, link: &Arc<Link>) -> bool {
        let id = link.duplex.session.id;
        self.lock().get(&id).is_some_and(|held| Arc::ptr_eq(held, link))
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Link>> {
        self.lock().values().filter(|link| !link.is_forgotten()).cloned().collect()
    }

    /// Ends a session for good, as an operator wants it: its bridge is told, and is to begin no other. Returns the
    /// tasks of its connection, which ends once the bridge has read that.
    pub fn end(&self, id: SessionId) -> Option<Tasks> {
        let link = self.lock().remove(&id)?;
        link.duplex.tasks.stop();
        link.duplex.outbox.signal(FrameKind::Ended);
        link.duplex.outbox.close();
        let connection = link.lock().tasks.clone();
        Some(connection)
    }

    /// Completes when nothing more is to be read from any link.
    pub async fn is_deaf(&self) {
        self.deaf.cancelled().await;
    }

    /// Tells every bridge to hold new messages for the daemon that comes next.
    pub fn drain(&self) {
        for link in self.lock().values() {
            link.duplex.outbox.signal(FrameKind::Draining);
        }
    }

    /// Reads nothing more from any bridge.
    pub fn stop_reading(&self) {
        self.deaf.cancel();
    }

    /// The last word to every bridge, once all answers are on their way.
    pub fn say_goodbye(&self) {
        for link in self.lock().values() {
            link.duplex.outbox.signal(FrameKind::Goodbye);
            link.duplex.outbox.close();
        }
    }

    /// How many there are whose bridges may come back.
    pub fn len(&self) -> usize {
        let mut links = self.lock();
        links.retain(|_, link| !link.is_forgotten());
        links.len()
    }
}

impl Link {
    fn new(duplex: Duplex, epoch: u64, record: Option<Record>) -> Self {
        duplex.announce();
        let connection = Connection { number: 0, tasks: Tasks::new(), lost: None, restored: None };
        Self { epoch, duplex, connection: Lock::new(connection), record }
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock()
    }

    /// So many of the bridge's messages were read and taken in.
    pub fn has_read(&self, seen: u64) {
        if let Some(record) = &self.record {
            record.set_word(seen);
        }
    }

    /// A new connection, and what the bridge has to be told of an earlier process; the connection
    /// before it is told to stop.
    pub fn connect(&self) -> (u64, Tasks, Option<Restored>) {
        let mut connection = self.lock();
        connection.tasks.stop();
        connection.tasks = Tasks::new();
        connection.number += 1;
        connection.lost = None;
        (connection.number, connection.tasks.clone(), connection.restored.clone())
    }

    /// The bridge has heard what there was to be told.
    pub fn is_told(&self) {
        self.lock().restored = None;
    }

    /// The connection with this number broke. `false` if there is a newer one.
    pub fn lost(&self, number: u64) -> bool {
        let mut connection = self.lock();
        let is_newest = connection.number == number;
        if is_newest {
            connection.lost = Some(Instant::now());
            self.duplex.outbox.disconnect();
        }
        is_newest
    }

    /// Whether the bridge is away, and waited for.
    pub fn is_away(&self) -> bool {
        self.lock().lost.is_some()
    }

    /// Whether the bridge has been away for so long that it will not come back.
    fn is_forgotten(&self) -> bool {
        let lost = self.lock().lost;
        let forgotten = lost.is_some_and(|since| since.elapsed() > KEPT_FOR);
        if forgotten {
            self.duplex.tasks.stop();
        }
        forgotten
    }
}
