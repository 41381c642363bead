//! Moving bytes between the client, the machine and the link.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::mpsc;

use super::action::BridgeAction;
use super::dial::{self, Opened, Target};
use super::end_signals::EndSignals;
use super::machine::{ENDED, Machine};
use super::memory::Memory;
use crate::activation::{BroughtUp, Need, Revival, SpawnArgs};
use crate::base::random::Jitter;
use crate::base::{Backoff, SessionId, Tasks, stdio};
use crate::outbox::{BEHIND, FULL, Outbox, SILENT_MAX};
use crate::wire::lines::{LINE_MIN, Lines};
use crate::wire::link::Hello;
use crate::wire::link::frame::{Frame, FrameKind, FrameReader};

/// 10 ms, 20 ms, … 1 s: a daemon that restarts is back within a few tries.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), 2, Duration::from_secs(1), 50);
/// How long answers may still take after the client closed our input.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The same for what is told to a daemon after a signal: clients send the next one soon.
const SIGNALLED_WORDS: Duration = Duration::from_secs(1);
/// A client that leaves much unread is given up when it has taken no byte for so long: nobody is
/// there any more. It is longer than what the daemon grants, which so writes down why.
const PATIENCE: Duration = Duration::from_secs(SILENT_MAX.as_secs() + 120);

/// What to bridge.
#[derive(Debug, Clone)]
pub struct Options {
    pub target: Target,
    /// The directory the client works in.
    pub cwd: PathBuf,
    /// How long a call may wait for a daemon.
    pub patience: Duration,
    /// Who starts one that is away.
    pub spawn: SpawnArgs,
}

/// What woke the bridge.
enum Woken {
    Client(bytes::Bytes),
    ClientLeft,
    Opened(Opened),
    Frame(Frame),
    LinkLost,
    /// The daemon, or whoever is in its place, is not to be used, for this reason.
    Refused(String),
    Alarm,
    /// Somebody has read: more may be taken in.
    Room,
}

/// What the client says.
struct ClientInput<R> {
    from: R,
    lines: Lines,
    has_ended: bool,
}

/// What the daemon says on the open connection.
struct Incoming {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    frames: FrameReader,
}

/// Runs on stdin and stdout until the client is gone.
pub async fn run(options: Options) -> io::Result<()> {
    let mut signals = EndSignals::install()?;
    let (input, output) = stdio::open();
    let (mut bridge, mut queue) = Bridge::new(options, Memory::open(), output);
    bridge.dial(Duration::ZERO);
    let mut input = ClientInput::new(input);
    let (ended, patience) = tokio::select! {
        ended = bridge.turn(&mut input, &mut queue) => (ended, LAST_WORDS),
        // Nobody waits for what is open: the daemon takes it back when it hears that we leave.
        () = signals.next() => (Ok(()), SIGNALLED_WORDS),
    };
    tokio::select! {
        () = bridge.leave(patience) => {}
        () = signals.next() => {}
    }
    ended
}

/// A bridge for a client within this process, with its first connection to a daemon.
pub struct Joined {
    bridge: Bridge,
    queue: mpsc::Receiver<Woken>,
}

