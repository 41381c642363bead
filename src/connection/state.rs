//! A connection: what it knows of one server, under one lock.

use std::sync::{Arc, MutexGuard};

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ask::Answers;
use super::carrier::Carrier;
use super::cell::Cell;
use super::conduct::{Conduct, Report};
use super::end::End;
use super::in_flight::{InFlight, Waiting};
use super::notice::Board;
use super::questions::Questions;
use super::queue::Queue;
use crate::access::Permit;
use crate::base::{Lock, ServerName};
use crate::facts;
use crate::telemetry::Recorder;
use crate::wire::{ListKind, LogLevel, Payload, Topic};

/// How much of a wrong message is written down, in characters.
const SAMPLE_MAX: usize = 200;

/// The connection to one server: to its process, or over HTTP.
#[derive(Debug)]
pub struct Connection {
    server: ServerName,
    carrier: Carrier,
    recorder: Recorder,
    state: Lock<ConnectionState>,
    /// Rung when the carrier has something to do.
    bell: Notify,
    news: mpsc::Sender<News>,
    /// Where what is about no request goes.
    pub(super) board: Board,
    /// Cancelled when no request can be made any more.
    over: CancellationToken,
}

/// What is known.
#[derive(Debug)]
pub(super) struct ConnectionState {
    pub(super) last_id: u64,
    pub(super) in_flight: InFlight,
    pub(super) questions: Questions,
    pub(super) queue: Queue,
    pub(super) end: End,
    pub(super) conduct: Conduct,
    /// Something was said since the last answer that gets none.
    pub(super) noted: bool,
    /// Some client's call was answered.
    pub(super) served: bool,
    /// When a client's call last began or ended.
    pub(super) used: Instant,
    /// The lists that changed since they were last read, by [`ListKind::index`].
    changed: [bool; 4],
    /// The log level that the server was told.
    pub(super) level: Option<LogLevel>,
}

/// How much clients want of a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests that are with the server, or on their way.
    pub in_flight: usize,
    /// Requests that wait for their turn.
    pub waiting: usize,
    /// How many may be in flight.
    pub max: Option<usize>,
}

/// What the owner of a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The server announced that lists changed: see [`Connection::take_changed`].
    ListsChanged,
    /// The connection is of no more use; see [`Connection::ended`].
    Ended,
}

impl Connection {
    pub(super) fn new(
        server: ServerName,
        board: Board,
        recorder: Recorder,
        carrier: Carrier,
    ) -> (Arc<Self>, mpsc::Receiver<News>) {
        // One place for each kind of news: a full channel holds the same news already.
        let (news, receiver) = mpsc::channel(2);
        let state = ConnectionState {
            last_id: 0,
            in_flight: InFlight::default(),
            questions: Questions::default(),
            queue: Queue::default(),
            end: End::default(),
            conduct: Conduct::default(),
            noted: false,
            served: false,
            used: Instant::now(),
            changed: [false; 4],
            level: None,
        };
        let connection = Arc::new(Self {
            server,
            carrier,
            recorder,
            state: Lock::new(state),
            bell: Notify::new(),
            news,
            board,
            over: CancellationToken::new(),
        });
        (connection, receiver)
    }

    pub fn server(&self) -> &ServerName {
        &self.server
    }

