//! The connections that are open: how many there may be, how long each may be silent, and which one
//! gives way to a new one.

use std::collections::HashMap;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use crate::base::{Lock, descriptors};

/// Connections at the same time, however many descriptors there may be.
const CONNECTIONS_MAX: usize = 8192;
/// Connections that there may be however few descriptors there are.
const CONNECTIONS_MIN: usize = 8;
/// Descriptors for what is neither a connection nor a server's: listeners, the journal, D-Bus, files.
const RESERVE: usize = 64;
/// Descriptors for each server: three pipes, its process, and the same once more for its successor.
const SERVER_RESERVE: usize = 8;
/// A head must be complete so long after its first byte.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// A connection on which nothing is asked is closed after so long. Most clients close theirs within
/// a minute and a half.
const IDLE_FOR: Duration = Duration::from_mins(5);
/// How much of a request that was refused is still read, and for how long, so that its client comes
/// to read the answer: a connection that is closed while it sends is reset, and what was on its way to
/// it is lost (RFC 9112, section 9.6).
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER_FOR: Duration = Duration::from_secs(2);
/// Reads of what is thrown away before others have their turn.
const READS_IN_A_ROW: usize = 16;

/// How many connections there may be beside so many servers.
pub fn most(servers: usize) -> usize {
    let reserve = RESERVE + SERVER_RESERVE * servers;
    descriptors::limit().saturating_sub(reserve).clamp(CONNECTIONS_MIN, CONNECTIONS_MAX)
}

/// All of them, by their numbers.
#[derive(Debug, Default)]
pub struct Connections(Lock<OpenConnections>);

#[derive(Debug, Default)]
struct OpenConnections {
    last: u64,
    open: HashMap<u64, Arc<Activity>>,
}

/// A connection's place among those that are open, for as long as it holds its descriptor.
#[derive(Debug)]
pub struct ConnectionPlace {
    connections: Arc<Connections>,
    number: u64,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.0.lock()
    }

    /// A place for a new connection. With `max` open, the one that has been idle for longest is told
    /// to close, those first that never asked anything, and the answer says so; `None` if none is
    /// idle.
    pub fn enter(self: &Arc<Self>, max: usize) -> Option<(ConnectionPlace, Arc<Activity>, bool)> {
        let mut table = self.lock();
        let is_full = table.open.len() >= max;
        if is_full {
            let idle = |(number, activity): (&u64, &Arc<Activity>)| {
                let state = activity.lock();
                Some((state.has_asked, state.idle_since()?, *number))
            };
            let (.., oldest) = table.open.iter().filter_map(idle).min()?;
            table.open.remove(&oldest).inspect(|activity| activity.close());
        }
        table.last += 1;
        let number = table.last;
        let activity = Arc::new(Activity::new());
        table.open.insert(number, activity.clone());
        Some((ConnectionPlace { connections: self.clone(), number }, activity, is_full))
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().open.len()
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.number);
    }
}

/// What a connection is at.
#[derive(Debug)]
pub struct Activity {
    state: Lock<ActivityState>,
    closing: Notify,
}

#[derive(Debug)]
struct ActivityState {
    /// Requests that are not answered to the end.
    running: usize,
    /// A request has come on it before.
    has_asked: bool,
    /// Since when none is; later if something of an answer was still sent.
    quiet_since: Instant,
    /// When the first byte of a request came whose head is not complete.
    head_since: Option<Instant>,
    /// It is a link's now, which has rules of its own.
    is_link: bool,
    /// The body of a request was not read to its end.
    has_unread: bool,
}

impl ActivityState {
    /// Since when nothing is asked; `None` while something is.
    fn idle_since(&self) -> Option<Instant> {
        (self.running == 0 && !self.is_link).then_some(self.quiet_since)
    }

    /// When the connection is closed if nothing changes.
    fn deadline(&self) -> Option<Instant> {
        let idle = self.idle_since()? + IDLE_FOR;
        Some(self.head_since.map_or(idle, |since| idle.min(since + HEAD_WITHIN)))
    }
}

