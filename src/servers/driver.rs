//! The task that carries out what a server's machine decides. What it does about the lists of the server is in
//! [`lists`].

mod lists;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::control::{Control, Desired};
use super::error::{StartFailure, Step};
use super::handle::{Live, Phase, Runs, Server, Status};
use super::machine::{Action, Event, Machine, State};
use super::memory::Catalog;
use super::offer::Offer;
use super::pinning;
use super::running::{self, LeftServer, Running, Start};
use super::start;
use super::way;
use super::work::{Refreshed, Work, identified, until, wait};
use crate::base::random::Jitter;
use crate::base::{ServerName, Tasks};
use crate::connection::notice::Board;
use crate::credentials::Credential;
use crate::facts;
use crate::pins::{Keeper, Store};
use crate::process::units::Units;
use crate::settings::ServerConfig;
use crate::telemetry::Recorder;

/// How long a server may take to read what was written to it before we leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// A server that is to be added to the world.
#[derive(Debug)]
pub struct Setup {
    pub name: ServerName,
    pub config: Arc<ServerConfig>,
    /// The offer of the server that it takes the place of, or is an instance of.
    pub offer: Option<Arc<Offer>>,
    /// Whether it is wanted up.
    pub up: bool,
    /// Where its process is to live; `None`: below us.
    pub units: Option<Units>,
    /// What an earlier process of ours left of the server.
    pub left: Option<LeftServer>,
    /// Told when we end and leave the servers to the next process of ours.
    pub leaving: CancellationToken,
    /// Where what the server says to everybody goes.
    pub board: Board,
    /// Where it stands what was accepted of it.
    pub pins: Store,
}

/// Starts the task of a server; it runs until `tasks` is stopped, or nobody holds the server any
/// more. `changed` is notified after every change of its status.
pub fn start(
    setup: Setup,
    tasks: &Tasks,
    recorder: Recorder,
    changed: Arc<Notify>,
) -> (Server, Control) {
    let Setup { name, config, offer, up, units, left, leaving, board, pins } = setup;
    let pins = pins.of(&name);
    let recalled = match name.workplace() {
        _ if !up || left.is_some() => None,
        // An instance offers what its server does, until it says something else.
        Some(_) => offer.clone(),
        None if config.waits_to_be_called() => recall(&config, &pins),
        None => None,
    };
    let asleep = recalled.is_some();
    let (inherited, offer) = match recalled {
        Some(recalled) => (false, Some(recalled)),
        None => (offer.is_some(), offer),
    };
    let initial = Status {
        phase: match (asleep, up) {
            (true, _) => Phase::Asleep,
            (false, true) => Phase::Starting,
            (false, false) => Phase::Stopped,
        },
        inherited,
        offer: offer.clone(),
        ..Status::default()
    };
    let (status, receiver) = watch::channel(Arc::new(initial));
    let wake = Arc::new(Notify::new());
    let stop = tasks.child();
    let credential = Credential::of(&name, &config, &way::proxies(&config), (&stop, tasks));
    let credential = credential.map_err(Arc::new);
    let server = Server {
        name: name.clone(),
        config: config.clone(),
        status: receiver,
        wake: wake.clone(),
        credential: credential.clone().ok().flatten(),
    };
    let (control, changes) = Control::new(config.clone(), up, stop.clone());
    let desired = changes.borrow().clone();
    let driver = Driver {
        machine: Machine::new(),
        random: Jitter::from_kernel(),
        start: Start {
            server: name,
            config,
            recorder,
            units,
            board,
            credential,
            pins,
            mute: Arc::default(),
        },
        left,
        orders: Orders { changes, desired },
        work: Work::default(),
        present: Present::default(),
        known: KnownOffer { offer, inherited },
        sleep: Sleep { asleep, wake },
        reason: None,
        failed: false,
        shown: Shown { status, changed },
        leaving,
    };
    tasks.spawn("server", driver.run(stop));
    (server, control)
}

