//! Moving bytes between the client, the machine and the link.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

use super::dial::{self, Opened, Target};
use super::machine::{Action, Machine};
use super::memory::Memory;
use super::revival::Revival;
use crate::base::random::Jitter;
use crate::base::{Backoff, SessionId, Tasks, stdio};
use crate::front::http::LINE_MIN;
use crate::front::outbox::Outbox;
use crate::wire::lines::Lines;
use crate::wire::link::Hello;
use crate::wire::link::frame::{Frame, FrameReader, Kind};

/// 10 ms, 20 ms, … 1 s: a daemon that restarts is back within a few tries.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), 2, Duration::from_secs(1), 50);
/// How long answers may still take after the client closed our input.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What to bridge.
#[derive(Debug)]
pub struct Options {
    pub target: Target,
    /// The directory the client works in.
    pub cwd: PathBuf,
    /// How long a call may wait for a daemon.
    pub patience: Duration,
}

/// What woke the bridge.
enum Event {
    Client(bytes::Bytes),
    ClientLeft,
    Opened(Opened),
    Frame(Frame),
    LinkLost,
    Alarm,
}

/// Runs until the client is gone.
pub async fn run(options: Options) -> io::Result<()> {
    let (input, mut output) = stdio::open();
    let tasks = Tasks::new();
    let (events, mut queue) = mpsc::channel(64);
    tasks.spawn_until_stopped("client reader", read_client(input, events.clone()));
    let client = Arc::new(Outbox::lines());
    let to_client = client.clone();
    let gone = events.clone();
    tasks.spawn("client writer", async move {
        if to_client.write_to(&mut output).await.is_err() {
            drop(gone.send(Event::ClientLeft).await);
        }
    });
    let hello = Hello {
        link: SessionId::random().to_string(),
        epoch: 1,
        seen: 0,
        // The path itself, whatever its characters: it travels as JSON, not as a header.
        cwd: options.cwd.to_string_lossy().into_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kinds: Kind::NEWEST as u8,
    };
    let link = Arc::new(Outbox::link());
    let machine = Machine::new(Memory::open(), options.patience);
    let mut bridge = Bridge {
        machine,
        client,
        link,
        hello,
        target: options.target,
        events,
        connection: None,
        tasks,
        has_dialled: false,
    };
    bridge.dial(Duration::ZERO);
    bridge.turn(&mut queue).await;
    bridge.leave().await;
    Ok(())
}

struct Bridge {
    machine: Machine,
    client: Arc<Outbox>,
    link: Arc<Outbox>,
    hello: Hello,
    target: Target,
    events: mpsc::Sender<Event>,
    /// The tasks of the open connection.
    connection: Option<Tasks>,
    tasks: Tasks,
    has_dialled: bool,
}

impl Bridge {
    async fn turn(&mut self, queue: &mut mpsc::Receiver<Event>) {
        let mut leaving: Option<Instant> = None;
        loop {
            let alarm = self.machine.next_alarm().into_iter().chain(leaving).min();
            let event = tokio::select! {
                biased;
                Some(event) = queue.recv() => event,
                () = sleep_until(alarm) => Event::Alarm,
            };
            match event {
                Event::ClientLeft if leaving.is_some() => return,
                // A client that closes our input may still read: `printf … | callmux bridge`.
                Event::ClientLeft => leaving = Some(Instant::now() + LAST_WORDS),
                event => self.handle(event),
            }
            if leaving.is_some_and(|until| self.machine.is_idle() || Instant::now() >= until) {
                return;
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let now = Instant::now();
        let actions = match event {
            Event::Client(line) => self.machine.take_from_client(&line, now),
            Event::Alarm => self.machine.alarm(now),
            Event::Opened(opened) => self.opened(opened, now),
            Event::Frame(frame) => self.frame(frame),
            Event::LinkLost => {
                self.lost();
                Vec::new()
            }
            Event::ClientLeft => Vec::new(),
        };
        self.perform(actions);
    }

    fn perform(&self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::ToClient(payload) => self.client.push(payload),
                Action::ToDaemon(payload) => self.link.push(payload),
                Action::Again(payload) => self.link.push_as(Kind::Again, payload),
            }
        }
    }

