//! Messages on their way to a client that is spoken to over one stream of bytes: stdio, a link, or
//! a stream of events.
//!
//! A client that does not read for a while loses nothing that must arrive. Once it is behind, what can
//! be left out is left out, its new requests wait ([`Outbox::room`]), large answers are set aside
//! by whoever fills it, and at last nothing more is taken in from it ([`Outbox::not_full`]). It is
//! given up only when it has taken no byte for minutes ([`Outbox::given_up`]).

use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::pin;
use std::sync::MutexGuard;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use crate::base::{Lock, SessionId, write};
use crate::facts::{self, Fact};
use crate::telemetry::Recorder;
use crate::wire::lines::LINE_MIN;
use crate::wire::link::frame::{Frame, FrameKind};
use crate::wire::link::{Endpoint, endpoint::Received};
use crate::wire::{Payload, sse};

/// Beyond so many unread bytes, notifications are dropped: they are worth nothing later.
const NOTIFICATIONS_UNTIL: usize = 1024 * 1024;
/// Beyond so many unread bytes a client is behind.
pub const BEHIND: usize = 4 * 1024 * 1024;
/// Beyond so many unread bytes nothing more is taken in from a client, and servers cannot ask it.
pub const FULL: usize = 64 * 1024 * 1024;
/// A client with fewer unread bytes has caught up. The other end of a link may leave more than 64 KiB
/// unconfirmed that it has read.
const CAUGHT_UP: usize = 128 * 1024;
/// A client that is behind is given up when it has taken no byte for so long. A person who comes back
/// to a machine finds the session as it was, unless a program that hangs has left megabytes unread.
pub const SILENT_MAX: Duration = Duration::from_mins(10);
/// How often a client that is behind is looked at. A process that was stopped for hours looks once
/// when it goes on, not as often as it would have.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Bytes that one write is offered at the most: what is kept until the write is over.
const WRITE_MAX: usize = 1024 * 1024;

/// The other end left out a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("message {got} came where {expected} was due")]
pub struct Gap {
    expected: u64,
    got: u64,
}

/// The queue. Any number of senders, one writer.
#[derive(Debug)]
pub struct Outbox {
    inner: Lock<OutboxState>,
    /// Wakes the writer.
    wake: Notify,
    /// Wakes whoever waits for the client to read.
    read: Notify,
    /// Wakes whoever looks after a client that is behind.
    behind: Notify,
    /// Where it is told that the client is behind.
    told: Option<(Recorder, SessionId)>,
}

#[derive(Debug)]
struct OutboxState {
    /// What waits, each with the number of the message it carries; 0 for anything else.
    queue: VecDeque<(u64, Payload)>,
    /// Of the queue, and of what is being written.
    bytes: usize,
    /// The highest number that the writer has taken: it may be on its way.
    taken: u64,
    framing: Framing,
    /// Bytes that the client ever took.
    moved: u64,
    /// It was told that the client is behind, and it has not caught up.
    is_behind: bool,
    /// Nothing more is taken in; the writer ends when the queue is empty.
    closed: bool,
}

#[derive(Debug)]
enum Framing {
    /// Each message on a line of its own.
    Lines,
    /// Events of a stream that ends with its connection.
    Events,
    /// Frames of a link, which outlive a connection.
    Link { endpoint: Endpoint, connected: bool },
}

impl Outbox {
    pub fn lines() -> Self {
        Self::new(Framing::Lines)
    }

    /// `first` goes before all messages.
    pub fn events(first: Payload) -> Self {
        let outbox = Self::new(Framing::Events);
        outbox.lock().enqueue(0, first);
        outbox
    }

    pub fn link() -> Self {
        Self::new(Framing::Link { endpoint: Endpoint::default(), connected: false })
    }

    fn new(framing: Framing) -> Self {
        let inner = OutboxState {
            queue: VecDeque::new(),
            bytes: 0,
            taken: 0,
            framing,
            moved: 0,
            is_behind: false,
            closed: false,
        };
        let [wake, read, behind] = std::array::from_fn(|_| Notify::new());
        Self { inner: Lock::new(inner), wake, read, behind, told: None }
    }

    /// From now on it is told when the client of this session is behind, and that it is given up.
    #[must_use]
    pub fn told_of(self, session: SessionId, recorder: Recorder) -> Self {
        Self { told: Some((recorder, session)), ..self }
    }