impl Activity {
    fn new() -> Self {
        let state = ActivityState {
            running: 0,
            has_asked: false,
            quiet_since: Instant::now(),
            head_since: None,
            is_link: false,
            has_unread: false,
        };
        Self { state: Lock::new(state), closing: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, ActivityState> {
        self.state.lock()
    }

    /// A request has come; it runs until the value is dropped.
    pub fn begin(self: &Arc<Self>) -> Running {
        let mut state = self.lock();
        state.running += 1;
        state.has_asked = true;
        state.head_since = None;
        drop(state);
        Running(self.clone())
    }

    /// From now on it is a link's.
    pub fn becomes_link(&self) {
        self.lock().is_link = true;
    }

    /// A request was answered although more of its body was to come.
    pub fn leaves_unread(&self) {
        self.lock().has_unread = true;
    }

    /// Ends the connection as it is.
    pub fn close(&self) {
        self.closing.notify_one();
    }

    /// Runs the connection to its end; `None` if it was to be closed before, or nothing came on it
    /// for too long.
    pub async fn until_silent<T>(&self, connection: impl Future<Output = T>) -> Option<T> {
        let mut connection = pin!(connection);
        let mut closing = pin!(self.closing.notified());
        let mut alarm = pin!(tokio::time::sleep(IDLE_FOR));
        std::future::poll_fn(|cx| {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(Some(ended));
            }
            if closing.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            // Only what rings earlier is set anew: requests that follow each other set nothing.
            if let Some(deadline) = self.lock().deadline().filter(|at| *at < alarm.deadline()) {
                alarm.as_mut().reset(deadline);
            }
            while alarm.as_mut().poll(cx).is_ready() {
                let now = Instant::now();
                match self.lock().deadline() {
                    Some(deadline) if deadline <= now => return Poll::Ready(None),
                    Some(deadline) => alarm.as_mut().reset(deadline),
                    None => alarm.as_mut().reset(now + IDLE_FOR),
                }
            }
            Poll::Pending
        })
        .await
    }

    fn has_read(&self) {
        let mut state = self.lock();
        if state.running == 0 && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
        }
    }

    fn has_written(&self) {
        let mut state = self.lock();
        if state.running == 0 {
            state.quiet_since = Instant::now();
        }
    }

    /// Whether the client may still be sending what nobody wants.
    fn is_sent_to(&self) -> bool {
        let state = self.lock();
        !state.is_link && (state.has_unread || state.head_since.is_some())
    }
}

/// A request that is not answered to the end.
#[derive(Debug)]
pub struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running -= 1;
        state.quiet_since = Instant::now();
    }
}

/// A connection's stream, which notes what happens on it and holds its place.
#[derive(Debug)]
pub struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    linger: Option<Linger>,
    _place: ConnectionPlace,
}

/// Our sending half is closed; what still comes is thrown away.
#[derive(Debug)]
struct Linger {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl<S> Watched<S> {
    pub fn new(stream: S, activity: Arc<Activity>, place: ConnectionPlace) -> Self {
        Self { stream, activity, linger: None, _place: place }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.activity.has_read();
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write(cx, bytes));
        this.activity.has_written();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write_vectored(cx, parts));
        this.activity.has_written();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if !this.activity.is_sent_to() {
                return Poll::Ready(Ok(()));
            }
            let until = Box::pin(tokio::time::sleep(LINGER_FOR));
            this.linger = Some(Linger { until, left: LINGER_BYTES });
        }
        match &mut this.linger {
            Some(linger) => linger.poll(&mut this.stream, cx).map(Ok),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl Linger {
    /// Reads until the client has closed its half, or enough was read.
    fn poll(&mut self, stream: &mut (impl AsyncRead + Unpin), cx: &mut Context<'_>) -> Poll<()> {
        if self.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut thrown_away = [0_u8; 16 * 1024];
        for _ in 0..READS_IN_A_ROW {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            let is_over = ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer)).is_err();
            let read = buffer.filled().len();
            self.left = self.left.saturating_sub(read);
            if is_over || read == 0 || self.left == 0 {
                return Poll::Ready(());
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
