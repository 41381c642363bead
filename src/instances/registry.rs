//! All instances.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use super::error::NoInstance;
use super::ground::Ground;
use super::instance::{Instance, Lease};
use super::workplace;
use crate::base::{Lock, Principal, ServerName, SessionId};
use crate::servers::control::{Control, Order};
use crate::servers::handle::Phase;
use crate::servers::running::LeftServer;
use crate::servers::{Offer, Server};
use crate::settings::{Config, ServerConfig};

/// All instances of all servers. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Instances {
    /// Missing where nothing can be started.
    ground: Option<Arc<Ground>>,
    registry: Arc<Lock<Registry>>,
}

#[derive(Debug, Default)]
struct Registry {
    /// The servers that have instances.
    kinds: BTreeMap<ServerName, Kind>,
    running: BTreeMap<ServerName, Entry>,
    /// Counts what was started.
    started: u64,
    /// How long those that are given up may finish their calls.
    drain: Duration,
}

/// A server that has instances, as the config in force has it.
#[derive(Debug)]
struct Kind {
    config: Arc<ServerConfig>,
    /// No operator stopped it.
    up: bool,
}

#[derive(Debug)]
struct Entry {
    instance: Arc<Instance>,
    control: Control,
    number: u64,
}

impl Instances {
    pub fn on(ground: Ground) -> Self {
        Self { ground: Some(Arc::new(ground)), registry: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock()
    }

    /// The instance of `server` for a client that works in `cwd`; `None`: the server itself is to be
    /// called. It is not started before it is waited for.
    pub async fn lease(
        &self,
        server: &Server,
        (principal, session): (&Principal, SessionId),
        cwd: Option<&Path>,
    ) -> Result<Option<Lease>, NoInstance> {
        let Some(cwd) = cwd else {
            let is_refused = server.config.instances.require_cwd;
            let refused = Err(NoInstance::NoDirectory(server.name.clone()));
            return if is_refused { refused } else { Ok(None) };
        };
        let workplace = workplace::of(&server.name, principal, cwd).await?;
        let mut registry = self.lock();
        let name = server.name.at(workplace);
        if !registry.running.contains_key(&name) {
            self.begin(&mut registry, server, &name)?;
        }
        Ok(registry.running.get(&name).map(|entry| entry.instance.lease(session)))
    }

    /// The same, if there is one: nothing is begun.
    pub async fn find(
        &self,
        server: &Server,
        principal: &Principal,
        cwd: Option<&Path>,
    ) -> Option<Server> {
        let workplace = workplace::of(&server.name, principal, cwd?).await.ok()?;
        self.get(&server.name.at(workplace))
    }

    /// The instance of this name.
    pub fn get(&self, name: &ServerName) -> Option<Server> {
        self.lock().running.get(name).map(|entry| entry.instance.server.clone())
    }

    /// All of a server, or of every one.
    pub fn of(&self, server: Option<&ServerName>) -> Vec<Server> {
        let registry = self.lock();
        let is_meant = |name: &ServerName| server.is_none_or(|of| of.as_str() == name.as_str());
        let meant = registry.running.iter().filter(|(name, _)| is_meant(name));
        meant.map(|(_, entry)| entry.instance.server.clone()).collect()
    }

    /// Those that a session has called.
    pub fn of_session(&self, session: SessionId) -> Vec<Server> {
        let registry = self.lock();
        let theirs = registry.running.values().filter(|entry| entry.instance.is_of(session));
        theirs.map(|entry| entry.instance.server.clone()).collect()
    }

    /// Whether what a server says to everybody is for a session: an instance speaks to those that
    /// called it.
    pub fn speaks_to(&self, server: &ServerName, session: SessionId) -> bool {
        server.workplace().is_none()
            || self.lock().running.get(server).is_some_and(|entry| entry.instance.is_of(session))
    }

    fn begin(
        &self,
        registry: &mut Registry,
        server: &Server,
        name: &ServerName,
    ) -> Result<(), NoInstance> {
        let of = &server.name;
        let changed = || NoInstance::Changed(of.clone());
        let ground = self.ground.as_ref().ok_or_else(changed)?;
        let Kind { config, up } = registry.kinds.get(of).ok_or_else(changed)?;
        if !up {
            return Err(NoInstance::Stopped(of.clone()));
        }
        let (config, max) = (config.clone(), config.instances.max);
        if !registry.make_room(of, max - 1, ground) {
            return Err(NoInstance::Full { server: of.clone(), max });
        }
        let offer = server.status().offer.clone();
        registry.add(name.clone(), ground.start(name.clone(), config, offer, None), ground);
        Ok(())
    }

    /// Goes on with an instance that an earlier process of ours left.
    pub fn adopt(&self, name: &ServerName, left: LeftServer) {
        let mut registry = self.lock();
        let Some(ground) = &self.ground else { return };
        if let Some(kind) = registry.kinds.get(&name.configured()) {
            let started = ground.start(name.clone(), kind.config.clone(), None, Some(left));
            registry.add(name.clone(), started, ground);
        }
    }

    /// From now on this config holds. `is_up`: no operator stopped the server; `is_replaced`: it has
    /// another process by this config.
    pub fn follow(
        &self,
        config: &Config,
        is_up: impl Fn(&ServerName) -> bool,
        is_replaced: impl Fn(&ServerName) -> bool,
    ) {
        let mut registry = self.lock();
        let Some(ground) = &self.ground else { return };
        registry.drain = config.drain_timeout;
        let have = config.servers.iter().filter(|(_, it)| it.enabled && it.is_per_directory());
        let kind = |(name, config): (&ServerName, &Arc<ServerConfig>)| {
            (name.clone(), Kind { config: config.clone(), up: is_up(name) })
        };
        let kinds: BTreeMap<ServerName, Kind> = have.map(kind).collect();
        for name in registry.running.keys().cloned().collect::<Vec<_>>() {
            let of = name.configured();
            match kinds.get(&of).filter(|_| !is_replaced(&of)) {
                Some(kind) => registry.adjust(&name, &kind.config),
                None => registry.end(&name, ground),
            }
        }
        for (name, kind) in &kinds {
            registry.make_room(name, kind.config.instances.max, ground);
        }
        registry.kinds = kinds;
    }

    /// Gives up those that are of no use any more.
    pub fn sweep(&self) {
        let mut registry = self.lock();
        let Some(ground) = &self.ground else { return };
        let is_spent = |entry: &Entry| {
            let Some(since) = entry.instance.idle_since() else { return false };
            let server = &entry.instance.server;
            let limit = server.config.idle_stop();
            let is_late = limit.is_some_and(|limit| since + limit <= Instant::now());
            entry.instance.is_asleep() || (is_late && server.status().live.is_none())
        };
        let spent = registry.running.iter().filter(|(_, entry)| is_spent(entry));
        for name in spent.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            registry.end(&name, ground);
        }
    }