    fn lock(&self) -> MutexGuard<'_, OutboxState> {
        self.inner.lock()
    }

    fn record<F: Into<Fact>>(&self, fact: impl FnOnce(SessionId) -> F) {
        if let Some((recorder, session)) = &self.told {
            recorder.record(fact(*session));
        }
    }

    /// Queues a response or a question: it must arrive. Who makes them waits for [`Outbox::room`].
    pub fn push(&self, message: Payload) {
        self.put(FrameKind::Message, message, true);
    }

    /// Queues a message that says to the other end of a link more than its bytes do; `kind`: one that
    /// carries messages.
    pub fn push_as(&self, kind: FrameKind, message: Payload) {
        self.put(kind, message, true);
    }

    /// Queues a notification, unless the client has much to read.
    pub fn push_notification(&self, message: Payload) {
        self.put(FrameKind::Message, message, false);
    }

    fn put(&self, kind: FrameKind, message: Payload, must_arrive: bool) {
        let mut inner = self.lock();
        if inner.closed {
            return;
        }
        let waiting = inner.waiting();
        let fits = waiting == 0 || waiting + message.len() <= NOTIFICATIONS_UNTIL;
        let is_queued = (must_arrive || fits) && inner.takes(message.len());
        if is_queued {
            inner.put(kind, message);
        }
        let waiting = inner.waiting();
        let is_behind = waiting > BEHIND || !(is_queued || must_arrive);
        let is_news = is_behind && !std::mem::replace(&mut inner.is_behind, is_behind);
        drop(inner);
        self.wake.notify_one();
        if is_behind {
            self.behind.notify_one();
        }
        if is_news {
            self.record(|session| facts::ClientBehind { session, waiting });
        }
    }

    /// Whether a message of so many bytes can be sent at all.
    pub fn takes(&self, len: usize) -> bool {
        self.lock().takes(len)
    }

    /// Bytes that the client has not taken yet, as far as is known here.
    pub fn waiting(&self) -> usize {
        self.lock().waiting()
    }

    /// Completes when the client is not behind, or when nothing more is taken in.
    pub async fn room(&self) {
        self.until(|inner| inner.waiting() <= BEHIND).await;
    }

    /// Completes when the client may say something. What it has read counts even if it did not
    /// confirm that: its confirmations are among what it says. Only a bridge that never confirms
    /// anything is not heard any more.
    pub async fn not_full(&self) {
        self.until(|inner| inner.bytes <= FULL && inner.waiting() <= 3 * FULL).await;
    }

    /// Completes when not more is kept for the other end than it may leave unconfirmed.
    pub async fn not_too_full(&self) {
        self.until(|inner| inner.waiting() <= FULL).await;
    }

    async fn until(&self, is_so: impl Fn(&OutboxState) -> bool) {
        loop {
            let mut read = pin!(self.read.notified());
            read.as_mut().enable();
            {
                let inner = self.lock();
                if inner.closed || is_so(&inner) {
                    return;
                }
            }
            read.await;
        }
    }

    /// Completes when the client was behind for `patience` and took no byte.
    pub async fn given_up(&self, patience: Duration) {
        let (mut silent, mut last) = (Duration::ZERO, self.lock().moved);
        while silent < patience {
            if self.waiting() <= BEHIND {
                self.behind.notified().await;
                silent = Duration::ZERO;
                continue;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            let moved = self.lock().moved;
            silent = if moved == last { silent + LOOK_EVERY } else { Duration::ZERO };
            last = moved;
        }
        let waiting = self.waiting();
        self.record(|session| facts::ClientGivenUp { session, waiting, silent });
    }

    /// Queues a frame without a message.
    pub fn signal(&self, kind: FrameKind) {
        let mut inner = self.lock();
        if let Framing::Link { endpoint, connected: true } = &mut inner.framing
            && endpoint.reads(kind)
        {
            let frame = endpoint.signal(kind);
            inner.enqueue(0, frame);
        }
        drop(inner);
        self.wake.notify_one();
    }

    /// Takes in a frame of the other end; `Err` if the connection must be dropped. What kind of
    /// frame carried a message is all that says more about it than its bytes.
    pub fn receive(&self, frame: Frame) -> Result<Option<(FrameKind, bytes::Bytes)>, Gap> {
        let mut inner = self.lock();
        let Framing::Link { endpoint, .. } = &mut inner.framing else { return Ok(None) };
        let kept = endpoint.kept_bytes();
        let received = endpoint.receive(frame);
        let is_confirmed = endpoint.kept_bytes() < kept;
        inner.catch_up();
        drop(inner);
        if is_confirmed {
            self.read.notify_waiters();
        }
        match received {
            Received::Message(kind, bytes) => Ok(Some((kind, bytes))),
            Received::Nothing => Ok(None),
            Received::Gap { expected, got } => Err(Gap { expected, got }),
        }
    }

    /// Says what was received if that has been owed for long.
    pub fn confirm_if_owed(&self) {
        let owes = match &self.lock().framing {
            Framing::Link { endpoint, .. } => endpoint.owes_confirmation(),
            Framing::Lines | Framing::Events => false,
        };
        if owes {
            self.signal(FrameKind::Seen);
        }
    }

    /// A connection is there, to an end that reads frames up to the kind with number `kinds`: what
    /// it has not seen is queued again, behind `first`, which is given what we have seen. Returns
    /// how many messages are sent again.
    pub fn connect(
        &self,
        seen_by_other: u64,
        kinds: u8,
        first: impl FnOnce(u64) -> Option<Payload>,
    ) -> usize {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let Framing::Link { endpoint, connected } = &mut inner.framing else { return 0 };
        *connected = true;
        endpoint.meet(kinds);
        let welcome = first(endpoint.seen());
        let again = endpoint.resume(seen_by_other);
        inner.queue.clear();
        inner.bytes = 0;
        let count = again.len();
        for (number, frame) in welcome.map(|frame| (0, frame)).into_iter().chain(again) {
            inner.enqueue(number, frame);
        }
        inner.catch_up();
        self.wake.notify_one();
        self.read.notify_waiters();
        count
    }

    /// The other end knows nothing of this link any more: both count from 1, and what was sent
    /// without being confirmed is forgotten.
    pub fn start_over(&self) {
        let mut inner = self.lock();
        if let Framing::Link { endpoint, .. } = &mut inner.framing {
            *endpoint = Endpoint::default();
        }
        inner.taken = 0;
    }

    /// The connection is gone; what the other end has not confirmed is kept. Returns the highest
    /// number of which any byte may have been written.
    pub fn disconnect(&self) -> u64 {
        let mut inner = self.lock();
        if let Framing::Link { connected, .. } = &mut inner.framing {
            *connected = false;
        }
        inner.queue.clear();
        inner.bytes = 0;
        self.read.notify_waiters();
        inner.taken
    }

    /// The highest number received in order from the other end.
    pub fn seen(&self) -> u64 {
        match &self.lock().framing {
            Framing::Link { endpoint, .. } => endpoint.seen(),
            Framing::Lines | Framing::Events => 0,
        }
    }

    /// Lets the writer end once everything is written.
    pub fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
        self.read.notify_waiters();
    }

    /// The next piece that is to be sent, when there is one; `None` once everything was and the
    /// outbox is closed.
    pub async fn next(&self) -> Option<Payload> {
        loop {
            {
                let mut inner = self.lock();
                if let Some((_, payload)) = inner.queue.pop_front() {
                    inner.took(payload.len());
                    drop(inner);
                    self.read.notify_waiters();
                    return Some(payload);
                }
                if inner.closed {
                    return None;
                }
            }
            self.wake.notified().await;
        }
    }

    /// Writes what is queued until the outbox is closed or writing fails.
    pub async fn write_to(&self, out: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        let mut batch = Vec::new();
        loop {
            {
                let mut inner = self.lock();
                inner.take(&mut batch);
                if batch.is_empty() && inner.closed {
                    return Ok(());
                }
            }
            if batch.is_empty() {
                self.wake.notified().await;
                continue;
            }
            let mut slices = Vec::with_capacity(2 * batch.len());
            for message in &batch {
                Payload::slices(message, &mut slices);
            }
            let mut rest = slices.as_mut_slice();
            while !rest.is_empty() {
                let count = write::some(out, rest).await?;
                self.lock().took(count);
                self.read.notify_waiters();
                IoSlice::advance_slices(&mut rest, count);
            }
            out.flush().await?;
            drop(slices);
            batch.clear();
        }
    }
}

