//! Streams of server-sent events, and their resumption.
//!
//! A legacy session numbers its streams, and each stream its events; an event's id is
//! `stream-event`. A client that lost its connection names the last id it saw in `Last-Event-ID`
//! and gets the rest of that stream (2025-11-25, "Resumability and Redelivery"). A modern stream
//! has no ids and ends with its connection.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::oneshot;

use crate::wire::{Payload, sse};

/// What is kept of a stream for a reader that is behind or comes back: events and bytes. A stream
/// that goes over is cut off at its oldest end.
const KEPT_EVENTS: usize = 1024;
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Streams of one session that nobody reads and that may still be resumed.
const UNREAD_MAX: usize = 8;

/// One stream.
#[derive(Debug)]
pub struct Stream {
    /// `None`: its events have no ids, and what was read is gone.
    number: Option<u64>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Events not yet read, or kept for resumption, oldest first.
    events: VecDeque<(u64, Payload)>,
    bytes: usize,
    last: u64,
    /// No more events will come.
    ended: bool,
    /// Counts the readers: only the newest one reads.
    turn: u64,
    waker: Option<Waker>,
    /// The stream was read to its end, or will not be read again.
    done: bool,
    /// Who waits for that.
    done_waker: Option<Waker>,
}

impl Stream {
    fn new(number: Option<u64>) -> Arc<Self> {
        Arc::new(Self { number, inner: Mutex::default() })
    }

    /// A stream that ends with its connection.
    pub fn fleeting() -> Arc<Self> {
        Self::new(None)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic happens under this lock")
    }

    /// Adds a message.
    pub fn push(&self, message: Payload) {
        self.add(|id| sse::event(id, message));
    }

    /// Adds the event that tells the client from where to resume; nothing on a stream without ids.
    pub fn prime(&self) {
        if self.number.is_some() {
            self.add(|id| sse::priming(id.unwrap_or_default()));
        }
    }

    /// Adds a comment, which nobody needs later.
    pub fn keep_alive(&self) {
        let mut inner = self.lock();
        if inner.events.is_empty() {
            let last = inner.last;
            inner.add(last, Payload::from(Bytes::from_static(sse::KEEP_ALIVE)));
        }
    }

    fn add(&self, event: impl FnOnce(Option<&str>) -> Payload) {
        let mut inner = self.lock();
        if inner.ended {
            return;
        }
        inner.last += 1;
        let last = inner.last;
        let id = self.number.map(|number| format!("{number}-{last}"));
        inner.add(last, event(id.as_deref()));
    }

    /// Nothing more will come: the reader is let go after the last event.
    pub fn end(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        inner.wake();
    }

    /// A new reader, from behind event `after` on. The one before it is let go.
    fn read(self: &Arc<Self>, after: u64) -> Reader {
        let mut inner = self.lock();
        inner.turn += 1;
        let turn = inner.turn;
        inner.wake();
        drop(inner);
        Reader { stream: self.clone(), turn, after, on_drop: None }
    }

    /// The body that sends this stream from its first event on.
    pub fn body(self: &Arc<Self>) -> Reader {
        self.read(0)
    }

