//! The one loop in which the running world changes.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::program::{LOOK_EVERY, Program};
use super::reload::{self, UnderWay};
use super::schedule::Schedule;
use super::settings::{Settings, StandIn};
use super::takeover::{Tables, Takeover};
use super::watch::Watch;
use super::{stop, systemd};
use crate::admin::desk::Answer;
use crate::admin::{self, Desk, Question};
use crate::base::{ServerName, Tasks, dirs, memory};
use crate::config::Reading;
use crate::connection::Board;
use crate::front::listen::{self, Listener};
use crate::front::stdio::GivenUp;
use crate::front::{Front, http, stdio, wants};
use crate::meta::own_tools;
use crate::mux::{Hub, World};
use crate::process::units::Units;
use crate::results::{self, Results};
use crate::servers::control::Control;
use crate::servers::running::LeftServer;
use crate::settings::{Caps, Complaint, Config, Plan};
use crate::telemetry::{Fact, Recorder};
use crate::wire::Topic;

/// What to run.
#[derive(Debug)]
pub struct Options {
    pub settings: Settings,
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
    /// Our hold on each server of the world.
    pub(super) controls: BTreeMap<ServerName, Control>,
    /// The sockets are systemd's.
    is_inherited: bool,
    program: Option<Program>,
    pub(super) units: Option<Units>,
    /// Servers that an earlier process of ours left, until they are started here.
    pub(super) left: BTreeMap<String, LeftServer>,
    /// Told when the servers are left to the next process of ours.
    pub(super) leaving: CancellationToken,
    pub(super) changed: Arc<Notify>,
    pub(super) settings: Settings,
    /// Missing where the config comes from no file.
    pub(super) watch: Option<Watch>,
    /// Why changes may go unnoticed, as it was told.
    pub(super) unwatched: Option<String>,
    pub(super) schedule: Schedule,
    /// systemd waits to hear that the config was read.
    pub(super) reload_was_asked: bool,
    /// Operators who wait for the same.
    pub(super) waiting: Vec<Answer<Result<Plan, Vec<Complaint>>>>,
    /// What is being read now.
    pub(super) reading: Option<UnderWay>,
    /// Those who are told what came of it.
    pub(super) attending: Vec<Answer<Result<Plan, Vec<Complaint>>>>,
    /// The config at the start.
    pub(super) began_with: Arc<Config>,
    pub(super) started: Instant,
    pub(super) last_status: String,
}

/// What the loop was woken by.
enum Event {
    /// A server's state, or the number of sessions.
    Changed,
    /// A list of tools was kept back for long enough.
    Announce,
    /// Something happened where the config is.
    Touched,
    /// What is watched may be something else.
    Watching,
    /// It is time to read the config.
    Reload,
    /// It was read.
    Read(Option<Box<Reading>>),
    Asked(Question),
    /// Nobody may have needed us for so long that we end.
    Idle,
    /// Our program may have been replaced.
    Look,
    Watchdog,
    Signal(Told),
    ClientLeft(Result<(), GivenUp>),
}

/// Runs until told to stop by a signal or, on stdio, by the client's leaving.
pub async fn run(options: Options) -> io::Result<Ended> {
    let mut signals = Signals::install()?;
    let Options { settings, serve, recorder } = options;
    recorder.record(Fact::DaemonStarted {
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
    });
    let (serve, takeover) = Takeover::of(serve, settings.in_force(), &recorder).await;
    let mut daemon = Daemon::build(settings, recorder, takeover);
    daemon.tell_config();
    daemon.watch_config();
    let (desk, mut questions) = Desk::open();
    let mut client_left = daemon.open(serve, desk);
    tokio::task::yield_now().await;
    let servers = daemon.world.borrow().servers.len();
    daemon.recorder.record(Fact::DaemonReady { servers });
    daemon.last_status = daemon.status();
    systemd::ready(&daemon.last_status);
    let ended = daemon.turn(&mut signals, &mut questions, &mut client_left).await;
    // Whoever still waits for an answer is told that there will be none.
    drop(questions);
    daemon.waiting.clear();
    daemon.attending.clear();
    stop::stop(daemon, ended, &mut signals).await;
    Ok(ended)
}

/// Where results that are too large for their clients go. Those of an inline server are its client's
/// alone and end with it.
fn open_results(settings: &Settings) -> Results {
    let Caps { entries, entry_bytes, total_bytes } = settings.in_force().results;
    let dir = settings.location().and_then(|_| dirs::state());
    let caps = results::store::Caps {
        entries,
        entry_bytes: entry_bytes as u64,
        total_bytes: total_bytes as u64,
        owner_bytes: total_bytes as u64,
    };
    Results::open(dir.map(|dir| dir.join("results")), caps)
}

/// Why the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Stopped,
    /// It is to be started anew.
    Again,
    /// The one client of stdio did not read.
    GivenUp(GivenUp),
}

