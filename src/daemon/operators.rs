//! What operators ask for, carried out.

use std::sync::Arc;

use tokio::time::Instant;

use super::options::Keeper;
use super::settings::StandIn;
use super::state::Daemon;
use super::watch::Watch;
use crate::admin::desk::Answer;
use crate::admin::{self, Ordered, Question, report};
use crate::api::{self, ConfigReport, Finding, InForce, Status};
use crate::base::{ServerName, dirs};
use crate::config::plan;
use crate::facts;
use crate::servers::Server;
use crate::servers::control::Order;
use crate::servers::handle::Phase;
use crate::settings::{Menu, Plan};
use crate::world::World;

/// Operators who may wait for one reload.
const WAITING_MAX: usize = 64;

impl Daemon {
    /// Answers; who went away in the meantime is not missed.
    pub(super) fn answer(&mut self, question: Question) {
        match question {
            Question::Status { afresh, answer } => self.tell_how_it_is(afresh, answer),
            Question::Plan(answer) => {
                let plan = self.settings.planner();
                let planner = std::thread::Builder::new().name("plan".to_owned());
                drop(planner.spawn(move || drop(answer.send(plan()))));
            }
            Question::Reload(answer) => {
                self.reloading.schedule.asked();
                self.reloading.waiting.retain(|answer| !answer.is_closed());
                if self.reloading.waiting.len() < WAITING_MAX {
                    self.reloading.waiting.push(answer);
                }
            }
            Question::World(answer) => drop(answer.send(self.world.borrow().clone())),
            Question::Retry { server, principal, answer } => {
                drop(answer.send(self.retry(server.as_ref(), &principal)));
            }
            Question::Order { server, order, principal, answer } => {
                let ordered = self.order(&server, order);
                if ordered.is_some() {
                    let order = word(order);
                    self.recorder.record(facts::ServerOrdered { server, order, principal });
                }
                drop(answer.send(ordered));
            }
            Question::Identify { server, order, principal, answer } => {
                let found = self.world.borrow().servers.get(&server).cloned();
                if let Some(order) = order.filter(|_| found.is_some()) {
                    let order = order.as_str();
                    self.recorder.record(facts::ServerOrdered { server, order, principal });
                }
                drop(answer.send(found));
            }
        }
    }

    /// Has servers that wait for their next try make it now: all, or this one. `None`: there is none
    /// of this name.
    pub(super) fn retry(
        &self,
        only: Option<&ServerName>,
        principal: &Arc<str>,
    ) -> Option<Vec<Ordered>> {
        let world = self.world.borrow().clone();
        if only.is_some_and(|name| !world.servers.contains_key(name)) {
            return None;
        }
        let named = world.servers.iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
        let waiting = named.filter(|(_, server)| server.status().phase == Phase::Waiting);
        let retried = waiting.filter_map(|(name, _)| {
            let ordered = self.order(name, Order::Retry)?;
            let (server, principal) = (name.clone(), principal.clone());
            self.recorder.record(facts::ServerOrdered {
                server,
                order: word(Order::Retry),
                principal,
            });
            Some(ordered)
        });
        let mut retried: Vec<Ordered> = retried.collect();
        for name in world.servers.keys().filter(|name| only.is_none_or(|only| only == *name)) {
            let instances = self.front.hub.instances.order(name, Order::Retry).into_iter();
            let alone = |(server, number)| Ordered { server, instances: Vec::new(), number };
            retried.extend(instances.map(alone));
        }
        Some(retried)
    }

    fn order(&self, name: &ServerName, order: Order) -> Option<Ordered> {
        let server = self.world.borrow().servers.get(name)?.clone();
        let control = self.controls.get(name)?;
        let instances = match order {
            Order::Retry => Vec::new(),
            _ => self.front.hub.instances.order(name, order),
        };
        // It was there to be asked what it offers, and need not be again.
        let is_spare = order == Order::Restart
            && server.status().phase == Phase::Asleep
            && !instances.is_empty();
        let number = if is_spare { 0 } else { control.order(order) };
        Some(Ordered { server, instances, number })
    }

    fn report(&self) -> Status {
        let world = self.world.borrow().clone();
        let instances = &self.front.hub.instances;
        let report = |server: &Server| report::server(server, &instances.of(Some(&server.name)));
        let disabled = world.config.servers.iter().filter(|(_, server)| !server.enabled);
        let uptime = Instant::now().duration_since(self.started);
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_ms: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
            on_demand: self.succession.keeper == Keeper::Need,
            config: self.config_report(),
            servers: world.servers.values().map(report).collect(),
            disabled: disabled.map(|(name, _)| name.clone()).collect(),
            tools: world.catalog.tools.len(),
            sessions: self.sessions(),
            calls: self.front.hub.calls(),
            traffic: admin::traffic(&self.front.hub),
            findings: self.findings(&world),
            journal: None,
            clients: report::clients(self.recorder.clients()),
            addresses: report::addresses(&self.recorder.listening()),
        }
    }

    fn findings(&self, world: &World) -> Vec<Finding> {
        let mut all = admin::findings(world, &self.front.hub.instances.of(None));
        all.extend(admin::findings::of_history(&self.history.status()));
        all
    }

    /// Answers with the status. The journal is asked beside the loop.
    fn tell_how_it_is(&self, afresh: bool, answer: Answer<Status>) {
        let (mut status, recorder) = (self.report(), self.recorder.clone());
        self.connections.spawn_until_stopped("status", async move {
            status.journal = recorder.calls(afresh).await.map(report::calls);
            status.findings.extend(status.journal.iter().flat_map(admin::findings::of_journal));
            status.findings.extend(admin::findings::of_state(dirs::state()).await);
            drop(answer.send(status));
        });
    }

    fn config_report(&self) -> ConfigReport {
        let settings = &self.settings;
        let in_force = match settings.stand_in() {
            None => InForce::Current,
            Some(StandIn::Earlier) => InForce::Earlier,
            Some(StandIn::LastGood) => InForce::LastGood,
            Some(StandIn::Nothing) => InForce::Nothing,
        };
        let files = settings.files().iter().map(|file| file.display().to_string()).collect();
        ConfigReport {
            path: settings.location().map(|location| location.path().display().to_string()),
            files,
            in_force,
            complaints: settings.complaints().to_vec(),
            at_next_start: plan::plan(&self.began_with, settings.in_force()).at_next_start,
            unwatched: self.watching.watch.as_ref().and_then(Watch::trouble),
            remarks: settings.remarks().to_vec(),
            listed: self.world.borrow().catalog.menu(None).map(Menu::title),
        }
    }

    /// Tells those who asked for the config to be read what came of it.
    pub(super) fn tell_the_waiting(&mut self, plan: Option<&Plan>) {
        for answer in std::mem::take(&mut self.reloading.attending) {
            let outcome = match (self.settings.complaints(), plan) {
                ([], Some(plan)) => Ok(plan.clone()),
                ([], None) => {
                    let config = self.settings.in_force();
                    Ok(plan::plan(config, config))
                }
                (complaints, _) => Err(complaints.to_vec()),
            };
            drop(answer.send(outcome));
        }
    }
}

/// The word for it in facts.
fn word(order: Order) -> &'static str {
    let order = match order {
        Order::Start => api::Order::Start,
        Order::Stop => api::Order::Stop,
        Order::Restart => api::Order::Restart,
        Order::Retry => api::Order::Retry,
        Order::Review => api::Order::Review,
    };
    order.as_str()
}
