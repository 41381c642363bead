//! The one loop in which the running world changes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::options::{Ended, Keeper, Options};
use super::program::{LOOK_EVERY, Program};
use super::signals::{Signals, Told};
use super::state::{Daemon, keep_audit, keep_history};
use super::takeover::Takeover;
use super::under_way::{self, UnderWay};
use super::watch::Watch;
use super::{stop, systemd};
use crate::admin::{Desk, Question};
use crate::config::Reading;
use crate::facts;
use crate::front::stdio::GivenUp;
use crate::history::History;

/// Where nobody else ends us we do, after so long without anybody, unless the config says otherwise.
const UNNEEDED_FOR: Duration = Duration::from_mins(10);

/// What the loop was woken by.
enum LoopEvent {
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
    let Options { settings, serve, recorder, cut_off } = options;
    recorder.record(facts::DaemonStarted {
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
        cut_off,
    });
    keep_audit(&recorder, settings.in_force(), Keeper::of(&serve));
    let history = History::default();
    keep_history(&history, &recorder, settings.in_force(), Keeper::of(&serve));
    let (serve, takeover) = Takeover::of(serve, settings.in_force(), &recorder).await;
    let mut daemon = Daemon::build(settings, recorder, takeover, history);
    daemon.tell_config();
    daemon.watch_config();
    let (desk, mut questions) = Desk::open();
    let mut client_left = daemon.open(serve, desk);
    tokio::task::yield_now().await;
    let servers = daemon.world.borrow().servers.len();
    daemon.recorder.record(facts::DaemonReady { servers });
    daemon.last_status = daemon.status();
    systemd::ready(&daemon.last_status);
    let ended = daemon.turn(&mut signals, &mut questions, &mut client_left).await;
    // Whoever still waits for an answer is told that there will be none.
    drop(questions);
    daemon.reloading.waiting.clear();
    daemon.reloading.attending.clear();
    stop::stop(daemon, ended, &mut signals).await;
    Ok(ended)
}

impl Daemon {
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
            let watched = self.watching.watch.as_ref().is_none_or(Watch::is_sure);
            let late = self.reloading.reading.as_ref().map(UnderWay::late_at);
            let reload =
                self.reloading.schedule.due(watched).map(|at| late.map_or(at, |late| at.max(late)));
            let idle = self.idle_alarm();
            let look =
                self.succession.program.as_ref().filter(|_| self.may_restart()).map(|_| look_at);
            let event = tokio::select! {
                () = self.changed.notified() => LoopEvent::Changed,
                () = touched(self.watching.watch.as_ref()) => LoopEvent::Touched,
                () = settled(self.watching.watch.as_ref()) => LoopEvent::Watching,
                () = until(announce) => LoopEvent::Announce,
                () = until(reload) => LoopEvent::Reload,
                reading = under_way::read(self.reloading.reading.as_mut()) => {
                    LoopEvent::Read(reading)
                }
                Some(question) = questions.recv() => LoopEvent::Asked(question),
                () = until(idle) => LoopEvent::Idle,
                () = until(look) => LoopEvent::Look,
                () = tick(watchdog.as_mut()) => LoopEvent::Watchdog,
                signal = signals.next() => LoopEvent::Signal(signal),
                left = &mut *client_left => LoopEvent::ClientLeft(left.unwrap_or(Ok(()))),
            };
            match event {
                LoopEvent::Changed | LoopEvent::Announce => self.refresh().await,
                LoopEvent::Touched => self.reloading.schedule.touched(Instant::now()),
                LoopEvent::Watching => self.tell_unwatched(),
                LoopEvent::Reload => self.read(),
                LoopEvent::Read(reading) => self.reload(reading).await,
                LoopEvent::Asked(question) => self.answer(question),
                LoopEvent::Idle if self.is_idle() => {
                    self.recorder.record(facts::DaemonIdle);
                    return Ended::Stopped;
                }
                LoopEvent::Look
                    if self.succession.program.as_ref().is_some_and(Program::was_replaced) =>
                {
                    self.recorder.record(facts::DaemonUpgraded);
                    return Ended::Again;
                }
                LoopEvent::Look => look_at = Instant::now() + LOOK_EVERY,
                LoopEvent::Idle => {}
                LoopEvent::Watchdog => systemd::alive(),
                LoopEvent::Signal(Told::Reload) => {
                    self.reloading.was_asked = true;
                    self.reloading.schedule.asked();
                }
                LoopEvent::Signal(Told::Retry) => drop(self.retry(None, &"SIGUSR1".into())),
                LoopEvent::ClientLeft(Err(given_up)) => return Ended::GivenUp(given_up),
                LoopEvent::Signal(Told::Stop) | LoopEvent::ClientLeft(Ok(())) => {
                    return Ended::Stopped;
                }
            }
            self.tell_status();
        }
    }

    /// When it may be time to end because nobody needs us. Only where somebody starts us again.
    fn idle_alarm(&self) -> Option<Instant> {
        let configured = self.settings.in_force().idle_exit;
        let limit = match self.succession.keeper {
            Keeper::Systemd => configured?,
            Keeper::Need => configured.unwrap_or(UNNEEDED_FOR),
            Keeper::Person | Keeper::Client => return None,
        };
        let hub = &self.front.hub;
        let front = &self.front;
        let is_busy = front.links.len() > 0 || front.streams.count() > 0 || hub.calls() > 0;
        let since = if is_busy { Instant::now() } else { hub.last_used() };
        Some(since + limit)
    }

    /// Whether we may start ourselves anew: where what goes on is taken over.
    fn may_restart(&self) -> bool {
        self.succession.units.is_some() && self.settings.in_force().restart_on_upgrade
    }

    fn is_idle(&self) -> bool {
        self.idle_alarm().is_some_and(|at| at <= Instant::now())
    }

    /// Looks at the servers again and lets the fronts see what changed.
    async fn refresh(&self) {
        self.front.hub.instances.sweep();
        self.front.hub.instances.lend(&self.controls);
        let old = self.world.borrow().clone();
        let new = old.refreshed(Instant::now()).await;
        let differs = !Arc::ptr_eq(&new.catalog, &old.catalog)
            || new.versions != old.versions
            || new.unsettled != old.unsettled
            || new.awaited != old.awaited
            || new.alarm() != old.alarm();
        if differs {
            self.show(new);
        }
    }

    fn tell_status(&mut self) {
        let status = self.status();
        if status != self.last_status {
            systemd::status(&status);
            self.last_status = status;
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