impl Daemon {
    fn build(settings: Settings, recorder: Recorder, takeover: Takeover) -> Self {
        let config = settings.in_force().clone();
        let world =
            World::new(config.clone(), BTreeMap::new(), own_tools(&config), settings.complaint());
        let (world, receiver) = watch::channel(Arc::new(world));
        let changed = Arc::new(Notify::new());
        let hub = Hub::new(
            receiver,
            recorder.clone(),
            takeover.tables.calls,
            Board::default(),
            open_results(&settings),
        );
        let Tables { links, sessions, wants, .. } = takeover.tables;
        let front = Front::new(hub, changed.clone(), links, (sessions, wants));
        let mut daemon = Self {
            front,
            servers: Tasks::new(),
            connections: Tasks::new(),
            recorder,
            world,
            controls: BTreeMap::new(),
            changed,
            watch: settings.location().map(|_| Watch::new()),
            unwatched: None,
            settings,
            schedule: Schedule::new(Instant::now()),
            reload_was_asked: false,
            waiting: Vec::new(),
            reading: None,
            attending: Vec::new(),
            began_with: config.clone(),
            started: Instant::now(),
            last_status: String::new(),
            is_inherited: takeover.is_inherited,
            program: Program::current(),
            units: takeover.units,
            left: takeover.servers,
            leaving: CancellationToken::new(),
        };
        let mut servers = BTreeMap::new();
        for (name, _) in config.servers.iter().filter(|(_, server)| server.enabled) {
            daemon.start(name, &config, &mut servers, None, true);
        }
        let world =
            World::new(config.clone(), servers, own_tools(&config), daemon.settings.complaint());
        daemon.world.send_replace(Arc::new(world));
        daemon.front.take_up(takeover.links);
        daemon.front.sessions.restore(takeover.sessions);
        wants::resume(&daemon.front, takeover.wants);
        daemon
    }

    /// Says which config is in force, and what is wrong with the one that should be.
    fn tell_config(&self) {
        let files = self.settings.files().to_vec();
        let servers = self.settings.in_force().servers.len();
        let Some(complaint) = self.settings.complaint() else {
            self.recorder.record(Fact::ConfigLoaded { files, servers });
            return;
        };
        self.recorder.record(Fact::ConfigRefused { complaint });
        if self.settings.stand_in() == Some(StandIn::LastGood) {
            self.recorder.record(Fact::LastGoodConfigUsed { files, servers });
        }
    }

    /// Opens the ways in. The receiver fires when the one client of stdio has left.
    fn open(&self, serve: Serve, desk: Desk) -> oneshot::Receiver<Result<(), GivenUp>> {
        let (left, client_left) = oneshot::channel();
        let hub = self.front.hub.clone();
        self.connections.spawn_until_stopped("pulse", async move { hub.pulse.run().await });
        self.connections.spawn_until_stopped("memory", memory::give_back_regularly());
        match serve {
            Serve::Stdio => {
                let front = self.front.clone();
                let stop = self.connections.clone();
                self.connections.spawn("stdio", async move {
                    _ = left.send(stdio::serve(&front, &stop).await);
                });
            }
            Serve::Inherited { listeners, .. } => self.listen(listeners, true, desk, left),
            Serve::Bound(listeners) => self.listen(listeners, false, desk, left),
        }
        client_left
    }

    fn listen(
        &self,
        listeners: Vec<Listener>,
        inherited: bool,
        desk: Desk,
        left: oneshot::Sender<Result<(), GivenUp>>,
    ) {
        let router = http::router(self.front.clone());
        // Operators come over a unix socket, which only its owner and root can open.
        let inner = router.clone().merge(admin::http::router(desk));
        for listener in listeners {
            self.recorder.record(Fact::Listening { address: listener.address(), inherited });
            let tasks = self.connections.clone();
            let router = match listener {
                Listener::Unix(_) => inner.clone(),
                Listener::Tcp(_) => router.clone(),
            };
            let accept = listen::accept(listener, self.front.clone(), router, tasks);
            self.connections.spawn("accept", accept);
        }
        // Nobody's leaving ends a daemon.
        self.connections.spawn_until_stopped("open", async move {
            std::future::pending::<()>().await;
            drop(left);
        });
    }

