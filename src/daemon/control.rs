//! The one loop in which the running world changes.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::estate::Estate;
use super::{stop, systemd};
use crate::base::Tasks;
use crate::config::Config;
use crate::front::listen::{self, Listener};
use crate::front::{Front, http, stdio};
use crate::mux::{Hub, World};
use crate::process::units::Units;
use crate::servers::driver;
use crate::servers::running::Start;
use crate::telemetry::{Fact, Recorder};

/// What to run.
#[derive(Debug)]
pub struct Options {
    pub config: Config,
    /// The files the config was read from.
    pub files: Vec<PathBuf>,
    /// What was wrong with the config, if it was refused and `config` stands in for it.
    pub complaint: Option<String>,
    pub serve: Serve,
    pub recorder: Recorder,
}

/// How clients come in.
#[derive(Debug)]
pub enum Serve {
    /// Over these sockets, which are ours.
    Bound(Vec<Listener>),
    /// Over these sockets, which are systemd's, with what it kept for us.
    Inherited { listeners: Vec<Listener>, stored: Vec<(String, OwnedFd)> },
    /// One client on stdin and stdout; its end is ours.
    Stdio,
}

/// Everything that lives as long as the daemon.
pub(super) struct Daemon {
    pub(super) front: Arc<Front>,
    /// The servers' tasks.
    pub(super) servers: Tasks,
    /// The accept loops and the connections.
    pub(super) connections: Tasks,
    pub(super) recorder: Recorder,
    pub(super) world: watch::Sender<Arc<World>>,
    changed: Arc<Notify>,
    complaint: Option<String>,
    last_status: String,
    pub(super) units: Option<Units>,
    /// Told when the servers are left to the next process of ours.
    pub(super) leaving: CancellationToken,
}

/// What the loop was woken by.
enum Event {
    /// A server's state, or the number of sessions.
    Changed,
    Watchdog,
    Signal(Told),
    ClientLeft,
}

/// Runs until told to stop by a signal or, on stdio, by the client's leaving.
pub async fn run(options: Options) -> io::Result<()> {
    let mut signals = Signals::install()?;
    let Options { config, files, complaint, serve, recorder } = options;
    recorder.record(Fact::DaemonStarted {
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
    });
    match &complaint {
        None => recorder.record(Fact::ConfigLoaded { files, servers: config.servers.len() }),
        Some(complaint) => recorder.record(Fact::ConfigRefused { complaint: complaint.clone() }),
    }
    let (serve, estate) = Estate::of(serve, &config, &recorder).await;
    let mut daemon = Daemon::build(config, complaint, recorder, estate);
    let mut client_left = daemon.open(serve);
    tokio::task::yield_now().await;
    let servers = daemon.world.borrow().servers.len();
    daemon.recorder.record(Fact::DaemonReady { servers });
    daemon.last_status = daemon.status();
    systemd::ready(&daemon.last_status);
    daemon.turn(&mut signals, &mut client_left).await;
    stop::stop(daemon, &mut signals).await;
    Ok(())
}

impl Daemon {
    fn build(
        config: Config,
        complaint: Option<String>,
        recorder: Recorder,
        mut estate: Estate,
    ) -> Self {
        let leaving = CancellationToken::new();
        let (servers, changed) = (Tasks::new(), Arc::new(Notify::new()));
        let enabled = config.servers.iter().filter(|(_, server)| server.enabled);
        let started: BTreeMap<_, _> = enabled
            .map(|(name, server)| {
                let start = Start {
                    server: name.clone(),
                    config: server.clone(),
                    recorder: recorder.clone(),
                    units: estate.units.clone(),
                    leaving: leaving.clone(),
                };
                let found = estate.servers.remove(name.as_str());
                (name.clone(), driver::start(start, found, &servers, changed.clone()))
            })
            .collect();
        let (world, receiver) =
            watch::channel(Arc::new(World::new(Arc::new(config), started, complaint.clone())));
        let hub = Hub::new(receiver, recorder.clone(), estate.pending);
        let front = Front::new(hub, changed.clone(), estate.link_table);
        front.links.take_up(&front, estate.links);
        let connections = Tasks::new();
        Self {
            front,
            servers,
            connections,
            recorder,
            world,
            changed,
            complaint,
            last_status: String::new(),
            units: estate.units,
            leaving,
        }
    }