fn recall(config: &ServerConfig, pins: &Keeper) -> Option<Arc<Offer>> {
    let offer = Catalog::of(config).recall()?;
    Some(Arc::new(pinning::recalled(pins, config, offer)))
}

struct Driver {
    machine: Machine,
    random: Jitter,
    /// What its next start needs.
    start: Start,
    /// What an earlier process of ours left of the server.
    left: Option<LeftServer>,
    orders: Orders,
    work: Work,
    /// What runs, or is being ended.
    present: Present,
    known: KnownOffer,
    sleep: Sleep,
    /// Why it is not ready, or why it last was not.
    reason: Option<Arc<str>>,
    /// Its last try failed, and it has not been ready since.
    failed: bool,
    shown: Shown,
    leaving: CancellationToken,
}

/// What is wanted of the server.
struct Orders {
    changes: watch::Receiver<Desired>,
    /// The newest that was followed.
    desired: Desired,
}

/// What there is of the server now.
#[derive(Default)]
struct Present {
    running: Option<Running>,
    /// That of the process that runs or is being ended.
    pid: Option<u32>,
    live: Option<Arc<Live>>,
    runs: Runs,
}

/// What is known of what the server offers.
struct KnownOffer {
    offer: Option<Arc<Offer>>,
    /// It is the offer of the server before it.
    inherited: bool,
}

/// Whether it waits to be called.
struct Sleep {
    /// It is not wanted up until it is called.
    asleep: bool,
    /// Notified when the server is called while it sleeps.
    wake: Arc<Notify>,
}

/// Where its status is shown.
struct Shown {
    status: watch::Sender<Arc<Status>>,
    /// Notified after every change.
    changed: Arc<Notify>,
}

/// What the driver was woken by.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and a start is rare")]
enum Woken {
    Stop,
    Desired,
    Started(Result<(Running, Offer), StartFailure>),
    Stopped(String),
    Refreshed(Refreshed),
    /// Lists that changed may be read again.
    Rested,
    Running(running::Change),
    Alarm,
    /// It sleeps and is called.
    Called,
    /// It may have been idle for long enough.
    Idle,
    /// A person logged in or out.
    Credential,
}

impl Driver {
    async fn run(mut self, stop: Tasks) {
        if self.sleep.asleep {
            self.publish();
        } else {
            self.step(Event::Want(self.orders.desired.up));
        }
        let mut told_to_stop = false;
        loop {
            let idle = self.idle_alarm();
            let woken = tokio::select! {
                biased;
                () = self.leaving.cancelled() => return self.leave().await,
                () = stop.stopped(), if !told_to_stop => Woken::Stop,
                () = self.shown.status.closed(), if !told_to_stop => Woken::Stop,
                Ok(()) = self.orders.changes.changed(), if !told_to_stop => Woken::Desired,
                result = wait(&mut self.work.starting) => Woken::Started(result),
                reason = wait(&mut self.work.stopping) => Woken::Stopped(reason),
                lists = wait(&mut self.work.refreshing) => Woken::Refreshed(lists),
                () = until(self.work.refresh.alarm()) => Woken::Rested,
                change = running::change(&mut self.present.running) => Woken::Running(change),
                () = until(self.machine.alarm()) => Woken::Alarm,
                () = self.sleep.wake.notified(), if self.sleep.asleep && !told_to_stop => Woken::Called,
                () = until(idle), if !told_to_stop => Woken::Idle,
                () = identified(&self.start.credential), if !told_to_stop => Woken::Credential,
            };
            if matches!(woken, Woken::Stop) {
                told_to_stop = true;
            }
            self.handle(woken);
            if told_to_stop && self.machine.state() == State::Resting {
                return;
            }
        }
    }