    fn opened(&mut self, opened: Opened, now: Instant) -> Vec<Action> {
        let Opened { reader, mut writer, frames, welcome } = opened;
        if !welcome.resumed {
            self.link.start_over();
        }
        self.link.connect(welcome.seen, welcome.kinds, |_| None);
        let tasks = Tasks::new();
        tasks.spawn_until_stopped("link reader", read_link(reader, frames, self.events.clone()));
        let (link, lost) = (self.link.clone(), self.events.clone());
        tasks.spawn_until_stopped("link writer", async move {
            drop(link.write_to(&mut writer).await);
            drop(lost.send(Event::LinkLost).await);
        });
        self.connection = Some(tasks);
        if welcome.resumed {
            self.machine.resumed()
        } else {
            self.machine.connected_anew(&welcome, now)
        }
    }

    fn frame(&mut self, frame: Frame) -> Vec<Action> {
        match frame.kind {
            Kind::Draining => self.machine.daemon_drains(),
            Kind::Goodbye => self.machine.daemon_leaves(frame.seen),
            Kind::Message | Kind::Lost | Kind::Again | Kind::Seen | Kind::Hello | Kind::Welcome => {
            }
        }
        let received = self.link.receive(frame);
        self.link.confirm_if_owed();
        match received {
            Ok(Some((kind, message))) => self.machine.take_from_daemon(kind, &message),
            Ok(None) => Vec::new(),
            Err(error) => {
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
        let mut revival = Revival::new(!std::mem::replace(&mut self.has_dialled, true));
        self.tasks.spawn_until_stopped("dial", async move {
            let (mut backoff, mut random) = (BACKOFF, Jitter::from_kernel());
            tokio::time::sleep(first_wait).await;
            loop {
                match dial::dial(&target, &hello).await {
                    Ok(opened) => return drop(events.send(Event::Opened(opened)).await),
                    Err(error) => {
                        tracing::debug!(%error, %target, "the daemon could not be reached");
                        revival.attempt(&target).await;
                    }
                }
                tokio::time::sleep(backoff.next(random.next())).await;
            }
        });
    }

    /// Writes what is left, and tells the daemon that the client is done.
    async fn leave(self) {
        self.link.signal(Kind::Goodbye);
        self.link.close();
        self.client.close();
        if let Some(connection) = &self.connection {
            connection.drained(LAST_WORDS).await;
        }
        self.tasks.close(LAST_WORDS).await;
    }
}

async fn sleep_until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) => tokio::time::sleep_until(alarm.into()).await,
        None => std::future::pending().await,
    }
}

async fn read_client(mut input: stdio::Input, events: mpsc::Sender<Event>) {
    let mut lines = Lines::new(LINE_MIN);
    loop {
        match input.read_buf(lines.room()).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        loop {
            match lines.next() {
                Ok(Some(line)) => {
                    if events.send(Event::Client(line)).await.is_err() {
                        return;
                    }
                }
                Ok(None) => break,
                Err(too_long) => {
                    tracing::error!(%too_long, "the client's input cannot be read any further");
                    return drop(events.send(Event::ClientLeft).await);
                }
            }
        }
    }
    drop(events.send(Event::ClientLeft).await);
}

async fn read_link(
    mut reader: Box<dyn AsyncRead + Send + Unpin>,
    mut frames: FrameReader,
    events: mpsc::Sender<Event>,
) {
    loop {
        match frames.next() {
            Ok(Some(frame)) => {
                if events.send(Event::Frame(frame)).await.is_err() {
                    return;
                }
                continue;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "the daemon sent what is no frame");
                break;
            }
        }
        match reader.read_buf(frames.room()).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    drop(events.send(Event::LinkLost).await);
}
