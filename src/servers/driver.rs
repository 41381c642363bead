//! The task that carries out what a server's machine decides.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::handle::{Live, Phase, Server, Status};
use super::keep::Found;
use super::machine::{Action, Event, Machine, State};
use super::running::{self, Running, Start, StartFailure};
use super::tools::ToolList;
use crate::base::random::Jitter;
use crate::base::{ServerName, Tasks};
use crate::config::ServerConfig;
use crate::process::units::Units;
use crate::telemetry::{Fact, Recorder};

/// A list that changes more often is read this often.
const REFRESH_INTERVAL: Duration = Duration::from_millis(500);

/// How long a server may take to read what was written to it before we leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Adds a server to the world: its task runs until `tasks` is stopped. `changed` is notified after
/// every change of its status.
pub fn start(start: Start, found: Option<Found>, tasks: &Tasks, changed: Arc<Notify>) -> Server {
    let Start { server: name, config, recorder, units, leaving } = start;
    let initial = Status {
        phase: Phase::Starting,
        live: None,
        tools: None,
        reason: None,
        retry_at: None,
        tries: 0,
    };
    let (status, receiver) = watch::channel(Arc::new(initial));
    let server = Server { name: name.clone(), config: config.clone(), status: receiver };
    let driver = Driver {
        name,
        config,
        recorder,
        changed,
        status,
        machine: Machine::new(),
        random: Jitter::from_kernel(),
        units,
        leaving,
        found,
        running: None,
        live: None,
        tools: None,
        reason: None,
        starting: None,
        stopping: None,
        refreshing: None,
        refresh_again: false,
    };
    let stop = tasks.clone();
    tasks.spawn("server", driver.run(stop));
    server
}

struct Driver {
    name: ServerName,
    config: Arc<ServerConfig>,
    recorder: Recorder,
    changed: Arc<Notify>,
    status: watch::Sender<Arc<Status>>,
    machine: Machine,
    random: Jitter,
    units: Option<Units>,
    leaving: CancellationToken,
    /// What an earlier process of ours left of the server.
    found: Option<Found>,
    running: Option<Running>,
    live: Option<Arc<Live>>,
    tools: Option<Arc<ToolList>>,
    reason: Option<Arc<str>>,
    starting: Option<Work<Result<(Running, ToolList), StartFailure>>>,
    stopping: Option<Work<String>>,
    refreshing: Option<Work<Result<ToolList, String>>>,
    /// The list changed again while it was being read.
    refresh_again: bool,
}

/// What the driver was woken by.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and a start is rare")]
enum Woken {
    Stop,
    Started(Result<(Running, ToolList), StartFailure>),
    Stopped(String),
    Refreshed(Result<ToolList, String>),
    Running(running::Change),
    Alarm,
}