    /// Lets each server offer what the instance of it does that runs longest.
    pub fn lend(&self, controls: &BTreeMap<ServerName, Control>) {
        let registry = self.lock();
        for name in registry.kinds.keys() {
            if let Some(control) = controls.get(name) {
                control.lend(registry.longest_running(name));
            }
        }
    }

    /// Passes on what an operator asks of a server. Returns the instances that are to obey, each with the
    /// number of the order.
    pub fn order(&self, name: &ServerName, order: Order) -> Vec<(Server, u64)> {
        let is_about_life = !matches!(order, Order::Retry | Order::Review);
        let mut registry = self.lock();
        let Some(ground) = &self.ground else { return Vec::new() };
        if let Some(kind) = registry.kinds.get_mut(name).filter(|_| is_about_life) {
            kind.up = order != Order::Stop;
        }
        let names: Vec<ServerName> = registry.names_of(name).cloned().collect();
        if order == Order::Stop {
            for name in &names {
                registry.end(name, ground);
            }
            return Vec::new();
        }
        let entries = names.iter().filter_map(|name| registry.running.get(name));
        let meant = entries.filter(|entry| match (order, entry.instance.server.status().phase) {
            (Order::Review, _) => true,
            (_, Phase::Asleep) => false,
            (Order::Retry, phase) => phase == Phase::Waiting,
            _ => true,
        });
        meant.map(|it| (it.instance.server.clone(), it.control.order(order))).collect()
    }
}

impl Registry {
    fn add(&mut self, name: ServerName, (server, control): (Server, Control), ground: &Ground) {
        self.started += 1;
        let (number, instance) = (self.started, Instance::new(server, ground.changed.clone()));
        self.running.insert(name, Entry { instance, control, number });
    }

    fn names_of<'a>(&'a self, server: &'a ServerName) -> impl Iterator<Item = &'a ServerName> {
        self.running.keys().filter(|name| name.as_str() == server.as_str())
    }

    /// Has no more than so many instances of a server. `false`: too many are in use.
    fn make_room(&mut self, server: &ServerName, most: usize, ground: &Ground) -> bool {
        while self.names_of(server).count() > most {
            let idle = self.names_of(server).filter_map(|name| {
                let since = self.running.get(name)?.instance.idle_since()?;
                Some((since, name))
            });
            let Some((_, longest)) = idle.min() else { return false };
            let longest = longest.clone();
            self.end(&longest, ground);
        }
        true
    }

    fn end(&mut self, name: &ServerName, ground: &Ground) {
        if let Some(Entry { control, .. }) = self.running.remove(name) {
            control.retire(self.drain, &ground.tasks);
        }
    }

    fn adjust(&mut self, name: &ServerName, config: &Arc<ServerConfig>) {
        if let Some(entry) = self.running.get_mut(name)
            && !Arc::ptr_eq(&entry.instance.server.config, config)
        {
            entry.control.adjust(config.clone());
            entry.instance = entry.instance.with(entry.instance.server.adjusted(config.clone()));
        }
    }

    fn longest_running(&self, server: &ServerName) -> Option<Arc<Offer>> {
        let entries = self.running.iter().filter(|(name, _)| name.as_str() == server.as_str());
        let live = entries.filter_map(|(_, entry)| {
            let status = entry.instance.server.status();
            status.live.is_some().then(|| (entry.number, status.offer.clone()))
        });
        live.min_by_key(|(number, _)| *number)?.1
    }
}
