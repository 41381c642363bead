//! What arrives for one request, in order, until its answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::task::{Poll, Waker};

use super::ask::Ask;
use super::origin::{Origin, Owner};
use crate::base::Lock;
use crate::credentials::Forwarded;
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

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub reason: Arc<str>,
    /// Whether any byte of it may have reached the server.
    pub sent: bool,
    /// It waited for its turn all the while.
    pub waited: bool,
}

impl Loss {
    /// Some of it was.
    pub fn sent(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into(), sent: true, waited: false }
    }

    /// Nothing was written.
    pub fn not_sent(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into(), sent: false, waited: false }
    }
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
    state: Lock<Inbox>,
    sent: AtomicBool,
    /// It waits for its turn: see [`super::turns`].
    waiting: AtomicBool,
    origin: Origin,
}

#[derive(Debug, Default)]
struct Inbox {
    events: VecDeque<Event>,
    event_bytes: usize,
    reply: Option<Reply>,
    waker: Option<Waker>,
}

impl Cell {
    pub(super) fn new(origin: Origin) -> Self {
        let (sent, waiting) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { state: Lock::default(), sent, waiting, origin }
    }

    pub(super) fn forwarded(&self) -> Option<&Forwarded> {
        self.origin.forwarded.as_ref()
    }

    /// Whose turn it has to wait for.
    pub(super) fn turn_of(&self) -> Option<Owner> {
        self.origin.owner.filter(|_| !self.origin.at_once)
    }

    /// Whether it was sent before.
    pub(super) fn is_resent(&self) -> bool {
        self.origin.resent
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        self.origin.owner
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.state.lock()
    }

    /// Bytes of the request are about to be written, under `id` on the connection with `key`.
    pub(super) fn mark_sending(&self, key: u32, id: u64) {
        self.sent.store(true, Ordering::Relaxed);
        if let Some(pending) = &self.origin.pending {
            pending.sending(key, id);
        }
    }

    /// The server had the request and wants to be asked later.
    pub(super) fn mark_unsent(&self) {
        self.sent.store(false, Ordering::Relaxed);
        if let Some(pending) = &self.origin.pending {
            pending.unsent();
        }
    }

    /// A part of the request may have been written; the rest waits for room.
    pub(super) fn mark_cut(&self, key: u32) {
        if let Some(pending) = &self.origin.pending {
            pending.cut(key);
        }
    }

    /// An earlier process of ours sent the request.
    pub(super) fn mark_adopted(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }

    /// The request was written to its last byte.
    pub(super) fn mark_sent(&self, key: u32) {
        if let Some(pending) = &self.origin.pending {
            pending.sent(key);
        }
    }

    pub(super) fn set_waiting(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// Whether it waits for its turn, or did to the end.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
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
            pending.answered(key);
        }
        let mut state = self.lock();
        state.reply = Some(Reply::Answer(answer));
        wake(state);
    }

    /// What arrived next. Must not be asked for after the end.
    pub(super) async fn next(&self) -> Step {
        poll_fn(|cx| {
            let mut state = self.lock();
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
        .await
    }

    /// Ends the request without an answer. `sent`: whether any of it may have had an effect.
    pub(super) fn lose_as(&self, reason: &Arc<str>, sent: bool) {
        self.sent.store(sent, Ordering::Relaxed);
        self.lose(reason);
    }

    pub(super) fn lose(&self, reason: &Arc<str>) {
        let (sent, waited) = (self.is_sent(), self.is_waiting());
        let mut state = self.lock();
        state.reply = Some(Reply::Lost(Loss { reason: reason.clone(), sent, waited }));
        wake(state);
    }
}

fn wake(mut state: MutexGuard<'_, Inbox>) {
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
