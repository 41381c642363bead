//! Streams of server-sent events, and their resumption.
//!
//! A legacy session numbers its streams, and each stream its events; an event's id is
//! `stream-event`, with an `s` before that of the standing stream. A client that lost its connection names the last id it saw in `Last-Event-ID`
//! and gets the rest of that stream (2025-11-25, "Resumability and Redelivery"), of an earlier process of
//! ours, too, if the call was noted for this one. A modern stream has no ids and ends with its connection.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::oneshot;

use crate::base::{Lock, random};
use crate::handover::call::Monotonic;
use crate::wire::{Payload, sse};

/// What is kept of a stream for a reader that is behind or comes back: events and bytes. A stream
/// that goes over loses what was sent first, then notifications, then its oldest end.
const KEPT_EVENTS: usize = 1024;
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Streams of one session that nobody reads and that may still be resumed.
const UNREAD_MAX: usize = 8;
/// The turn of a reader of an earlier process of ours, who may come back.
const EARLIER: u64 = 0;

/// One stream.
#[derive(Debug)]
pub struct Stream {
    /// `None`: its events have no ids, and what was read is gone.
    number: Option<u64>,
    /// It belongs to no response.
    is_standing: bool,
    inner: Lock<StreamState>,
}

#[derive(Debug, Default)]
struct StreamState {
    /// Events not yet read, or kept for resumption, oldest first.
    events: VecDeque<StreamEvent>,
    bytes: usize,
    last: u64,
    /// The last one that was given to a reader.
    sent: u64,
    to_come: ToCome,
    /// Counts the readers: only the newest one reads.
    turn: u64,
    waker: Option<Waker>,
    /// The newest reader, while its connection is there, whether it takes anything or not.
    read_by: Option<u64>,
    /// A comment is to be sent if there is nothing else.
    is_comment_due: bool,
    /// The stream was read to its end, or will not be read again.
    done: bool,
    /// Who waits for that.
    done_waker: Option<Waker>,
}

/// What a reader that has everything may wait for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum ToCome {
    #[default]
    Events,
    /// The next process of ours sends the rest.
    Elsewhere,
    Nothing,
}

#[derive(Debug)]
struct StreamEvent {
    number: u64,
    payload: Payload,
    /// A notification: nobody waits for it.
    may_be_left_out: bool,
}

impl Stream {
    fn new(number: Option<u64>, is_standing: bool) -> Arc<Self> {
        Arc::new(Self { number, is_standing, inner: Lock::default() })
    }

    /// A stream that ends with its connection.
    pub fn fleeting() -> Arc<Self> {
        Self::new(None, false)
    }

