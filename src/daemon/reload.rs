//! From another config to another world: only what differs is touched.
//!
//! What is new is started first, then the world is exchanged in one step, then what is old goes.
//! A call that runs keeps the world it began in: its server, old or new, stays until the call has
//! its answer, at the latest until `drain_timeout` is over.

use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::schedule::Schedule;
use super::settings::{Look, StandIn};
use super::state::{Daemon, keep_audit, keep_history};
use super::systemd;
use super::under_way::UnderWay;
use super::watch::Watch;
use crate::base::ServerName;
use crate::config::Reading;
use crate::facts;
use crate::meta::own_tools;
use crate::servers::control::Control;
use crate::settings::plan::Changed;
use crate::settings::{Config, Plan};
use crate::telemetry::Recorder;

impl Daemon {
    /// Begins to read the config again.
    pub(super) fn read(&mut self) {
        self.reloading.schedule = Schedule::new(Instant::now());
        // One that this takes the place of is announced still.
        let is_announced = self.reloading.reading.take().is_some_and(|reading| reading.announced);
        let announced = std::mem::take(&mut self.reloading.was_asked) || is_announced;
        if announced {
            systemd::reloading();
        }
        self.reloading.attending.append(&mut self.reloading.waiting);
        let (sender, done) = oneshot::channel();
        let location = self.settings.location().cloned();
        // A thread of its own, which nobody waits for when the daemon ends.
        let read = move || drop(sender.send(location.map(|at| Box::new(at.read()))));
        drop(thread::Builder::new().name("config".to_owned()).spawn(read));
        self.reloading.reading = Some(UnderWay { done, announced, began: Instant::now() });
    }

    /// Does what follows from what was read.
    pub(super) async fn reload(&mut self, reading: Option<Box<Reading>>) {
        let announced = self.reloading.reading.take().is_some_and(|reading| reading.announced);
        let look = reading.map_or(Look::Same, |reading| self.settings.judge(*reading));
        let plan = match look {
            Look::Same => None,
            Look::Refused => {
                self.refuse();
                None
            }
            Look::Fresh { config, plan } => {
                self.apply(config, &plan).await;
                Some(plan)
            }
        };
        self.tell_the_waiting(plan.as_ref());
        self.watch_config();
        if announced {
            self.last_status = self.status();
            systemd::ready(&self.last_status);
        }
    }

    /// Says what is wrong with a config, to the journal and to whoever calls a tool it may have
    /// brought.
    fn refuse(&mut self) {
        let complaint = self.settings.complaint().unwrap_or_default();
        let world = self.world.borrow().complaining(complaint.clone());
        self.recorder.record(facts::ConfigRefused { complaint });
        self.show(world);
    }

    async fn apply(&mut self, config: Arc<Config>, plan: &Plan) {
        let old = self.world.borrow().clone();
        let mut servers = (*old.servers).clone();
        let mut retired = Vec::new();
        for name in &plan.added {
            self.start(name, &config, &mut servers, None, true);
        }
        for Changed { server: name, .. } in &plan.restarted {
            let control = self.controls.remove(name);
            let up = control.as_ref().is_none_or(Control::is_up);
            let before = servers.remove(name);
            self.start(name, &config, &mut servers, before, up);
            retired.extend(control);
        }
        for Changed { server: name, .. } in &plan.adjusted {
            let control = self.controls.get(name);
            if let (Some(control), Some(server)) = (control, servers.get_mut(name)) {
                let adjusted = config.servers[name].clone();
                control.adjust(adjusted.clone());
                *server = server.adjusted(adjusted);
            }
        }
        for name in &plan.removed {
            servers.remove(name);
            retired.extend(self.controls.remove(name));
        }
        let is_up = |name: &ServerName| self.controls.get(name).is_none_or(Control::is_up);
        let is_replaced = |name: &ServerName| plan.restarted.iter().any(|it| it.server == *name);
        self.front.hub.instances.follow(&config, is_up, is_replaced);
        tell_certificate(&self.recorder, &config, Some(&old.config));
        keep_audit(&self.recorder, &config, self.succession.keeper);
        keep_history(&self.history, &self.recorder, &config, self.succession.keeper);
        self.count(config.access.counted);
        let drain = old.config.drain_timeout;
        let own_tools = own_tools(&config);
        let now = Instant::now();
        self.show(old.reconfigured(config, servers, own_tools, now).await);
        drop(old);
        for control in retired {
            control.retire(drain, &self.servers);
        }
        self.record(plan);
    }

    fn record(&self, plan: &Plan) {
        let names = |changes: &[Changed]| changes.iter().map(|c| c.server.clone()).collect();
        self.recorder.record(facts::ConfigReloaded {
            added: plan.added.clone(),
            removed: plan.removed.clone(),
            restarted: names(&plan.restarted),
            adjusted: names(&plan.adjusted),
            unchanged: plan.unchanged.len(),
        });
    }

    /// Says which config is in force, and what is wrong with the one that should be.
    pub(super) fn tell_config(&self) {
        tell_certificate(&self.recorder, self.settings.in_force(), None);
        let files = self.settings.files().to_vec();
        let servers = self.settings.in_force().servers.len();
        let Some(complaint) = self.settings.complaint() else {
            self.recorder.record(facts::ConfigLoaded { files, servers });
            return;
        };
        self.recorder.record(facts::ConfigRefused { complaint });
        if self.settings.stand_in() == Some(StandIn::LastGood) {
            self.recorder.record(facts::LastGoodConfigUsed { files, servers });
        }
    }

    /// Watches what decided about the newest config.
    pub(super) fn watch_config(&mut self) {
        if let Some(watch) = &self.watching.watch {
            watch.arm(self.settings.consulted().clone());
        }
        self.tell_unwatched();
    }

    /// Says why changes may go unnoticed, when there is another reason or the first.
    pub(super) fn tell_unwatched(&mut self) {
        let trouble = self.watching.watch.as_ref().and_then(Watch::trouble);
        if let Some(reason) = trouble.clone().filter(|_| trouble != self.watching.unwatched) {
            self.recorder.record(facts::ConfigUnwatched { reason });
        }
        self.watching.unwatched = trouble;
    }

    /// What is wrong with the config and what that means, in one line; `None` if nothing is.
    pub(super) fn config_status(&self) -> Option<String> {
        let complaint = self.settings.complaint()?;
        let instead = match self.settings.stand_in()? {
            StandIn::Earlier => "the one before is in force",
            StandIn::LastGood => "the last good one is in force",
            StandIn::Nothing => "no server runs",
        };
        Some(format!("config refused: {complaint}; {instead}"))
    }
}

/// Says what is wrong with the certificate, when that is something new.
fn tell_certificate(recorder: &Recorder, config: &Config, before: Option<&Config>) {
    let wrong = |config: &Config| config.http.tls.clone().and_then(Result::err);
    if let Some(complaint) =
        wrong(config).filter(|new| before.and_then(wrong).as_ref() != Some(new))
    {
        let address = "the certificate for TLS".to_owned();
        recorder.record(facts::ListenerRefused { address, reason: complaint.to_string() });
    }
}