    /// Opens the ways in. The receiver fires when the one client of stdio has left.
    fn open(&self, serve: Serve) -> oneshot::Receiver<()> {
        let (left, client_left) = oneshot::channel();
        match serve {
            Serve::Stdio => {
                let front = self.front.clone();
                let stop = self.connections.clone();
                self.connections.spawn("stdio", async move {
                    stdio::serve(&front, &stop).await;
                    _ = left.send(());
                });
            }
            Serve::Inherited { listeners, .. } => self.listen(listeners, true, left),
            Serve::Bound(listeners) => self.listen(listeners, false, left),
        }
        client_left
    }

    fn listen(&self, listeners: Vec<Listener>, inherited: bool, left: oneshot::Sender<()>) {
        let router = http::router(self.front.clone());
        for listener in listeners {
            self.recorder.record(Fact::Listening { address: listener.address(), inherited });
            let tasks = self.connections.clone();
            let accept = listen::accept(listener, self.front.clone(), router.clone(), tasks);
            self.connections.spawn("accept", accept);
        }
        // Nobody's leaving ends a daemon.
        self.connections.spawn_until_stopped("open", async move {
            std::future::pending::<()>().await;
            drop(left);
        });
    }

    async fn turn(&mut self, signals: &mut Signals, client_left: &mut oneshot::Receiver<()>) {
        let mut watchdog = systemd::watchdog_interval().map(tokio::time::interval);
        loop {
            let event = tokio::select! {
                () = self.changed.notified() => Event::Changed,
                () = tick(watchdog.as_mut()) => Event::Watchdog,
                signal = signals.next() => Event::Signal(signal),
                _ = &mut *client_left => Event::ClientLeft,
            };
            match event {
                Event::Changed => self.refresh(),
                Event::Watchdog => systemd::alive(),
                Event::Signal(Told::Reload) => tracing::warn!(
                    "SIGHUP: the config is read only at the start; restart to apply changes"
                ),
                Event::Signal(Told::Stop) | Event::ClientLeft => return,
            }
            self.tell_status();
        }
    }

    /// Looks at the servers again and lets the fronts see what changed.
    fn refresh(&self) {
        let old = self.world.borrow().clone();
        let new = old.refreshed();
        if new.tools_version != old.tools_version {
            self.recorder.record(Fact::ToolsChanged { tools: new.catalog.len() });
        }
        if new.tools_version != old.tools_version || new.unsettled != old.unsettled {
            self.world.send_replace(Arc::new(new));
        }
    }

    fn tell_status(&mut self) {
        let status = self.status();
        if status != self.last_status {
            systemd::status(&status);
            self.last_status = status;
        }
    }

    /// The line for `systemctl status`.
    fn status(&self) -> String {
        let world = self.world.borrow();
        let ready = world.servers.values().filter(|server| server.status().live.is_some()).count();
        let sessions = self.front.sessions.len() + self.front.links.len();
        let (servers, tools) = (world.servers.len(), world.catalog.len());
        let counts =
            format!("{ready} of {servers} servers ready, {tools} tools, {sessions} sessions");
        match &self.complaint {
            Some(complaint) => format!("config refused: {complaint}; {counts}"),
            None => counts,
        }
    }
}

async fn tick(interval: Option<&mut tokio::time::Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// What a signal tells us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
}

/// The signals we take.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
        }
    }

    /// The next signal that tells us to stop.
    pub(super) async fn stop(&mut self) {
        while self.next().await != Told::Stop {}
    }
}