    fn is_read(&self) -> bool {
        self.lock().waker.is_some()
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

impl Inner {
    fn finish(&mut self) {
        self.done = true;
        if let Some(waker) = self.done_waker.take() {
            waker.wake();
        }
    }

    fn add(&mut self, number: u64, event: Payload) {
        self.bytes += event.len();
        self.events.push_back((number, event));
        while self.events.len() > KEPT_EVENTS || (self.bytes > KEPT_BYTES && self.events.len() > 1)
        {
            self.drop_oldest();
        }
        self.wake();
    }

    fn drop_oldest(&mut self) {
        if let Some((_, event)) = self.events.pop_front() {
            self.bytes -= event.len();
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
        let at = inner.events.partition_point(|(number, _)| *number <= self.after);
        if let Some((number, event)) = inner.events.get(at) {
            let (number, event) = (*number, event.clone());
            self.after = number;
            if stream.number.is_none() {
                inner.drop_oldest();
            }
            return Poll::Ready(Some(Ok(Frame::data(event.into_bytes()))));
        }
        if inner.ended {
            inner.finish();
            return Poll::Ready(None);
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The streams of a legacy session.
#[derive(Debug, Default)]
pub struct Streams {
    inner: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    by_number: HashMap<u64, Arc<Stream>>,
    /// The one that the client opened with GET.
    standing: Option<Arc<Stream>>,
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.inner.lock().expect("no panic happens under this lock")
    }

    /// A stream for one response.
    pub fn open(&self) -> Arc<Stream> {
        self.lock().open()
    }

    /// The stream for what belongs to no response. One that was there before ends.
    pub fn open_standing(&self) -> Arc<Stream> {
        let mut table = self.lock();
        let stream = table.open();
        if let Some(old) = table.standing.replace(stream.clone()) {
            table.forget(&old);
            old.end();
        }
        stream
    }

    /// The rest of the stream behind the event with this id; `None` if it is not kept.
    pub fn resume(&self, last_event_id: &str) -> Option<(Arc<Stream>, Reader)> {
        let (number, event) = last_event_id.split_once('-')?;
        let (number, event): (u64, u64) = (number.parse().ok()?, event.parse().ok()?);
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

impl Table {
    fn open(&mut self) -> Arc<Stream> {
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
        self.last += 1;
        let stream = Stream::new(Some(self.last));
        self.by_number.insert(self.last, stream.clone());
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
mod tests {
    use super::{KEPT_EVENTS, Reader, Stream, Streams, UNREAD_MAX};
    use crate::wire::Payload;
    use http_body_util::BodyExt;

    fn message(text: &str) -> Payload {
        Payload::from(text.to_owned())
    }

    async fn next(reader: &mut Reader) -> Option<String> {
        let frame = reader.frame().await?.unwrap().into_data().unwrap();
        Some(String::from_utf8(frame.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_broken_stream_is_taken_up_where_it_broke() {
        let streams = Streams::default();
        let stream = streams.open();
        stream.prime();
        stream.push(message("a"));
        let mut reader = stream.body();
        assert_eq!(next(&mut reader).await.unwrap(), "id: 1-1\ndata:\n\n");
        assert_eq!(next(&mut reader).await.unwrap(), "id: 1-2\nevent: message\ndata: a\n\n");
        drop(reader);
        stream.push(message("b"));
        stream.push(message("c"));
        stream.end();
        let (_, mut reader) = streams.resume("1-2").unwrap();
        assert_eq!(next(&mut reader).await.unwrap(), "id: 1-3\nevent: message\ndata: b\n\n");
        let (_, mut again) = streams.resume("1-3").unwrap();
        assert_eq!(next(&mut reader).await, None, "another reader took over");
        assert_eq!(next(&mut again).await.unwrap(), "id: 1-4\nevent: message\ndata: c\n\n");
        assert_eq!(next(&mut again).await, None);
        for unknown in ["2-1", "1", "x-y", "", "1-2-3", "-1-1"] {
            assert!(streams.resume(unknown).is_none(), "{unknown}");
        }
        streams.forget(&stream);
        assert!(streams.resume("1-2").is_none());
    }

    #[tokio::test]
    async fn a_fleeting_stream_keeps_nothing_that_was_read() {
        let stream = Stream::fleeting();
        stream.prime();
        stream.push(message("a"));
        let mut reader = stream.body();
        assert_eq!(next(&mut reader).await.unwrap(), "event: message\ndata: a\n\n");
        assert_eq!(stream.lock().bytes, 0);
        let mut gone = reader.when_gone();
        assert!(gone.try_recv().is_err());
        drop(reader);
        assert!(gone.await.is_err(), "the sender went with the body");
    }

    #[test]
    fn streams_and_events_are_bounded() {
        let streams = Streams::default();
        let first = streams.open();
        for n in 0..2 * KEPT_EVENTS {
            first.push(message(&n.to_string()));
        }
        assert_eq!(first.lock().events.len(), KEPT_EVENTS);
        for _ in 0..3 * UNREAD_MAX {
            streams.open();
        }
        assert_eq!(streams.lock().by_number.len(), UNREAD_MAX);
        let standing = streams.open_standing();
        streams.open_standing();
        assert!(standing.lock().ended);
    }
}