    async fn turn(
        &mut self,
        signals: &mut Signals,
        questions: &mut mpsc::Receiver<Question>,
        client_left: &mut oneshot::Receiver<Result<(), GivenUp>>,
    ) -> Ended {
        let mut look_at = Instant::now() + LOOK_EVERY;
        let mut watchdog = systemd::watchdog_interval().map(tokio::time::interval);
        loop {
            let announce = self.world.borrow().alarm();
            let watched = self.watch.as_ref().is_none_or(Watch::is_sure);
            let late = self.reading.as_ref().map(UnderWay::late_at);
            let reload = self.schedule.due(watched).map(|at| late.map_or(at, |late| at.max(late)));
            let idle = self.idle_alarm();
            let look = self.program.as_ref().filter(|_| self.may_restart()).map(|_| look_at);
            let event = tokio::select! {
                () = self.changed.notified() => Event::Changed,
                () = touched(self.watch.as_ref()) => Event::Touched,
                () = settled(self.watch.as_ref()) => Event::Watching,
                () = until(announce) => Event::Announce,
                () = until(reload) => Event::Reload,
                reading = reload::read(self.reading.as_mut()) => Event::Read(reading),
                Some(question) = questions.recv() => Event::Asked(question),
                () = until(idle) => Event::Idle,
                () = until(look) => Event::Look,
                () = tick(watchdog.as_mut()) => Event::Watchdog,
                signal = signals.next() => Event::Signal(signal),
                left = &mut *client_left => Event::ClientLeft(left.unwrap_or(Ok(()))),
            };
            match event {
                Event::Changed | Event::Announce => self.refresh().await,
                Event::Touched => self.schedule.touched(Instant::now()),
                Event::Watching => self.tell_unwatched(),
                Event::Reload => self.read(),
                Event::Read(reading) => self.reload(reading).await,
                Event::Asked(question) => self.answer(question),
                Event::Idle if self.is_idle() => {
                    self.recorder.record(Fact::DaemonIdle);
                    return Ended::Stopped;
                }
                Event::Look if self.program.as_ref().is_some_and(Program::was_replaced) => {
                    self.recorder.record(Fact::DaemonUpgraded);
                    return Ended::Again;
                }
                Event::Look => look_at = Instant::now() + LOOK_EVERY,
                Event::Idle => {}
                Event::Watchdog => systemd::alive(),
                Event::Signal(Told::Reload) => {
                    self.reload_was_asked = true;
                    self.schedule.asked();
                }
                Event::Signal(Told::Retry) => drop(self.retry(None, &"SIGUSR1".into())),
                Event::ClientLeft(Err(given_up)) => return Ended::GivenUp(given_up),
                Event::Signal(Told::Stop) | Event::ClientLeft(Ok(())) => return Ended::Stopped,
            }
            self.tell_status();
        }
    }

    /// When it may be time to end because nobody needs us. Only where a socket of systemd starts us
    /// again.
    fn idle_alarm(&self) -> Option<Instant> {
        let limit = self.settings.in_force().idle_exit.filter(|_| self.is_inherited)?;
        let hub = &self.front.hub;
        let front = &self.front;
        let is_busy = front.links.len() > 0 || front.streams.count() > 0 || hub.calls() > 0;
        let since = if is_busy { Instant::now() } else { hub.last_used() };
        Some(since + limit)
    }

    /// Whether we may start ourselves anew: where what goes on is taken over.
    fn may_restart(&self) -> bool {
        self.units.is_some() && self.settings.in_force().restart_on_upgrade
    }

    fn is_idle(&self) -> bool {
        self.idle_alarm().is_some_and(|at| at <= Instant::now())
    }

    /// Looks at the servers again and lets the fronts see what changed.
    async fn refresh(&self) {
        let old = self.world.borrow().clone();
        let new = old.refreshed(Instant::now()).await;
        let differs = !Arc::ptr_eq(&new.catalog, &old.catalog)
            || new.versions != old.versions
            || new.unsettled != old.unsettled
            || new.alarm() != old.alarm();
        if differs {
            self.show(new);
        }
    }

    /// Makes this the world from now on.
    pub(super) fn show(&self, world: World) {
        let tools = world.catalog.tools.len();
        let left_out = world.catalog.left_out.clone();
        let old = self.world.send_replace(Arc::new(world));
        for left_out in left_out.iter().filter(|it| !old.catalog.left_out.contains(it)) {
            let (server, definition) = (left_out.server.clone(), None);
            let message = left_out.to_string();
            self.recorder.record(Fact::DefinitionsRefused { server, definition, message });
        }
        let tool = Topic::Tools.index();
        if self.world.borrow().versions[tool] != old.versions[tool] {
            self.recorder.record(Fact::ToolsChanged { tools });
        }
    }

    fn tell_status(&mut self) {
        let status = self.status();
        if status != self.last_status {
            systemd::status(&status);
            self.last_status = status;
        }
    }

    pub(super) fn sessions(&self) -> usize {
        self.front.sessions.len() + self.front.links.len() + self.front.sse.len()
    }

    /// The line for `systemctl status`.
    pub(super) fn status(&self) -> String {
        let world = self.world.borrow();
        let ready = world.servers.values().filter(|server| server.status().live.is_some()).count();
        let sessions = self.sessions();
        let (servers, tools) = (world.servers.len(), world.catalog.tools.len());
        let counts =
            format!("{ready} of {servers} servers ready, {tools} tools, {sessions} sessions");
        match self.config_status() {
            Some(complaint) => format!("{complaint}; {counts}"),
            None => counts,
        }
    }
}

async fn touched(watch: Option<&Watch>) {
    match watch {
        Some(watch) => watch.touched().await,
        None => std::future::pending().await,
    }
}

async fn settled(watch: Option<&Watch>) {
    match watch {
        Some(watch) => watch.settled().await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
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
    /// SIGUSR1.
    Retry,
}

/// The signals we take.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user1: Signal,
}

impl Signals {
    fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
            _ = self.user1.recv() => Told::Retry,
        }
    }

    /// The next signal that tells us to stop.
    pub(super) async fn stop(&mut self) {
        while self.next().await != Told::Stop {}
    }
}
