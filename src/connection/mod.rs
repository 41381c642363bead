//! The connection to one running server: what was asked and not yet answered, what waits to be
//! written, and the tasks that read and write.
//!
//! Every request we send has an id from a counter that is never reused, so two clients with equal
//! ids cannot meet (CVE-2026-25536). A full queue fails the request; it never blocks the sender.
//!
//! # Knows
//! The messages of one server and where each belongs: to the request it answers, to the call it is
//! about, to everybody. What of a request is noted for the next process of ours.
//!
//! # Does not know
//! What a server offers, how its process is run, who the clients are.
//!
//! # How to read it
//! [`Connection::request`] makes an [`Exchange`], for who has a permit; [`route`] is where what comes back goes. [`pipes`] speaks
//! with a process, [`remote`] with a remote server. [`notice`] is what is about no request,
//! [`pending`] the table of calls that outlives us.

mod ask;
mod exchange;
mod forwarded;
mod in_flight;
pub mod notice;
mod opening;
pub mod pending;
mod pipes;
mod remote;
mod room;
mod route;
mod window;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, MutexGuard};

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::access::Permit;
use crate::base::{Lock, ServerName, Tasks};
use crate::telemetry::{Fact, Recorder};
use crate::wire::{ListKind, LogLevel, Payload, Topic, translate};

pub use ask::Ask;
use exchange::Cell;
pub use exchange::{Event, Exchange, Origin, Reply, Step};
pub use forwarded::Forwarded;
use in_flight::InFlight;
pub use notice::Board;
pub use opening::{Address, AskedBefore, Opening, Over, Pipes};
pub use pending::{PendingCall, Written};
pub use remote::{Mirrors, Remote};
pub use window::Window;

/// Questions of a server to the client of one call that may be open at once, and that may be open
/// while no call is running.
const ASKED_MAX: usize = 16;
/// How many times a kind of misbehaviour is written down in full before only powers of ten are.
const REPORTS_IN_FULL: u64 = 5;
/// How much of a wrong message is written down, in characters.
const SAMPLE_MAX: usize = 200;

/// Whose call a request belongs to, so that what the server asks back reaches the right client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Of the principal: what is one's is not shown to another.
    pub principal: u64,
    /// Of the session, within this process.
    pub session: u64,
}

/// The connection to one server: to its process, or over HTTP.
#[derive(Debug)]
pub struct Connection {
    server: ServerName,
    /// What the table of pending calls knows it by; 0, if no later process of ours can go on with it.
    key: u32,
    /// What it has over HTTP.
    remote: Option<Arc<Remote>>,
    recorder: Recorder,
    inner: Lock<Inner>,
    wake_writer: Notify,
    news: mpsc::Sender<News>,
    /// Where what is about no request goes.
    board: Board,
    /// Cancelled when no request can be made any more.
    over: CancellationToken,
}

#[derive(Debug)]
struct Inner {
    last_id: u64,
    pending: InFlight,
    /// Over HTTP: requests that are under way; cancelling one ends its response.
    posts: HashMap<u64, CancellationToken>,
    /// Requests whose answers an earlier process of ours had read.
    answered: Vec<u64>,
    /// Requests of the server that wait for a client: its id as written → the exchange; `None` if
    /// they belong to no call.
    asked: HashMap<Box<str>, Option<u64>>,
    queue: VecDeque<Outgoing>,
    queued_bytes: usize,
    closed: Option<Arc<str>>,
    /// The server's output ended. What is in flight is lost, but the owner still looks for the
    /// reason.
    ended: Option<Arc<str>>,
    /// The writer ends when everything queued is written.
    finishing: bool,
    misbehaved: u64,
    stray_in_a_row: u64,
    /// Some client's call was answered.
    served: bool,
    /// When a client's call last began or ended.
    used: Instant,
    /// The lists that changed since they were last read, by [`ListKind::index`].
    changed: [bool; 4],
    /// The log level that the server was told.
    level: Option<LogLevel>,
}

