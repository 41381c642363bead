//! Messages on their way to a client that is spoken to over one stream of bytes: stdio, a link, or
//! a stream of events.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use tokio::io::AsyncWrite;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::base::write;
use crate::wire::link::frame::{Frame, Kind};
use crate::wire::link::{Endpoint, endpoint::Received};
use crate::wire::{Payload, sse};

/// Bytes that may wait for a client that does not read. Beyond, its session is given up.
const WAITING_MAX: usize = 64 * 1024 * 1024;
/// Beyond this many, notifications are dropped: they are worth nothing later.
const NOTIFICATIONS_UNTIL: usize = 1024 * 1024;

/// The queue. Any number of senders, one writer.
#[derive(Debug)]
pub struct Outbox {
    inner: Mutex<Inner>,
    wake: Notify,
    /// The client did not read for too long.
    overflow: CancellationToken,
}

#[derive(Debug)]
struct Inner {
    /// What waits, each with the number of the message it carries; 0 for anything else.
    queue: VecDeque<(u64, Payload)>,
    bytes: usize,
    /// The highest number that the writer has taken: it may be on its way.
    taken: u64,
    framing: Framing,
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
        Self::new(Framing::Link { endpoint: Endpoint::new(WAITING_MAX), connected: false })
    }

    fn new(framing: Framing) -> Self {
        let inner = Inner { queue: VecDeque::new(), bytes: 0, taken: 0, framing, closed: false };
        let (wake, overflow) = (Notify::new(), CancellationToken::new());
        Self { inner: Mutex::new(inner), wake, overflow }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic happens under this lock")
    }

    /// Queues a response or a question: it must arrive.
    pub fn push(&self, message: Payload) {
        self.put(Kind::Message, message, WAITING_MAX);
    }

    /// Queues a message that says to the other end of a link more than its bytes do; `kind`: one that
    /// carries messages.
    pub fn push_as(&self, kind: Kind, message: Payload) {
        self.put(kind, message, WAITING_MAX);
    }

    /// Queues a notification, unless the client is far behind.
    pub fn push_notification(&self, message: Payload) {
        self.put(Kind::Message, message, NOTIFICATIONS_UNTIL);
    }

    fn put(&self, kind: Kind, message: Payload, limit: usize) {
        let mut inner = self.lock();
        if inner.closed {
            return;
        }
        let fits = inner.bytes == 0 || inner.bytes + message.len() <= limit;
        let overflows = if fits { !inner.put(kind, message) } else { limit == WAITING_MAX };
        drop(inner);
        if overflows {
            self.overflow.cancel();
        }
        self.wake.notify_one();
    }

    /// Queues a frame without a message.
    pub fn signal(&self, kind: Kind) {
        let mut inner = self.lock();
        if let Framing::Link { endpoint, connected: true } = &mut inner.framing {
            let frame = endpoint.signal(kind);
            inner.enqueue(0, frame);
        }
        drop(inner);
        self.wake.notify_one();
    }

    /// Takes in a frame of the other end; `Err` if the connection must be dropped. What kind of
    /// frame carried a message is all that says more about it than its bytes.
    pub fn receive(&self, frame: Frame) -> Result<Option<(Kind, bytes::Bytes)>, String> {
        let mut inner = self.lock();
        let Framing::Link { endpoint, .. } = &mut inner.framing else { return Ok(None) };
        match endpoint.receive(frame) {
            Received::Message(kind, bytes) => Ok(Some((kind, bytes))),
            Received::Nothing => Ok(None),
            Received::Gap { expected, got } => {
                Err(format!("message {got} came where {expected} was due"))
            }
        }
    }

    /// Says what was received if that has been owed for long.
    pub fn confirm_if_owed(&self) {
        let owes = match &self.lock().framing {
            Framing::Link { endpoint, .. } => endpoint.owes_confirmation(),
            Framing::Lines | Framing::Events => false,
        };
        if owes {
            self.signal(Kind::Seen);
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
        self.wake.notify_one();
        count
    }

    /// The other end knows nothing of this link any more: both count from 1, and what was sent
    /// without being confirmed is forgotten.
    pub fn start_over(&self) {
        let mut inner = self.lock();
        if let Framing::Link { endpoint, .. } = &mut inner.framing {
            *endpoint = Endpoint::new(WAITING_MAX);
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
    }

    /// Completes when the client is too far behind.
    pub async fn overflowed(&self) {
        self.overflow.cancelled().await;
    }

    /// The next piece that is to be sent, when there is one; `None` once everything was and the
    /// outbox is closed.
    pub async fn next(&self) -> Option<Payload> {
        loop {
            {
                let mut inner = self.lock();
                if let Some((_, payload)) = inner.queue.pop_front() {
                    inner.bytes -= payload.len();
                    return Some(payload);
                }
                if inner.closed {
                    return None;
                }
            }
            self.wake.notified().await;
        }
    }

    /// Writes what is queued until the outbox is closed, the client is too far behind, or writing
    /// fails.
    pub async fn write_to(&self, out: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        let mut batch = Vec::new();
        loop {
            {
                let mut inner = self.lock();
                if self.overflow.is_cancelled() {
                    return Err(std::io::Error::other("the client does not read"));
                }
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
                message.slices(&mut slices);
            }
            write::all(out, &mut slices).await?;
            tokio::io::AsyncWriteExt::flush(out).await?;
            drop(slices);
            let written: usize = batch.drain(..).map(|message: Payload| message.len()).sum();
            let mut inner = self.lock();
            inner.bytes = inner.bytes.saturating_sub(written);
        }
    }
}

impl Inner {
    /// `false` if there is no room for the message.
    fn put(&mut self, kind: Kind, message: Payload) -> bool {
        match &mut self.framing {
            Framing::Lines => {
                self.enqueue(0, message.on_one_line());
                self.enqueue(0, bytes::Bytes::from_static(b"\n").into());
            }
            Framing::Events => self.enqueue(0, sse::event(None, message)),
            Framing::Link { endpoint, connected } => {
                match (endpoint.send(kind, message), *connected) {
                    (Ok(frame), true) => {
                        let number = endpoint.sent();
                        self.enqueue(number, frame);
                    }
                    (Ok(_), false) => {}
                    (Err(_), _) => return false,
                }
            }
        }
        true
    }

    fn enqueue(&mut self, number: u64, payload: Payload) {
        self.bytes += payload.len();
        self.queue.push_back((number, payload));
    }

    fn take(&mut self, batch: &mut Vec<Payload>) {
        let mut slices = 0;
        while let Some((_, next)) = self.queue.front() {
            slices += next.parts().len();
            if slices > write::SLICES_MAX && !batch.is_empty() {
                return;
            }
            if let Some((number, payload)) = self.queue.pop_front() {
                self.taken = self.taken.max(number);
                batch.push(payload);
            }
        }
    }
}