    fn lock(&self) -> MutexGuard<'_, StreamState> {
        self.inner.lock()
    }

    /// Adds a message that must arrive.
    pub fn push(&self, message: Payload) {
        self.add(false, |id| sse::event(id, message));
    }

    /// Adds a message that may be left out for a reader that is behind.
    pub fn push_notification(&self, message: Payload) {
        self.add(true, |id| sse::event(id, message));
    }

    /// Adds the event that tells the client from where to resume; nothing on a stream without ids.
    pub fn prime(&self) {
        if self.number.is_some() {
            self.add(true, |id| sse::priming(id.unwrap_or_default()));
        }
    }

    /// Adds a comment, which nobody needs later.
    pub fn keep_alive(&self) {
        let mut inner = self.lock();
        // A reader that is not waiting has something to send.
        inner.is_comment_due = inner.waker.is_some();
        inner.wake();
    }

    fn add(&self, may_be_left_out: bool, event: impl FnOnce(Option<&str>) -> Payload) {
        let mut inner = self.lock();
        if inner.to_come == ToCome::Nothing {
            return;
        }
        inner.last += 1;
        let last = inner.last;
        let mark = if self.is_standing { STANDING } else { "" };
        let id = self.number.map(|number| format!("{mark}{number}-{last}"));
        let payload = event(id.as_deref());
        inner.add(StreamEvent { number: last, payload, may_be_left_out });
    }

    /// Nothing more will come: the reader is let go after the last event.
    pub fn end(&self) {
        let mut inner = self.lock();
        inner.to_come = ToCome::Nothing;
        inner.wake();
    }

    /// A new reader, from behind event `after` on. The one before it is let go.
    fn read(self: &Arc<Self>, after: u64) -> Reader {
        let mut inner = self.lock();
        inner.turn += 1;
        let turn = inner.turn;
        inner.read_by = Some(turn);
        inner.wake();
        drop(inner);
        Reader { stream: self.clone(), turn, after, on_drop: None }
    }

    /// The body that sends this stream from its first event on.
    pub fn body(self: &Arc<Self>) -> Reader {
        self.read(0)
    }

    /// Its reader is let go: the next process of ours goes on.
    fn leave(&self) {
        let mut inner = self.lock();
        if inner.to_come == ToCome::Events {
            inner.to_come = ToCome::Elsewhere;
        }
        inner.wake();
    }

    /// The reader of an earlier process of ours did not come back in time. From now on the stream is one
    /// that nobody reads.
    pub fn give_up_waiting(&self) {
        let mut inner = self.lock();
        inner.read_by = inner.read_by.filter(|turn| *turn != EARLIER);
    }

    fn is_read(&self) -> bool {
        self.lock().read_by.is_some()
    }

    /// Completes when a reader has taken the last event of an ended stream, or when nobody will.
    pub async fn delivered(&self) {
        std::future::poll_fn(|cx| {
            let mut inner = self.lock();
            if inner.done {
                return Poll::Ready(());
            }
            inner.done_waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Nobody will read the stream any more.
    fn abandon(&self) {
        self.lock().finish();
    }
}

impl StreamState {
    fn finish(&mut self) {
        self.done = true;
        if let Some(waker) = self.done_waker.take() {
            waker.wake();
        }
    }

    fn add(&mut self, event: StreamEvent) {
        self.bytes += event.payload.len();
        self.events.push_back(event);
        while self.events.len() > KEPT_EVENTS || (self.bytes > KEPT_BYTES && self.events.len() > 1)
        {
            let can_go = |event: &StreamEvent| event.number <= self.sent || event.may_be_left_out;
            let at = self.events.iter().position(can_go);
            self.drop_event(at.unwrap_or(0));
        }
        self.wake();
    }

    fn drop_event(&mut self, at: usize) {
        if let Some(event) = self.events.remove(at) {
            self.bytes -= event.payload.len();
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A response body that sends a stream.
#[derive(Debug)]
pub struct Reader {
    stream: Arc<Stream>,
    turn: u64,
    /// The last event that was sent.
    after: u64,
    /// Fires when the client is gone: the body is dropped.
    on_drop: Option<oneshot::Sender<()>>,
}

impl Reader {
    /// The receiver completes when the connection is gone or the stream was sent to its end.
    pub fn when_gone(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.on_drop = Some(sender);
        receiver
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut inner = self.stream.lock();
        if inner.turn == self.turn {
            inner.waker = None;
            inner.read_by = None;
        }
    }
}

impl Body for Reader {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let stream = self.stream.clone();
        let mut inner = stream.lock();
        if inner.turn != self.turn {
            return Poll::Ready(None);
        }
        let at = inner.events.partition_point(|event| event.number <= self.after);
        if let Some(event) = inner.events.get(at) {
            let (number, payload) = (event.number, event.payload.clone());
            self.after = number;
            inner.sent = inner.sent.max(number);
            inner.is_comment_due = false;
            if stream.number.is_none() {
                inner.drop_event(0);
            }
            return Poll::Ready(Some(Ok(Frame::data(payload.into_bytes()))));
        }
        match inner.to_come {
            ToCome::Events => {}
            ToCome::Elsewhere => return Poll::Ready(None),
            ToCome::Nothing => {
                inner.finish();
                return Poll::Ready(None);
            }
        }
        if std::mem::take(&mut inner.is_comment_due) {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(sse::KEEP_ALIVE)))));
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The streams of a legacy session.
#[derive(Debug, Default)]
pub struct Streams {
    inner: Lock<StreamTable>,
}

#[derive(Debug, Default)]
struct StreamTable {
    last: u64,
    by_number: HashMap<u64, Arc<Stream>>,
    /// The one that the client opened with GET.
    standing: Option<Arc<Stream>>,
}

impl Streams {
    /// Streams of an earlier process of ours must not be taken for one of these: the numbers begin
    /// where none of theirs can be.
    pub fn new() -> Self {
        let last = u64::from_ne_bytes(random::bytes()) >> 16;
        Self { inner: Lock::new(StreamTable { last, ..StreamTable::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, StreamTable> {
        self.inner.lock()
    }

    /// A number for the stream of a response, which may come to have none.
    pub fn number(&self) -> u64 {
        self.lock().number()
    }

    /// The stream of a response, with a number of its own or the one given.
    pub fn open(&self, number: Option<u64>) -> Arc<Stream> {
        self.lock().open(number, false)
    }

    /// The stream of a response that an earlier process of ours began under this number. Its events have
    /// higher numbers than any before.
    pub fn take_up(&self, number: u64) -> Arc<Stream> {
        let stream = Stream::new(Some(number), false);
        {
            let mut inner = stream.lock();
            (inner.last, inner.read_by) = (Monotonic::now().nanos(), Some(EARLIER));
        }
        self.lock().by_number.insert(number, stream.clone());
        stream
    }

    /// Lets go all readers, once they have what there is.
    pub fn leave(&self) {
        self.lock().by_number.values().for_each(|stream| stream.leave());
    }

    /// The stream for what belongs to no response. One that was there before ends.
    pub fn open_standing(&self) -> Arc<Stream> {
        let mut table = self.lock();
        let stream = table.open(None, true);
        if let Some(old) = table.standing.replace(stream.clone()) {
            table.forget(&old);
            old.end();
        }
        stream
    }

    /// The rest of the stream behind the event with this id; `None` if it is not kept.
    pub fn resume(&self, last_event_id: &str) -> Option<(Arc<Stream>, Reader)> {
        let (number, event) = position(last_event_id)?;
        let stream = self.lock().by_number.get(&number)?.clone();
        let reader = stream.read(event);
        Some((stream, reader))
    }

    /// Whether this is the stream that belongs to no response.
    pub fn is_standing(&self, stream: &Arc<Stream>) -> bool {
        self.lock().standing.as_ref().is_some_and(|standing| Arc::ptr_eq(standing, stream))
    }

    /// The stream was sent to its end, or will not be resumed.
    pub fn forget(&self, stream: &Arc<Stream>) {
        self.lock().forget(stream);
    }

    /// Whether any stream has a reader.
    pub fn is_read(&self) -> bool {
        self.lock().by_number.values().any(|stream| stream.is_read())
    }

    /// Ends every stream.
    pub fn close(&self) {
        let mut table = self.lock();
        table.standing = None;
        for (_, stream) in table.by_number.drain() {
            stream.end();
            stream.abandon();
        }
    }
}

/// What marks the ids of standing streams.
const STANDING: &str = "s";

/// The numbers of stream and event that an id names.
fn position(event_id: &str) -> Option<(u64, u64)> {
    let (number, event) = event_id.strip_prefix(STANDING).unwrap_or(event_id).split_once('-')?;
    Some((number.parse().ok()?, event.parse().ok()?))
}

/// Whether this is the id of an event of a response's stream, as we or an earlier process of ours
/// wrote it.
pub fn is_of_response(event_id: &str) -> bool {
    !event_id.starts_with(STANDING) && position(event_id).is_some()
}

impl StreamTable {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn open(&mut self, number: Option<u64>, is_standing: bool) -> Arc<Stream> {
        let unread: Vec<u64> = self
            .by_number
            .iter()
            .filter(|(_, stream)| !stream.is_read())
            .map(|(number, _)| *number)
            .collect();
        if unread.len() >= UNREAD_MAX {
            let oldest = unread.iter().min().and_then(|oldest| self.by_number.remove(oldest));
            oldest.inspect(|stream| stream.abandon());
        }
        let number = number.unwrap_or_else(|| self.number());
        let stream = Stream::new(Some(number), is_standing);
        self.by_number.insert(number, stream.clone());
        stream
    }

    fn forget(&mut self, stream: &Arc<Stream>) {
        if let Some(number) = stream.number {
            self.by_number.remove(&number);
            stream.abandon();
        }
    }
}

#[cfg(test)]
mod tests;