#[derive(Debug)]
struct Outgoing {
    payload: Payload,
    /// The request it is, with its id.
    cell: Option<(u64, Arc<Cell>)>,
}

/// What the owner of a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The server announced that lists changed: see [`Connection::take_changed`].
    ListsChanged,
    /// The connection is of no more use; see [`Connection::ended`].
    Ended,
}

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub reason: Arc<str>,
    /// Whether any byte of it may have reached the server.
    pub sent: bool,
}

impl Loss {
    /// Nothing was written.
    pub fn not_sent(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into(), sent: false }
    }
}

impl Connection {
    /// Begins to talk.
    pub fn open(
        opening: Opening,
        tasks: &Tasks,
        recorder: Recorder,
    ) -> (Arc<Self>, mpsc::Receiver<News>) {
        let Opening { server, board, over } = opening;
        match over {
            Over::Pipes(pipes) => {
                let (connection, news) = Self::new(server, board, recorder, pipes.key, None);
                connection.take_over(*pipes, tasks);
                (connection, news)
            }
            Over::Http(remote) => {
                let remote = Arc::new(*remote);
                let (connection, news) =
                    Self::new(server, board, recorder, 0, Some(remote.clone()));
                let send = remote::send::run(connection.clone(), remote.clone(), tasks.clone());
                tasks.spawn("sender to a remote server", send);
                let over = connection.over.clone();
                tasks.spawn_until_stopped("idle connections to a remote server", async move {
                    over.run_until_cancelled(remote.expire()).await;
                });
                (connection, news)
            }
        }
    }