impl OutboxState {
    /// What the client has not taken. Over a link it is what its bridge has not confirmed.
    fn waiting(&self) -> usize {
        match &self.framing {
            Framing::Link { endpoint, .. } => endpoint.kept_bytes(),
            Framing::Lines | Framing::Events => self.bytes,
        }
    }

    fn takes(&self, len: usize) -> bool {
        len <= LINE_MIN || !matches!(self.framing, Framing::Link { .. })
    }

    /// The client took so many bytes.
    fn took(&mut self, count: usize) {
        self.bytes = self.bytes.saturating_sub(count);
        self.moved += count as u64;
        self.catch_up();
    }

    fn catch_up(&mut self) {
        if self.is_behind && self.waiting() <= CAUGHT_UP {
            self.is_behind = false;
        }
    }

    fn put(&mut self, kind: FrameKind, message: Payload) {
        match &mut self.framing {
            Framing::Lines => {
                self.enqueue(0, message.on_one_line());
                self.enqueue(0, bytes::Bytes::from_static(b"\n").into());
            }
            Framing::Events => self.enqueue(0, sse::event(None, message)),
            Framing::Link { endpoint, connected } => {
                let frame = endpoint.send(kind, message);
                if *connected {
                    let number = endpoint.sent();
                    self.enqueue(number, frame);
                }
            }
        }
    }

    fn enqueue(&mut self, number: u64, payload: Payload) {
        self.bytes += payload.len();
        self.queue.push_back((number, payload));
    }

    fn take(&mut self, batch: &mut Vec<Payload>) {
        let (mut slices, mut bytes) = (0, 0);
        while let Some((_, next)) = self.queue.front() {
            slices += next.parts().len();
            bytes += next.len();
            if (slices > write::SLICES_MAX || bytes > WRITE_MAX) && !batch.is_empty() {
                return;
            }
            if let Some((number, payload)) = self.queue.pop_front() {
                self.taken = self.taken.max(number);
                batch.push(payload);
            }
        }
    }
}

#[cfg(test)]
mod tests;