    /// What carries its messages.
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    /// What the table of pending calls knows it by.
    pub(super) fn key(&self) -> u32 {
        self.carrier.key()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, ConnectionState> {
        self.state.lock()
    }

    /// The carrier has something to do.
    pub(super) fn wake(&self) {
        self.bell.notify_one();
    }

    /// Completes when the carrier has something to do.
    pub(super) async fn woken(&self) {
        self.bell.notified().await;
    }

    /// Sends a notification; dropped when there is no room for it.
    pub fn notify(&self, _permit: &Permit, payload: Payload) {
        self.send(payload);
    }

    /// Sends what belongs to something that was let in before: an answer, or that it is taken back.
    pub(super) fn send(&self, payload: Payload) {
        let mut state = self.lock();
        if !state.end.is_closed() && state.queue.admit(&payload, None).is_ok() {
            state.queue.push(payload, None);
            state.noted = true;
            drop(state);
            self.wake();
        }
    }

    /// Takes out a request that waits for nothing any more; whose turn it then is may go.
    pub(super) fn remove(&self, state: &mut ConnectionState, id: u64) -> Option<Waiting> {
        let waiting = state.in_flight.remove(id)?;
        if state.queue.turns().is_limited() {
            state.queue.give_up_turn(id, &waiting.cell);
            self.let_go(state);
        }
        Some(waiting)
    }

    fn let_go(&self, state: &mut ConnectionState) {
        if !state.end.is_over() && state.queue.let_go(state.in_flight.clients()) {
            self.wake();
        }
    }

    /// So many requests of clients may be with the server at once; the others wait.
    pub fn limit(&self, max: Option<usize>) {
        let mut state = self.lock();
        state.queue.limit(max);
        self.let_go(&mut state);
    }

    /// The requests of clients.
    pub fn load(&self) -> Load {
        let state = self.lock();
        let (open, turns) = (state.in_flight.clients(), state.queue.turns());
        let waiting = turns.waiting();
        Load { in_flight: open.saturating_sub(waiting), waiting, max: turns.max() }
    }

    /// Takes out a request that gets no answer, if it still waits for one.
    pub(super) fn take(&self, id: u64) -> Option<Arc<Cell>> {
        self.remove(&mut self.lock(), id).map(|waiting| waiting.cell)
    }

    /// Whether the request still waits for its answer.
    pub(super) fn waits_for(&self, id: u64) -> bool {
        self.lock().in_flight.get(id).is_some()
    }

    /// Whether a client's call other than this may still be answered.
    pub(super) fn has_sent_other_than(&self, id: u64) -> bool {
        self.lock().in_flight.of_clients().any(|(other, cell)| other != id && cell.is_sent())
    }

    /// Ends the connection: everything in flight is lost, nothing more is written.
    pub fn close(&self, reason: &str) {
        let reason: Arc<str> = reason.into();
        let mut state = self.lock();
        if !state.end.close(&reason) {
            return;
        }
        state.queue.clear();
        state.questions.clear();
        let in_flight = state.in_flight.take();
        drop(state);
        for cell in in_flight {
            cell.lose(&reason);
        }
        self.over.cancel();
        self.wake();
    }

    /// Closes the server's input once everything queued is written; answers are still read. What waits
    /// for its turn does not get it here any more.
    pub fn finish(&self) {
        let mut state = self.lock();
        state.end.finish();
        let waiting = state.queue.end_turns();
        let waiting: Vec<_> =
            waiting.into_iter().filter_map(|id| state.in_flight.remove(id)).collect();
        drop(state);
        let reason: Arc<str> = format!("server {} is being ended", self.server()).into();
        for Waiting { cell, .. } in waiting {
            cell.lose(&reason);
        }
        self.wake();
    }

    /// No answer will come any more. The owner, who knows the process, closes the connection.
    pub(super) fn end(&self, reason: String) {
        self.lock().end.end(reason);
        self.ends();
    }

    /// The same for a pipe that was closed: why, only the end of the process tells.
    pub(super) fn cut(&self, reason: String) {
        self.lock().end.cut(reason);
        self.ends();
    }

    fn ends(&self) {
        self.over.cancel();
        _ = self.news.try_send(News::Ended);
    }

    /// Why the connection is of no more use, if it is not.
    pub fn ended(&self) -> Option<Arc<str>> {
        self.lock().end.why().cloned()
    }

    /// The same, if there is no more to say than that a pipe was closed.
    pub fn cut_off(&self) -> Option<Arc<str>> {
        self.lock().end.why_cut().cloned()
    }

    /// Whether it takes no more requests.
    pub fn is_over(&self) -> bool {
        self.lock().end.is_over()
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

    pub(super) fn list_changed(&self, topic: Topic) {
        let mut state = self.lock();
        topic.lists().iter().for_each(|kind| state.changed[kind.index()] = true);
        drop(state);
        _ = self.news.try_send(News::ListsChanged);
    }

    /// Whether any client's call was answered.
    pub fn has_served(&self) -> bool {
        self.lock().served
    }

    /// Since when no client's call has been running; `None` while one is.
    pub fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (!state.in_flight.has_clients()).then_some(state.used)
    }

    /// Requests in flight.
    #[cfg(test)]
    pub fn in_flight(&self) -> usize {
        self.lock().in_flight.len()
    }

    /// What the server first sent that was wrong, in words, without secrets.
    pub fn first_wrong(&self) -> Option<String> {
        self.lock().conduct.first_wrong().map(str::to_owned)
    }

    /// Writes down that the server sent something wrong: in full at first, then ever more rarely.
    pub fn misbehaved(&self, what: &str, sample: &[u8]) {
        let report = self.lock().conduct.misbehaved();
        if report == Report::LeftOut {
            return;
        }
        // What is hidden may be longer than what is shown.
        let start = String::from_utf8_lossy(&sample[..sample.len().min(SAMPLE_MAX * 40)]);
        let sample: String = self.carrier.redact(&start).chars().take(SAMPLE_MAX).collect();
        let what = self.carrier.redact(what);
        self.lock().conduct.sent_wrong(&what, &sample);
        let what = match report {
            Report::Counted(count) => format!("{what} (the {count}th time)"),
            Report::InFull | Report::LeftOut => what,
        };
        let server = self.server.clone();
        self.recorder.record(facts::ServerMisbehaved { server, what, sample });
    }
}

impl Answers for Connection {
    fn close(&self, id: &str) {
        self.lock().questions.remove(id);
    }

    fn send(&self, answer: Payload) {
        Connection::send(self, answer);
    }
}