    /// The next process of ours takes the server over, if it can.
    async fn leave(mut self) {
        match self.present.running.take() {
            Some(running) if running.is_kept() && !self.orders.changes.borrow().retired => {
                running.leave(LEAVE_WITHIN).await;
            }
            Some(running) => {
                drop(running.stop(self.start.config.supervision.stop_timeout, false).await);
            }
            None => {}
        }
    }

    fn handle(&mut self, woken: Woken) {
        match woken {
            Woken::Stop => self.step(Event::Want(false)),
            Woken::Desired => self.follow(),
            Woken::Alarm => self.step(Event::Alarm),
            Woken::Called => {
                self.sleep.asleep = false;
                self.step(Event::Want(true));
            }
            Woken::Idle => self.fall_asleep(),
            Woken::Credential => self.identified(),
            Woken::Started(Ok((running, offer))) => self.started(running, offer),
            Woken::Started(Err(failure)) => self.failed(failure),
            Woken::Stopped(reason) => self.stopped(&reason),
            Woken::Refreshed(lists) => self.refreshed(lists),
            Woken::Running(running::Change::ListsChanged) => {
                self.work.refresh.changed();
                self.read_changed();
            }
            Woken::Rested => self.read_changed(),
            Woken::Running(running::Change::Broken) => {
                let proved =
                    self.present.live.as_ref().is_some_and(|live| live.connection.has_served());
                self.failed = true;
                self.step(Event::Broken { proved });
            }
        }
    }

    /// When the server may have been idle for long enough.
    fn idle_alarm(&self) -> Option<std::time::Instant> {
        let live = self.present.live.as_ref()?;
        let limit = start::idle_stop(&self.start, live.connection.has_served())?;
        let since = live.connection.idle_since().unwrap_or_else(Instant::now);
        Some((since + limit).into_std())
    }

    fn fall_asleep(&mut self) {
        if self.idle_alarm().is_some_and(|at| at <= std::time::Instant::now()) {
            self.sleep.asleep = true;
            self.failed = false;
            self.reason = Some("it was idle; the next call starts it".into());
            self.step(Event::Want(false));
        }
    }

    /// A person logged in, which is when a server that waits for that can be had; or out.
    fn identified(&mut self) {
        let credential = self.start.credential.as_ref().ok().and_then(Option::as_ref);
        let is_out = credential.is_some_and(|credential| credential.is_empty());
        if self.orders.desired.up && !self.sleep.asleep {
            self.step(if is_out { Event::Restart } else { Event::Want(true) });
        }
    }

    fn follow(&mut self) {
        let desired = self.orders.changes.borrow_and_update().clone();
        let before = std::mem::replace(&mut self.orders.desired, desired.clone());
        self.start.config = desired.config;
        let is_pinned_so = self.start.config.policy.pin == before.config.policy.pin;
        if desired.reviews != before.reviews || !is_pinned_so {
            self.review();
        }
        self.limit();
        if let (Some(lent), None) = (desired.lent, &self.present.live) {
            self.take_offer((*lent).clone());
            self.publish();
        }
        let orders = desired.number - before.number;
        if orders == desired.reviews - before.reviews {
            return self.publish();
        }
        if let Ok(Some(credential)) = &self.start.credential {
            credential.may_invite_again();
        }
        if orders == desired.retries - before.retries {
            return self.step(Event::Retry);
        }
        if !desired.up {
            let remedy = format!("`callmux start {}` starts it again", self.start.server);
            self.reason = Some(format!("an operator stopped it; {remedy}").into());
            self.failed = false;
        } else if !self.failed {
            self.reason = None;
        }
        self.sleep.asleep = false;
        self.step(match (desired.up, desired.restarts != before.restarts) {
            (false, _) => Event::Want(false),
            (true, true) => Event::Restart,
            (true, false) => Event::Want(true),
        });
    }