impl Driver {
    async fn run(mut self, stop: Tasks) {
        self.step(Event::Want(true));
        let mut told_to_stop = false;
        loop {
            let woken = tokio::select! {
                biased;
                () = self.leaving.cancelled() => return self.leave().await,
                () = stop.stopped(), if !told_to_stop => Woken::Stop,
                result = wait(&mut self.starting) => Woken::Started(result),
                reason = wait(&mut self.stopping) => Woken::Stopped(reason),
                result = wait(&mut self.refreshing) => Woken::Refreshed(result),
                change = running::change(&mut self.running) => Woken::Running(change),
                () = until(self.machine.alarm()) => Woken::Alarm,
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
        match self.running.take() {
            Some(running) if running.is_kept() => running.leave(LEAVE_WITHIN).await,
            Some(running) => drop(running.stop(self.config.stop_timeout, false).await),
            None => {}
        }
    }

    fn handle(&mut self, woken: Woken) {
        match woken {
            Woken::Stop => self.step(Event::Want(false)),
            Woken::Alarm => self.step(Event::Alarm),
            Woken::Started(Ok((running, tools))) => self.started(running, tools),
            Woken::Started(Err(failure)) => self.failed(failure),
            Woken::Stopped(reason) => self.stopped(&reason),
            Woken::Refreshed(result) => self.refreshed(result),
            Woken::Running(running::Change::ToolsChanged) => self.refresh(),
            Woken::Running(running::Change::Broken) => {
                let proved = self.live.as_ref().is_some_and(|live| live.connection.has_served());
                self.step(Event::Broken { proved });
            }
        }
    }

    /// Lets the machine decide, does what it says, and shows the outcome.
    fn step(&mut self, event: Event) {
        let action = self.machine.step(Instant::now().into_std(), self.random.next(), event);
        match action {
            Some(Action::Start) => {
                let attempt = self.machine.tries() + 1;
                let start = Start {
                    server: self.name.clone(),
                    config: self.config.clone(),
                    recorder: self.recorder.clone(),
                    units: self.units.clone(),
                    leaving: self.leaving.clone(),
                };
                self.starting = Some(Box::pin(running::begin(start, self.found.take(), attempt)));
            }
            Some(Action::Stop) => {
                (self.live, self.refreshing, self.refresh_again) = (None, None, false);
                // A start that is given up kills its process when it is dropped.
                self.starting = None;
                let wanted = self.machine.is_wanted();
                let patience = self.config.stop_timeout;
                self.stopping = Some(match self.running.take() {
                    Some(running) => Box::pin(running.stop(patience, wanted)),
                    None => Box::pin(std::future::ready(String::new())),
                });
            }
            None => {}
        }
        self.publish();
    }

    fn started(&mut self, running: Running, tools: ToolList) {
        self.live = Some(running.live());
        self.running = Some(running);
        self.take_tools(tools);
        self.step(Event::Started);
    }

    fn failed(&mut self, failure: StartFailure) {
        self.reason = Some(failure.reason.as_str().into());
        self.step(Event::Failed { hopeless: failure.hopeless });
        self.report(failure.reason);
    }

    fn stopped(&mut self, reason: &str) {
        let wanted = self.machine.is_wanted();
        if wanted {
            self.reason = Some(reason.into());
        }
        self.step(Event::Stopped);
        if wanted {
            self.report(reason.to_owned());
        } else {
            self.recorder.record(Fact::ServerStopped { server: self.name.clone() });
        }
    }

    fn report(&self, reason: String) {
        let server = self.name.clone();
        self.recorder.record(match self.machine.alarm() {
            Some(at) => {
                let retry_in = at.saturating_duration_since(Instant::now().into_std());
                Fact::ServerFailed { server, reason, retry_in }
            }
            None => Fact::ServerUnusable { server, reason },
        });
    }

    fn refresh(&mut self) {
        match (&self.running, &self.refreshing) {
            (Some(running), None) => {
                let read = running.read_tools(self.config.start_timeout);
                self.refreshing = Some(Box::pin(async move {
                    let (list, ()) = tokio::join!(read, tokio::time::sleep(REFRESH_INTERVAL));
                    list
                }));
            }
            _ => self.refresh_again = true,
        }
    }

    fn refreshed(&mut self, result: Result<ToolList, String>) {
        match result {
            Ok(tools) => self.take_tools(tools),
            Err(reason) => {
                let what = format!("no usable list of tools: {reason}");
                let server = self.name.clone();
                self.recorder.record(Fact::ServerMisbehaved {
                    server,
                    what,
                    sample: String::new(),
                });
            }
        }
        if std::mem::take(&mut self.refresh_again) {
            self.refresh();
        }
        self.publish();
    }

    fn take_tools(&mut self, list: ToolList) {
        if self.tools.as_deref() == Some(&list) {
            return;
        }
        for bad in &list.bad {
            let (server, tool, reason) = (self.name.clone(), bad.name.clone(), bad.reason.clone());
            self.recorder.record(Fact::ToolRefused { server, tool, reason });
        }
        self.tools = Some(Arc::new(list));
    }

    fn publish(&self) {
        let phase = match self.machine.state() {
            State::Starting => Phase::Starting,
            State::Ready { .. } => Phase::Ready,
            // Whoever waits for a server that is being ended to be started again waits on.
            State::Stopping if self.machine.is_wanted() => Phase::Starting,
            State::Resting | State::Stopping => Phase::Stopped,
            State::Waiting { .. } => Phase::Waiting,
            State::Unusable => Phase::Unusable,
        };
        self.status.send_replace(Arc::new(Status {
            phase,
            live: self.live.clone(),
            tools: self.tools.clone(),
            reason: self.reason.clone(),
            retry_at: self.machine.alarm().map(Instant::from_std),
            tries: self.machine.tries(),
        }));
        self.changed.notify_one();
    }
}

/// Waits for work that may not be there, and clears it when it is done.
async fn wait<T>(work: &mut Option<Work<T>>) -> T {
    let result = match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    };
    *work = None;
    result
}

async fn until(alarm: Option<std::time::Instant>) {
    match alarm {
        Some(at) => tokio::time::sleep_until(Instant::from_std(at)).await,
        None => std::future::pending().await,
    }
}
