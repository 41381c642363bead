//! The daemon's end of the link (see [`crate::wire::link`]).
//!
//! A bridge upgrades a request to `/link` and speaks frames from then on. Its session outlives the
//! connection: calls go on, and their answers wait until the bridge dials again.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Front;
use super::duplex::Duplex;
use super::http::Peer;
use crate::access::Principal;
use crate::base::{Lock, SessionId, Tasks};
use crate::client::session::{Carriage, Session};
use crate::handover::link::OPEN;
use crate::handover::{LinkRow, PendingCall, Record, Table};
use crate::mux::Resumed;
use crate::outbox::{Outbox, SILENT_MAX};
use crate::telemetry::Fact;
use crate::wire::Payload;
use crate::wire::lines::LINE_MIN;
use crate::wire::link::frame::{self, Frame, FrameReader, Kind};
use crate::wire::link::{HELLO_MAX, Hello, PROTOCOL, Restored, Welcome, again};

/// Links kept at the most.
const LINKS_MAX: usize = 4096;
/// A link without a connection is given up after so long.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// A new connection must say hello within this time.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

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
struct Link {
    epoch: u64,
    duplex: Duplex,
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
    pub calls: Vec<(PendingCall, Resumed)>,
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

/// Answers the upgrade request and serves the link on the connection.
pub(super) async fn upgrade(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Peer>,
    mut request: axum::extract::Request,
) -> Response {
    let wanted = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
    if wanted != Some(PROTOCOL) {
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        return response;
    }
    // Behind the upgrade there is no way to say why.
    if front.links.is_full() {
        let evicted = false;
        front.hub.recorder.record(Fact::CapReached { what: "link", max: LINKS_MAX, evicted });
        let error = format!("all {LINKS_MAX} links are in use; end bridges that nobody needs");
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        *response.body_mut() = Body::from(error);
        return response;
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let tasks = front.streams.clone();
    tasks.spawn("link", async move {
        match upgraded.await {
            Ok(upgraded) => {
                let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
                serve(&front, &peer.principal, &mut reader, &mut writer).await;
            }
            Err(error) => tracing::debug!(%error, "a link was not upgraded"),
        }
    });
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response
}

async fn serve(
    front: &Arc<Front>,
    principal: &Principal,
    reader: &mut (impl tokio::io::AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
) {
    let mut frames = FrameReader::new(HELLO_MAX);
    let hello = match tokio::time::timeout(HELLO_WITHIN, next(reader, &mut frames)).await {
        Ok(Ok(Some(frame))) if frame.kind == Kind::Hello => frame,
        _ => return tracing::debug!("a link began without hello"),
    };
    let Ok(hello) = serde_json::from_slice::<Hello>(&hello.payload) else {
        return tracing::debug!("a link began with an unreadable hello");
    };
    frames.allow(LINE_MIN);
    let Some((link, known)) = front.links.find_or_open(front, principal, &hello) else {
        return tracing::debug!("a link was asked for that there cannot be");
    };
    let (number, tasks, restored) = link.connect();
    let resumed = known && restored.is_none();
    let welcome = |seen: u64| {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let kinds = Kind::NEWEST as u8;
        let welcome = Welcome { resumed, seen, restored, knows_again: true, version, kinds };
        let json = serde_json::to_string(&welcome).expect("our own welcome is JSON");
        Some(frame::write(Kind::Welcome, 0, seen, Payload::from(json)))
    };
    let seen = if resumed { hello.seen } else { 0 };
    let resent = link.duplex.outbox.connect(seen, hello.kinds, welcome);
    if resumed {
        front.hub.recorder.record(Fact::LinkResumed { session: link.duplex.session.id, resent });
    }
    let ended = tokio::select! {
        ended = read_all(&link, reader, &mut frames, (&front.links.deaf, hello.kinds)) => ended,
        () = link.duplex.outbox.given_up(SILENT_MAX) => Ended::Goodbye,
        _ = link.duplex.outbox.write_to(writer) => Ended::Lost,
        () = tasks.stopped() => Ended::Replaced,
    };
    match ended {
        Ended::Goodbye => front.links.close(front, &link),
        Ended::Lost if link.lost(number) => {
            front.hub.touch();
            front.hub.recorder.record(Fact::LinkLost { session: link.duplex.session.id });
        }
        Ended::Lost | Ended::Replaced => {}
    }
}

enum Ended {
    /// The bridge said that its client is done, or has read nothing for so long that it is given up.
    Goodbye,
    /// The connection broke.
    Lost,
    /// The bridge has a newer connection.
    Replaced,
}

/// `kinds`: what the bridge said of the frames that it reads.
async fn read_all(
    link: &Link,
    reader: &mut (impl tokio::io::AsyncRead + Unpin),
    frames: &mut FrameReader,
    (deaf, kinds): (&CancellationToken, u8),
) -> Ended {
    let duplex = &link.duplex;
    let mut is_first = true;
    loop {
        let frame = tokio::select! {
            biased;
            // What is not read here, the next daemon will read: the bridge sends it again.
            () = deaf.cancelled() => std::future::pending().await,
            frame = async {
                // Its answers would have no place.
                duplex.outbox.not_full().await;
                next(reader, frames).await
            } => frame,
        };
        if std::mem::take(&mut is_first) && matches!(frame, Ok(Some(_))) {
            link.is_told();
        }
        match frame {
            Ok(Some(frame)) if frame.kind == Kind::Goodbye => return Ended::Goodbye,
            Ok(Some(frame)) => match duplex.outbox.receive(frame) {
                Ok(Some((kind, message))) => {
                    let is_marked = kinds < Kind::Again as u8 && again::is_marked(&message);
                    duplex.take_in(&message, kind == Kind::Again || is_marked);
                    // Only now does the next process know of it from elsewhere.
                    if let Some(record) = &link.record {
                        record.set_word(duplex.outbox.seen());
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "a link broke its own numbering");
                    return Ended::Lost;
                }
            },
            Ok(None) => return Ended::Lost,
            Err(error) => {
                tracing::debug!(%error, "a link broke");
                return Ended::Lost;
            }
        }
        duplex.outbox.confirm_if_owed();
    }
}

/// The next frame; `None` at the end of the stream.
async fn next(
    reader: &mut (impl tokio::io::AsyncRead + Unpin),
    frames: &mut FrameReader,
) -> Result<Option<Frame>, std::io::Error> {
    loop {
        if let Some(frame) = frames.next().map_err(std::io::Error::other)? {
            return Ok(Some(frame));
        }
        if reader.read_buf(frames.room()).await? == 0 {
            return Ok(None);
        }
    }
}

/// What the next process of ours has to know of a link.
fn row(session: &Session, epoch: u64) -> LinkRow {
    let Principal::User(uid) = session.principal;
    let cwd = session.cwd.as_deref().map(|cwd| cwd.to_string_lossy()).unwrap_or_default();
    LinkRow { session: session.id, epoch, uid, cwd: cwd.into() }
}

impl Links {
    pub fn new(table: Table<LinkRow>) -> Self {
        Self { table, ..Self::default() }
    }

    /// Goes on with the links of an earlier process of ours; their bridges will come back.
    pub fn take_up(&self, front: &Front, links: Vec<TakenUp>) {
        for TakenUp { session, epoch, record, restored, calls } in links {
            let id = session.id;
            let link = Link::new(front, session, epoch, Some(record));
            {
                let mut connection = link.lock();
                connection.lost = Some(Instant::now());
                connection.restored = Some(restored);
            }
            for (pending, resumed) in calls {
                link.duplex.take_up(pending, resumed);
            }
            self.lock().insert(id, Arc::new(link));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Link>>> {
        self.by_id.lock()
    }

    /// The bridge's link and whether it goes on where it was; `None` if the id is another
    /// principal's or is none, or if there is no place for one more.
    fn find_or_open(
        &self,
        front: &Front,
        principal: &Principal,
        hello: &Hello,
    ) -> Option<(Arc<Link>, bool)> {
        let id = SessionId::parse(&hello.link)?;
        let mut links = self.lock();
        match links.get(&id) {
            Some(link) if link.duplex.session.principal != *principal => return None,
            Some(link) if link.epoch == hello.epoch => return Some((link.clone(), true)),
            Some(link) => link.duplex.tasks.stop(),
            None => {}
        }
        links.retain(|_, link| !link.is_forgotten());
        if links.len() >= LINKS_MAX {
            let evicted = Self::evict(&mut links);
            front.hub.recorder.record(Fact::CapReached { what: "link", max: LINKS_MAX, evicted });
            if !evicted {
                return None;
            }
        }
        let session =
            Session::new(id, principal.clone(), Carriage::Link, Some(hello.cwd.clone().into()));
        let record = self.table.note(&row(&session, hello.epoch), OPEN, 0);
        let link = Arc::new(Link::new(front, session, hello.epoch, record));
        links.insert(id, link.clone());
        front.changed.notify_one();
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
    fn is_full(&self) -> bool {
        let links = self.lock();
        links.len() >= LINKS_MAX && links.values().all(|link| link.lock().lost.is_none())
    }

    fn close(&self, front: &Front, link: &Arc<Link>) {
        let id = link.duplex.session.id;
        let mut links = self.lock();
        if links.get(&id).is_some_and(|held| Arc::ptr_eq(held, link)) {
            links.remove(&id);
        }
        drop(links);
        link.duplex.tasks.stop();
        front.changed.notify_one();
        front.hub.touch();
        front.hub.recorder.record(Fact::SessionClosed { session: id });
    }

    /// Tells every bridge to hold new messages for the daemon that comes next.
    pub fn drain(&self) {
        for link in self.lock().values() {
            link.duplex.outbox.signal(Kind::Draining);
        }
    }

    /// Reads nothing more from any bridge.
    pub fn stop_reading(&self) {
        self.deaf.cancel();
    }

    /// The last word to every bridge, once all answers are on their way.
    pub fn say_goodbye(&self) {
        for link in self.lock().values() {
            link.duplex.outbox.signal(Kind::Goodbye);
            link.duplex.outbox.close();
        }
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }
}

impl Link {
    fn new(front: &Front, session: Arc<Session>, epoch: u64, record: Option<Record>) -> Self {
        let tasks = front.calls.child();
        let outbox = Outbox::link().told_of(session.id, front.hub.recorder.clone());
        let (hub, aside) = (front.hub.clone(), front.aside.clone());
        let duplex = Duplex { hub, session, outbox: Arc::new(outbox), aside, tasks };
        duplex.announce();
        let connection = Connection { number: 0, tasks: Tasks::new(), lost: None, restored: None };
        Self { epoch, duplex, connection: Lock::new(connection), record }
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock()
    }

    /// A new connection, and what the bridge has to be told of an earlier process; the connection
    /// before it is told to stop.
    fn connect(&self) -> (u64, Tasks, Option<Restored>) {
        let mut connection = self.lock();
        connection.tasks.stop();
        connection.tasks = Tasks::new();
        connection.number += 1;
        connection.lost = None;
        (connection.number, connection.tasks.clone(), connection.restored.clone())
    }

    /// The bridge has heard what there was to be told.
    fn is_told(&self) {
        self.lock().restored = None;
    }

    /// The connection with this number broke. `false` if there is a newer one.
    fn lost(&self, number: u64) -> bool {
        let mut connection = self.lock();
        let is_newest = connection.number == number;
        if is_newest {
            connection.lost = Some(Instant::now());
            self.duplex.outbox.disconnect();
        }
        is_newest
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