    /// Lets the machine decide, does what it says, and shows the outcome.
    fn step(&mut self, event: Event) {
        let action = self.machine.step(Instant::now().into_std(), self.random.next(), event);
        match action {
            Some(Action::Start) => {
                let attempt = self.machine.tries() + 1;
                let start = start::begin(self.start.clone(), self.left.take(), attempt);
                self.work.starting = Some(Box::pin(start));
            }
            Some(Action::Stop) => {
                (self.present.live, self.work.refreshing) = (None, None);
                self.work.refresh.give_up();
                self.review_again();
                // A start that is given up kills its process when it is dropped.
                self.work.starting = None;
                let broken = self.machine.is_wanted() && !self.machine.is_restarting();
                let patience = self.start.config.supervision.stop_timeout;
                self.work.stopping = Some(match self.present.running.take() {
                    Some(running) => Box::pin(running.stop(patience, broken)),
                    None => Box::pin(std::future::ready(String::new())),
                });
            }
            None => {}
        }
        self.publish();
    }

    fn started(&mut self, running: Running, offer: Offer) {
        self.present.live = Some(running.live());
        self.present.pid = running.pid();
        self.present.runs.count += 1;
        self.present.runs.last_words = running.last_words.clone();
        self.present.running = Some(running);
        self.limit();
        self.take_offer(offer);
        if std::mem::take(&mut self.work.is_start_stale) {
            self.review();
        }
        self.failed = false;
        self.step(Event::Started);
    }

    /// So many calls as the config says now may be in flight, and so many lines written down.
    fn limit(&self) {
        if let Some(live) = &self.present.live {
            live.connection.limit(self.start.config.max_concurrency);
        }
        if let Some(running) = &self.present.running {
            running.limit_log(self.start.config.program.log);
        }
    }

    fn failed(&mut self, failure: StartFailure) {
        if let (true, Ok(Some(credential))) = (failure.step == Step::Login, &self.start.credential)
        {
            credential.invite();
        }
        self.reason = Some(failure.reason.as_str().into());
        self.failed = true;
        self.step(Event::Failed { hopeless: failure.is_hopeless() });
        self.report(failure.reason);
    }

    fn stopped(&mut self, reason: &str) {
        let broken = self.machine.is_wanted() && !self.machine.is_restarting();
        if broken {
            self.reason = Some(reason.into());
            self.failed = true;
        }
        self.present.pid = None;
        self.step(Event::Stopped);
        if broken {
            self.report(reason.to_owned());
        } else {
            self.start.recorder.record(facts::ServerStopped { server: self.start.server.clone() });
        }
    }

    fn report(&self, reason: String) {
        let server = self.start.server.clone();
        match self.machine.alarm() {
            Some(at) => {
                let retry_in = at.saturating_duration_since(Instant::now().into_std());
                self.start.recorder.record(facts::ServerFailed { server, reason, retry_in });
            }
            None => self.start.recorder.record(facts::ServerUnusable { server, reason }),
        }
    }

    fn publish(&self) {
        let phase = match self.machine.state() {
            State::Starting => Phase::Starting,
            State::Ready { .. } => Phase::Ready,
            // Whoever waits for a server that is being ended to be started again waits on.
            State::Stopping if self.machine.is_wanted() => Phase::Starting,
            State::Resting | State::Stopping if self.sleep.asleep => Phase::Asleep,
            State::Resting | State::Stopping => Phase::Stopped,
            State::Waiting { .. } => Phase::Waiting,
            State::Unusable => Phase::Unusable,
        };
        self.shown.status.send_replace(Arc::new(Status {
            phase,
            live: self.present.live.clone(),
            offer: self.known.offer.clone(),
            inherited: self.known.inherited,
            pid: self.present.pid,
            heard: self.heard(),
            reason: self.reason.clone(),
            retry_at: self.machine.alarm().map(Instant::from_std),
            tries: self.machine.tries(),
            failed: self.failed,
            runs: self.present.runs.clone(),
        }));
        self.shown.changed.notify_one();
    }
}