/// Connects to the daemon, once, for a client of this process that reads its lines at the other end
/// of `output`. Nothing is remembered beyond this process.
///
/// # Errors
/// Nobody answers at the target, or whoever does is not to be used.
pub async fn join(
    options: Options,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> io::Result<Joined> {
    let (mut bridge, queue) = Bridge::new(options, Memory::none(), output);
    bridge.has_dialled = true;
    let opened = dial::dial(&bridge.target, &bridge.hello).await?;
    bridge.handle(Woken::Opened(opened));
    Ok(Joined { bridge, queue })
}

impl Joined {
    /// Passes on what the client writes to the other end of `input` until it `has_done`, and what the
    /// daemon says. Then the daemon hears that the session is over.
    pub async fn run(
        self,
        input: impl AsyncRead + Unpin,
        has_done: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let Self { mut bridge, mut queue } = self;
        let mut input = ClientInput::new(input);
        let ended = tokio::select! {
            ended = bridge.turn(&mut input, &mut queue) => ended,
            () = has_done => Ok(()),
        };
        bridge.leave(SIGNALLED_WORDS).await;
        ended
    }
}

struct Bridge {
    machine: Machine,
    client: Arc<Outbox>,
    link: Arc<Outbox>,
    hello: Hello,
    target: Target,
    events: mpsc::Sender<Woken>,
    /// The tasks of the open connection.
    connection: Option<Tasks>,
    incoming: Option<Incoming>,
    tasks: Tasks,
    has_dialled: bool,
    spawn: SpawnArgs,
    /// Whether the client needs a daemon.
    need: Need,
    /// An operator of the daemon wants the session to be over.
    is_ended: bool,
}

impl Bridge {
    /// Writes to `output` what the client is to read. Not connected yet.
    fn new(
        options: Options,
        memory: Memory,
        mut output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> (Self, mpsc::Receiver<Woken>) {
        let tasks = Tasks::new();
        let (events, queue) = mpsc::channel(64);
        let client = Arc::new(Outbox::lines());
        let to_client = client.clone();
        let gone = events.clone();
        tasks.spawn("client writer", async move {
            if to_client.write_to(&mut output).await.is_err() {
                drop(gone.send(Woken::ClientLeft).await);
            }
        });
        let hello = Hello {
            link: SessionId::random().to_string(),
            epoch: 1,
            seen: 0,
            // The path itself, whatever its characters: it travels as JSON, not as a header.
            cwd: options.cwd.to_string_lossy().into_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kinds: FrameKind::NEWEST as u8,
        };
        let bridge = Self {
            machine: Machine::new(memory, options.patience),
            client,
            link: Arc::new(Outbox::link()),
            hello,
            target: options.target,
            events,
            connection: None,
            incoming: None,
            tasks,
            has_dialled: false,
            spawn: options.spawn,
            need: Need::new(),
            is_ended: false,
        };
        (bridge, queue)
    }

    /// Until the client is gone; `Err` if it is given up.
    ///
    /// What a client does not read is not taken from the daemon, and what the daemon does not read is
    /// not taken from the client: so neither fills our memory, and both notice.
    async fn turn(
        &mut self,
        input: &mut ClientInput<impl AsyncRead + Unpin>,
        queue: &mut mpsc::Receiver<Woken>,
    ) -> io::Result<()> {
        let mut leaving: Option<Instant> = None;
        let (client, link) = (self.client.clone(), self.link.clone());
        let mut given_up = pin!(client.given_up(PATIENCE));
        loop {
            let alarm = self.machine.next_alarm().into_iter().chain(leaving).min();
            let (unread, unsent) = (client.waiting(), link.waiting());
            let hears_daemon = unread <= BEHIND;
            let hears_client =
                unread <= FULL && unsent <= FULL && self.machine.held_bytes() <= FULL;
            let event = tokio::select! {
                Some(event) = queue.recv() => event,
                event = said(&mut self.incoming), if hears_daemon => event,
                event = input.next(), if hears_client && !input.has_ended => event,
                () = client.room(), if !hears_daemon => Woken::Room,
                () = link.not_too_full(), if unsent > FULL => Woken::Room,
                () = sleep_until(alarm) => Woken::Alarm,
                () = &mut given_up => {
                    return Err(given_up_on(client.waiting()));
                }
            };
            match event {
                Woken::ClientLeft if leaving.is_some() => return Ok(()),
                // A client that closes our input may still read: `printf … | callmux bridge`.
                Woken::ClientLeft => leaving = Some(Instant::now() + LAST_WORDS),
                event => self.handle(event),
            }
            if self.is_ended {
                return Err(io::Error::other(ENDED));
            }
            if leaving.is_some_and(|until| self.machine.is_idle() || Instant::now() >= until) {
                return Ok(());
            }
        }
    }

    fn handle(&mut self, event: Woken) {
        let now = Instant::now();
        let actions = match event {
            Woken::Client(line) => {
                self.need.set(true);
                self.machine.take_from_client(&line, now)
            }
            Woken::Alarm => self.machine.alarm(now),
            Woken::Opened(opened) => self.opened(opened, now),
            Woken::Frame(frame) => self.frame(frame),
            Woken::LinkLost => {
                self.lost();
                Vec::new()
            }
            Woken::Refused(why) => {
                self.machine.is_refused(why);
                Vec::new()
            }
            Woken::ClientLeft | Woken::Room => Vec::new(),
        };
        self.perform(actions);
    }

    fn perform(&self, actions: Vec<BridgeAction>) {
        for action in actions {
            match action {
                BridgeAction::ToClient(payload) => self.client.push(payload),
                BridgeAction::ToDaemon(payload) => self.link.push(payload),
                BridgeAction::Again(payload) => self.link.push_as(FrameKind::Again, payload),
            }
        }
    }

    fn opened(&mut self, opened: Opened, now: Instant) -> Vec<BridgeAction> {
        let Opened { reader, mut writer, frames, welcome } = opened;
        if !welcome.resumed {
            self.link.start_over();
        }
        self.link.connect(welcome.seen, welcome.kinds, |_| None);
        let tasks = Tasks::new();
        let link = self.link.clone();
        // If it fails, what the daemon said before is still to be read, and then its end.
        tasks.spawn_until_stopped("link writer", async move {
            drop(link.write_to(&mut writer).await);
        });
        self.connection = Some(tasks);
        self.incoming = Some(Incoming { reader, frames });
        self.need.set(true);
        if welcome.resumed {
            self.machine.resumed()
        } else {
            self.machine.connected_anew(&welcome, now)
        }
    }

    fn frame(&mut self, frame: Frame) -> Vec<BridgeAction> {
        match frame.kind {
            FrameKind::Draining => self.machine.daemon_drains(),
            FrameKind::Goodbye => {
                self.need.set(!self.machine.is_idle());
                self.machine.daemon_leaves(frame.seen);
            }
            FrameKind::Ended => {
                self.is_ended = true;
                return self.machine.session_ended(Instant::now());
            }
            FrameKind::Message
            | FrameKind::Lost
            | FrameKind::Again
            | FrameKind::Seen
            | FrameKind::Hello
            | FrameKind::Welcome => {}
        }
        let received = self.link.receive(frame);
        self.link.confirm_if_owed();
        match received {
            Ok(Some((kind, message))) => self.machine.take_from_daemon(kind, &message),
            Ok(None) => Vec::new(),
            Err(error) => {
                let error = error.to_string();
                tracing::warn!(error, "the daemon broke the numbering of the link; starting over");
                // Another epoch makes the daemon forget what it kept.
                self.hello.epoch += 1;
                self.lost();
                Vec::new()
            }
        }
    }

    /// The connection is gone; the next one is already being dialled.
    fn lost(&mut self) {
        self.incoming = None;
        if let Some(tasks) = self.connection.take() {
            tasks.stop();
            let written = self.link.disconnect();
            self.machine.disconnected(written);
            self.dial(Duration::ZERO);
        }
    }

    /// Dials until it succeeds.
    fn dial(&mut self, first_wait: Duration) {
        self.hello.seen = self.link.seen();
        let (target, hello, events) =
            (self.target.clone(), self.hello.clone(), self.events.clone());
        let is_new = !std::mem::replace(&mut self.has_dialled, true);
        let mut revival = Revival::new(target.path(), self.spawn, self.need.clone(), is_new);
        self.tasks.spawn_until_stopped("dial", async move {
            let (mut backoff, mut random) = (BACKOFF, Jitter::from_kernel());
            tokio::time::sleep(first_wait).await;
            let mut told = String::new();
            loop {
                match dial::dial(&target, &hello).await {
                    Ok(opened) => return drop(events.send(Woken::Opened(opened)).await),
                    Err(error) => {
                        let why = error.to_string();
                        if dial::is_refusal(&error) && why != told {
                            tracing::error!(%error, %target, "the daemon is not used");
                            drop(events.send(Woken::Refused(why.clone())).await);
                            told = why;
                        }
                        tracing::debug!(%error, %target, "the daemon could not be reached");
                        match revival.attempt().await {
                            Ok(BroughtUp::Daemon) => continue,
                            Err(error) if error.to_string() != told => {
                                told = error.to_string();
                                tracing::warn!("{told}");
                                drop(events.send(Woken::Refused(told.clone())).await);
                            }
                            Ok(BroughtUp::Nobody) | Err(_) => {}
                        }
                    }
                }
                tokio::time::sleep(backoff.next(random.next())).await;
            }
        });
    }

    /// Writes what is left, and tells the daemon that the client is done.
    async fn leave(mut self, patience: Duration) {
        self.link.signal(FrameKind::Goodbye);
        self.link.close();
        self.client.close();
        if let Some(connection) = &self.connection {
            connection.drained(patience).await;
            // The daemon closes the connection once it has read that.
            let read = async { while let Woken::Frame(_) = said(&mut self.incoming).await {} };
            drop(tokio::time::timeout(patience, read).await);
        }
        self.tasks.close(patience).await;
    }
}

fn given_up_on(unread: usize) -> io::Error {
    let minutes = PATIENCE.as_secs() / 60;
    io::Error::other(format!(
        "the client has read nothing for {minutes} minutes, and {unread} bytes wait for it; the session ends"
    ))
}

async fn sleep_until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) => tokio::time::sleep_until(alarm.into()).await,
        None => std::future::pending().await,
    }
}

impl<R: AsyncRead + Unpin> ClientInput<R> {
    fn new(from: R) -> Self {
        Self { from, lines: Lines::new(LINE_MIN), has_ended: false }
    }

    /// Its next message, or that there will be none. Nothing is lost if this is dropped.
    async fn next(&mut self) -> Woken {
        loop {
            match self.lines.next() {
                Ok(Some(line)) => return Woken::Client(line),
                Ok(None) => {}
                Err(too_long) => {
                    tracing::error!(%too_long, "the client's input cannot be read any further");
                    break;
                }
            }
            match self.from.read_buf(self.lines.room()).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.has_ended = true;
        Woken::ClientLeft
    }
}

/// What is said next on the connection, if there is one. Nothing is lost if this is dropped.
async fn said(incoming: &mut Option<Incoming>) -> Woken {
    let Some(Incoming { reader, frames }) = incoming else { return std::future::pending().await };
    loop {
        match frames.next() {
            Ok(Some(frame)) => return Woken::Frame(frame),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "the daemon sent what is no frame");
                return Woken::LinkLost;
            }
        }
        match reader.read_buf(frames.room()).await {
            Ok(0) | Err(_) => return Woken::LinkLost,
            Ok(_) => {}
        }
    }
}
