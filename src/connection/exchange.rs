//! One request in flight: what arrives for it, in order, until its answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::task::{Poll, Waker};

use super::ask::Ask;
use super::{Connection, Forwarded, Loss, Owner};
use crate::base::{Lock, ServerName};
use crate::handover::call::{self, PendingCall};
use crate::wire::Message;

/// Events that may wait for a client that does not read. Older progress gives way to newer.
const EVENTS_MAX: usize = 1024;
const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// Something the server sent about a request before its answer.
#[derive(Debug)]
pub enum Event {
    /// A `notifications/progress` under our token.
    Progress(Message),
    /// A `notifications/message`.
    Log(Message),
    /// A request of the server to the client.
    Asked(Ask),
    /// The server took back the request with this id (its own id, as written).
    AskCancelled(Box<str>),
    /// A modern server granted a subscription.
    Acknowledged,
}

/// How a request ended.
#[derive(Debug)]
pub enum Reply {
    Answer(Message),
    Lost(Loss),
}

/// What happened next.
#[derive(Debug)]
pub enum Step {
    Event(Event),
    End(Reply),
}

/// Where the reader puts what arrives and the waiting task takes it. One allocation per request.
#[derive(Debug)]
pub(super) struct Cell {
    state: Lock<State>,
    sent: AtomicBool,
    origin: Origin,
}

/// On whose behalf a request is sent.
#[derive(Debug, Default)]
pub struct Origin {
    /// Whose call it is; nobody's, if it is our own request.
    pub owner: Option<Owner>,
    /// What is noted of it for the next process of ours.
    pub pending: Option<PendingCall>,
    /// What a remote server gets of the client's own headers.
    pub forwarded: Option<Forwarded>,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    event_bytes: usize,
    reply: Option<Reply>,
    waker: Option<Waker>,
}

impl Cell {
    pub(super) fn new(origin: Origin) -> Self {
        Self { state: Lock::default(), sent: AtomicBool::new(false), origin }
    }

    pub(super) fn forwarded(&self) -> Option<&Forwarded> {
        self.origin.forwarded.as_ref()
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        self.origin.owner
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Bytes of the request are about to be written, under `id` on the connection with `key`.
    pub(super) fn mark_sending(&self, key: u32, id: u64) {
        self.sent.store(true, Ordering::Relaxed);
        if let Some(pending) = &self.origin.pending {
            call::sending(pending, key, id);
        }
    }

    /// The server had the request and wants to be asked later.
    pub(super) fn mark_unsent(&self) {
        self.sent.store(false, Ordering::Relaxed);
        if let Some(pending) = &self.origin.pending {
            call::unsent(pending);
        }
    }

    /// A part of the request may have been written; the rest waits for room.
    pub(super) fn mark_cut(&self, key: u32) {
        if let Some(pending) = &self.origin.pending {
            call::cut(pending, key);
        }
    }

    /// An earlier process of ours sent the request.
    pub(super) fn mark_adopted(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }

    /// The request was written to its last byte.
    pub(super) fn mark_sent(&self, key: u32) {
        if let Some(pending) = &self.origin.pending {
            call::sent(pending, key);
        }
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn push(&self, event: Event) {
        let mut state = self.lock();
        state.event_bytes += event.size();
        state.events.push_back(event);
        while state.events.len() > EVENTS_MAX || state.event_bytes > EVENT_BYTES_MAX {
            let Some(at) = state.events.iter().position(Event::can_be_dropped) else { break };
            if let Some(old) = state.events.remove(at) {
                state.event_bytes -= old.size();
            }
        }
        wake(state);
    }

    /// `key`: of the connection.
    pub(super) fn complete(&self, key: u32, answer: Message) {
        // Before the window lets go of it.
        if let Some(pending) = &self.origin.pending {
            call::answered(pending, key);
        }
        let mut state = self.lock();
        state.reply = Some(Reply::Answer(answer));
        wake(state);
    }

    /// Ends the request without an answer. `sent`: whether any of it may have had an effect.
    pub(super) fn lose_as(&self, reason: &Arc<str>, sent: bool) {
        self.sent.store(sent, Ordering::Relaxed);
        self.lose(reason);
    }

    pub(super) fn lose(&self, reason: &Arc<str>) {
        let mut state = self.lock();
        state.reply = Some(Reply::Lost(Loss { reason: reason.clone(), sent: self.is_sent() }));
        wake(state);
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Event {
    fn size(&self) -> usize {
        match self {
            Self::Progress(message) | Self::Log(message) => message.len(),
            Self::Asked(_) | Self::AskCancelled(_) | Self::Acknowledged => 0,
        }
    }

    fn can_be_dropped(&self) -> bool {
        matches!(self, Self::Progress(_) | Self::Log(_))
    }
}

/// A request that was sent. Dropping it forgets the request: a late answer is thrown away.
#[derive(Debug)]
pub struct Exchange {
    id: u64,
    cell: Arc<Cell>,
    connection: Arc<Connection>,
    ended: bool,
}

impl Exchange {
    pub(super) fn new(id: u64, cell: Arc<Cell>, connection: Arc<Connection>) -> Self {
        Self { id, cell, connection, ended: false }
    }

    /// The server that was asked.
    pub fn server(&self) -> &ServerName {
        self.connection.server()
    }

    /// The next event, or the end. Must not be called after the end.
    pub async fn next(&mut self) -> Step {
        let step = poll_fn(|cx| {
            let mut state = self.cell.lock();
            if let Some(event) = state.events.pop_front() {
                state.event_bytes -= event.size();
                return Poll::Ready(Step::Event(event));
            }
            if let Some(reply) = state.reply.take() {
                return Poll::Ready(Step::End(reply));
            }
            match &mut state.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                waker => *waker = Some(cx.waker().clone()),
            }
            Poll::Pending
        })
        .await;
        self.ended = matches!(step, Step::End(_));
        step
    }

    /// Waits for the end and lets events pass.
    pub async fn reply(&mut self) -> Reply {
        loop {
            if let Step::End(reply) = self.next().await {
                return reply;
            }
        }
    }

    /// Gives the request up and tells the server so. Returns whether any byte of it may have
    /// reached the server.
    pub fn give_up(&mut self, reason: &str) -> bool {
        if !self.ended {
            self.ended = true;
            self.connection.cancel(self.id, &self.cell, reason);
        }
        self.cell.is_sent()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.forget(self.id);
        }
    }
}