    fn new(
        server: ServerName,
        board: Board,
        recorder: Recorder,
        key: u32,
        remote: Option<Arc<Remote>>,
    ) -> (Arc<Self>, mpsc::Receiver<News>) {
        // One place for each kind of news: a full channel holds the same news already.
        let (news, receiver) = mpsc::channel(2);
        let inner = Inner {
            last_id: 0,
            pending: InFlight::default(),
            posts: HashMap::new(),
            answered: Vec::new(),
            asked: HashMap::new(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            closed: None,
            ended: None,
            finishing: false,
            misbehaved: 0,
            stray_in_a_row: 0,
            served: false,
            used: Instant::now(),
            changed: [false; 4],
            level: None,
        };
        let connection = Arc::new(Self {
            server,
            key,
            remote,
            recorder,
            inner: Lock::new(inner),
            wake_writer: Notify::new(),
            news,
            board,
            over: CancellationToken::new(),
        });
        (connection, receiver)
    }

    /// Takes over both pipes of a server process, and the requests of an earlier process of ours.
    fn take_over(self: &Arc<Self>, pipes: Pipes, tasks: &Tasks) {
        let Pipes { stdin, stdout, key: _, window, last_id, asked_before } = pipes;
        let is_cut = asked_before.iter().any(|asked| asked.written == Written::Cut);
        for asked in asked_before {
            let origin =
                Origin { owner: Some(asked.owner), pending: Some(asked.pending), forwarded: None };
            let cell = Arc::new(Cell::new(origin));
            cell.mark_adopted();
            let mut inner = self.lock();
            inner.pending.insert(asked.id, cell.clone());
            if asked.written == Written::Answered {
                inner.answered.push(asked.id);
            }
            drop(inner);
            // Nobody waits for it if its session is gone.
            drop(asked.exchange.send(Exchange::new(asked.id, cell, self.clone())));
        }
        self.lock().last_id = last_id;
        if is_cut {
            // Ends a line that may have been cut off; a server skips what is no message.
            self.send(Payload::from(String::new()));
        }
        tasks.spawn("server writer", pipes::writer::run(self.clone(), stdin));
        tasks
            .spawn_until_stopped("server reader", pipes::reader::run(self.clone(), stdout, window));
    }

    pub fn server(&self) -> &ServerName {
        &self.server
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// Sends the request that `build` makes for the id it is given.
    pub fn request(
        self: &Arc<Self>,
        _permit: &Permit,
        origin: Origin,
        build: impl FnOnce(u64) -> Payload,
    ) -> Result<Exchange, Loss> {
        let mut inner = self.lock();
        if inner.finishing {
            return Err(Loss::not_sent(format!("server {} is being ended", self.server)));
        }
        if let Some(reason) = inner.closed.as_ref().or(inner.ended.as_ref()) {
            return Err(Loss::not_sent(format!("server {}: {reason}", self.server)));
        }
        let refused = |why| Loss::not_sent(format!("server {}: {why}", self.server));
        inner.pending.admit(origin.owner).map_err(refused)?;
        let id = inner.last_id + 1;
        let payload = build(id);
        self.check_room(&inner, &payload, origin.owner)?;
        inner.last_id = id;
        if origin.owner.is_some() {
            inner.used = Instant::now();
        }
        let cell = Arc::new(Cell::new(origin));
        inner.pending.insert(id, cell.clone());
        inner.push(payload, Some((id, cell.clone())));
        drop(inner);
        self.wake_writer.notify_one();
        Ok(Exchange::new(id, cell, self.clone()))
    }

    /// Sends a notification; dropped when there is no room for it.
    pub fn notify(&self, _permit: &Permit, payload: Payload) {
        self.send(payload);
    }

    /// Sends what belongs to something that was let in before: an answer, or that it is taken back.
    fn send(&self, payload: Payload) {
        let mut inner = self.lock();
        if inner.closed.is_none() && self.check_room(&inner, &payload, None).is_ok() {
            inner.push(payload, None);
            drop(inner);
            self.wake_writer.notify_one();
        }
    }

    /// What an earlier process of ours had read is acted on: answers that were not there are lost.
    fn lose_answered(&self) {
        let mut inner = self.lock();
        let answered = std::mem::take(&mut inner.answered);
        let lost: Vec<Arc<Cell>> =
            answered.iter().filter_map(|id| inner.pending.remove(*id)).collect();
        drop(inner);
        let reason: Arc<str> = "its answer was lost when the callmux daemon ended".into();
        for cell in lost {
            cell.lose(&reason);
        }
    }

    /// Gives up request `id`. If it still waits to be written it never will be; else the server is
    /// told.
    fn cancel(&self, id: u64, cell: &Arc<Cell>, reason: &str) {
        let mut inner = self.lock();
        if inner.pending.remove(id).is_none() {
            return;
        }
        let queued = inner
            .queue
            .iter()
            .position(|item| item.cell.as_ref().is_some_and(|(_, c)| Arc::ptr_eq(c, cell)));
        if let Some(at) = queued {
            if let Some(item) = inner.queue.remove(at) {
                inner.queued_bytes -= item.payload.len();
            }
            return;
        }
        let post = inner.posts.remove(&id);
        drop(inner);
        post.inspect(CancellationToken::cancel);
        // 2026-07-28 ("Cancellation"): over HTTP the end of the response says it.
        if cell.is_sent() && self.remote.as_ref().is_none_or(|remote| remote.is_legacy()) {
            self.send(translate::cancel(id, reason));
        }
    }

    fn forget(&self, id: u64) {
        let mut inner = self.lock();
        inner.pending.remove(id);
        inner.posts.remove(&id).inspect(CancellationToken::cancel);
    }

    /// Ends the connection: everything in flight is lost, nothing more is written.
    pub fn close(&self, reason: &str) {
        let mut inner = self.lock();
        if inner.closed.is_some() {
            return;
        }
        let reason: Arc<str> = reason.into();
        inner.closed = Some(reason.clone());
        inner.queue.clear();
        inner.queued_bytes = 0;
        inner.asked.clear();
        let pending = inner.pending.take();
        drop(inner);
        for cell in pending {
            cell.lose(&reason);
        }
        self.over.cancel();
        self.wake_writer.notify_one();
    }

    /// Closes the server's input once everything queued is written; answers are still read.
    pub fn finish(&self) {
        self.lock().finishing = true;
        self.wake_writer.notify_one();
    }

    /// No answer will come any more. The owner, who knows the process, closes the connection.
    fn end(&self, reason: String) {
        self.lock().ended.get_or_insert(reason.into());
        self.over.cancel();
        _ = self.news.try_send(News::Ended);
    }

    /// Why the connection is of no more use, if it is not.
    pub fn ended(&self) -> Option<Arc<str>> {
        let inner = self.lock();
        inner.ended.clone().or(inner.closed.clone())
    }

    /// Whether it takes no more requests.
    pub fn is_over(&self) -> bool {
        let inner = self.lock();
        inner.finishing || inner.ended.is_some() || inner.closed.is_some()
    }

    /// Completes when no request can be made any more.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }

    /// The lists that changed since this was last asked.
    pub fn take_changed(&self) -> Vec<ListKind> {
        let changed = std::mem::take(&mut self.lock().changed);
        ListKind::ALL.into_iter().filter(|kind| changed[kind.index()]).collect()
    }

    fn list_changed(&self, topic: Topic) {
        let mut inner = self.lock();
        topic.lists().iter().for_each(|kind| inner.changed[kind.index()] = true);
        drop(inner);
        _ = self.news.try_send(News::ListsChanged);
    }

    /// Tells a legacy server to log from this level on, unless it does already. Levels only become
    /// more talkative: what one client does not want is left out on its way to it.
    pub fn want_level(self: &Arc<Self>, permit: &Permit, level: LogLevel) {
        {
            let mut inner = self.lock();
            if inner.level.is_some_and(|told| told <= level) {
                return;
            }
            inner.level = Some(level);
        }
        let told = level.as_str();
        let build = |id: u64| {
            Payload::from(format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"logging/setLevel","params":{{"level":"{told}"}}}}"#
            ))
        };
        // Nobody waits for the answer: a server that cannot is none the worse for it.
        drop(self.request(permit, Origin::default(), build));
    }

    /// Whether any client's call was answered.
    pub fn has_served(&self) -> bool {
        self.lock().served
    }

    /// Since when no client's call has been running; `None` while one is.
    pub fn idle_since(&self) -> Option<Instant> {
        let inner = self.lock();
        let is_busy = inner.pending.iter().any(|(_, cell)| cell.owner().is_some());
        (!is_busy).then_some(inner.used)
    }

    /// Requests in flight.
    #[cfg(test)]
    pub fn in_flight(&self) -> usize {
        self.lock().pending.len()
    }

    /// Writes down that the server sent something wrong: in full at first, then ever more rarely.
    pub fn misbehaved(&self, what: &str, sample: &[u8]) {
        let mut inner = self.lock();
        inner.misbehaved += 1;
        let count = inner.misbehaved;
        drop(inner);
        let is_power_of_ten = count == 10u64.pow(count.ilog10());
        if count <= REPORTS_IN_FULL || is_power_of_ten {
            // What is hidden may be longer than what is shown.
            let start = String::from_utf8_lossy(&sample[..sample.len().min(SAMPLE_MAX * 40)]);
            let sample = self.hide(&start).chars().take(SAMPLE_MAX).collect();
            let what = self.hide(what);
            let what =
                if count > REPORTS_IN_FULL { format!("{what} (the {count}th time)") } else { what };
            self.recorder.record(Fact::ServerMisbehaved {
                server: self.server.clone(),
                what,
                sample,
            });
        }
    }
}

impl Inner {
    fn push(&mut self, payload: Payload, cell: Option<(u64, Arc<Cell>)>) {
        self.queued_bytes += payload.len();
        self.queue.push_back(Outgoing { payload, cell });
    }
}

#[cfg(test)]
pub(crate) mod tests;
