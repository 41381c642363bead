//! Everything a call looks at, as one immutable snapshot.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use tokio::time::Instant;

use super::hints::hints;
use super::seen_lists::{SeenList, SeenLists};
use crate::access::{Action, ActionKind, Gate, Subject, ToolHints};
use crate::base::{ServerName, aside};
use crate::catalog::{BadCursor, Catalog, Entry, NotLocated, OwnTools, Shown};
use crate::pins::PinKind;
use crate::servers::Server;
use crate::settings::Config;
use crate::wire::params::{RequestParams, Target};
use crate::wire::{Era, ListKind, Topic};

/// A snapshot. A call takes one at the door and keeps it to the end.
#[derive(Debug, Clone)]
pub struct World {
    pub config: Arc<Config>,
    /// Who may do what.
    pub gate: Gate,
    pub servers: Arc<BTreeMap<ServerName, Server>>,
    pub catalog: Arc<Catalog>,
    /// Of this catalog under this gate.
    seen_lists: Arc<SeenLists>,
    /// Our own tools, which are listed beside those of the servers.
    own_tools: Arc<OwnTools>,
    /// Counts what was announced of each topic, by [`Topic::index`].
    pub versions: [u64; 3],
    /// What is wrong with the config that should be in force, if another stands in for it.
    pub complaint: Option<Arc<str>>,
    /// Servers that have neither started nor failed yet.
    pub unsettled: Vec<ServerName>,
    /// Servers whose next tries may yet show what they offer.
    pub awaited: Vec<ServerName>,
    announced: Arc<Announced>,
    /// Until then another list is announced only once every server is settled, so that a config
    /// that changes several servers is one change to a client.
    quiet_until: Option<Instant>,
}

/// The lists of those versions. The servers that they were made of may be gone by now, and must not be
/// kept up by whoever keeps a snapshot.
#[derive(Debug)]
struct Announced {
    catalog: Weak<Catalog>,
    /// By [`Topic::index`].
    lists: [Vec<Arc<Shown>>; 3],
}

impl Announced {
    fn of(catalog: &Arc<Catalog>) -> Arc<Self> {
        let lists = Topic::ALL.map(|topic| catalog.lists(topic));
        Arc::new(Self { catalog: Arc::downgrade(catalog), lists })
    }

    /// Whether the lists of the topic at this place are the same text.
    fn is_same(&self, other: &Self, topic: usize) -> bool {
        let (own, others) = (&self.lists[topic], &other.lists[topic]);
        own.len() == others.len() && own.iter().zip(others).all(|(a, b)| a.is_same(b))
    }
}

impl World {
    /// A world whose servers have yet to start.
    pub fn new(
        config: Arc<Config>,
        servers: BTreeMap<ServerName, Server>,
        own_tools: Arc<OwnTools>,
        complaint: Option<String>,
    ) -> Self {
        let unsettled: Vec<ServerName> = servers.keys().cloned().collect();
        let catalog = Arc::new(Catalog::build(&BTreeMap::new(), &config, &own_tools, None));
        Self {
            gate: Gate::in_force().with(config.access.clone()),
            config,
            servers: Arc::new(servers),
            announced: Announced::of(&catalog),
            catalog,
            seen_lists: Arc::default(),
            own_tools,
            versions: [0; 3],
            complaint: complaint.map(Into::into),
            awaited: unsettled.clone(),
            unsettled,
            quiet_until: None,
        }
    }

    /// The same under another gate.
    #[cfg(test)]
    pub fn under(self, gate: Gate) -> Self {
        Self { gate, seen_lists: Arc::default(), ..self }
    }

    /// The world after the servers' states were looked at again.
    pub async fn refreshed(&self, now: Instant) -> Self {
        let (unsettled, awaited) = (unsettled(&self.servers), awaited(&self.servers));
        let world = Self { unsettled, awaited, ..self.clone() };
        if world.catalog.is_of(&world.servers) {
            return world.looked_over(now);
        }
        let build = move || {
            let catalog = Catalog::build(
                &world.servers,
                &world.config,
                &world.own_tools,
                Some(&world.catalog),
            );
            world.offering(catalog).looked_over(now)
        };
        aside(size(&self.servers), build).await.unwrap_or_else(|| self.clone())
    }

    /// The world with another config and the servers of it. Servers that are started for
    /// it may keep the announcement of their tools for as long as a first list waits for them.
    pub async fn reconfigured(
        &self,
        config: Arc<Config>,
        servers: BTreeMap<ServerName, Server>,
        own_tools: Arc<OwnTools>,
        now: Instant,
    ) -> Self {
        let (unsettled, awaited) = (unsettled(&servers), awaited(&servers));
        let quiet_until = Some(now + config.list_timeout);
        let world = Self {
            gate: self.gate.renewed(config.access.clone()),
            seen_lists: Arc::default(),
            config,
            servers: Arc::new(servers),
            own_tools,
            complaint: None,
            unsettled,
            awaited,
            quiet_until,
            ..self.clone()
        };
        let (size, without) = (size(&world.servers), world.clone());
        let build = move || {
            // Even where the list is the same, its entries lead to other servers or limits.
            let catalog = Catalog::build(&world.servers, &world.config, &world.own_tools, None);
            world.offering(catalog).looked_over(now)
        };
        aside(size, build).await.unwrap_or(without)
    }

    /// The world with something wrong about the config that should be in force.
    pub fn complaining(&self, complaint: String) -> Self {
        Self { complaint: Some(complaint.into()), ..self.clone() }
    }

    /// The world with another catalog.
    fn offering(self, catalog: Catalog) -> Self {
        Self { catalog: Arc::new(catalog), seen_lists: Arc::default(), ..self }
    }

    /// The world after it was seen whether the list is to be announced.
    fn looked_over(mut self, now: Instant) -> Self {
        if self.unsettled.is_empty() || self.quiet_until.is_some_and(|until| now >= until) {
            self.quiet_until = None;
        }
        let is_announced = std::ptr::eq(self.announced.catalog.as_ptr(), &raw const *self.catalog);
        if self.quiet_until.is_none() && !is_announced {
            let now = Announced::of(&self.catalog);
            for topic in Topic::ALL.map(Topic::index) {
                self.versions[topic] += u64::from(!now.is_same(&self.announced, topic));
            }
            self.announced = now;
        }
        self
    }

    /// When a list that is kept back is announced at the latest.
    pub fn alarm(&self) -> Option<Instant> {
        self.quiet_until
    }

    /// Whether the subject may know of an item.
    pub fn sees(&self, subject: Subject<'_>, kind: ActionKind, entry: &Entry) -> bool {
        self.gate.sees(subject, action_on(kind, entry))
    }

    /// The tool that a name stands for, if the subject may know of it.
    pub fn seen_tool(&self, subject: Subject<'_>, name: &str) -> Option<&Entry> {
        let sees = |entry: &Entry| self.sees(subject, ActionKind::Tool, entry);
        self.catalog.tools.resolve(name, sees).ok().filter(|entry| sees(entry))
    }

    /// A page of a list, of what the subject may know of. `client`: see [`Catalog::shown`].
    pub fn page(
        &self,
        subject: Subject<'_>,
        (kind, client): (ListKind, Option<usize>),
        cursor: Option<&str>,
        era: Era,
    ) -> Result<Bytes, BadCursor> {
        let shown = self.catalog.shown(kind, client);
        if self.gate.hides_nothing(subject) {
            return shown.page(cursor, era);
        }
        let seen = match self.gate.applicable(subject) {
            Ok(rules) => {
                let list = SeenList { kind, client, rules };
                self.seen_lists.get(list, |list| self.seen(list))
            }
            Err(_) => Arc::new(shown.only(|_| false)),
        };
        seen.page(cursor, era)
    }

    /// What of a list those may know of whom its rules are about.
    fn seen(&self, list: &SeenList) -> Shown {
        let SeenList { kind, client, rules } = list;
        let entries = self.catalog.entries(*kind);
        let action = match kind {
            ListKind::Tools => ActionKind::Tool,
            ListKind::Prompts => ActionKind::Prompt,
            ListKind::Resources | ListKind::Templates => ActionKind::Resource,
        };
        self.catalog.shown(*kind, *client).only(|name| {
            let found = entries.binary_search_by(|entry| (*entry.shown).cmp(name));
            // Only tools of our own stand in no server's list.
            let of_ours = || Action::new(action, None, name);
            let action = found.map_or_else(|_| of_ours(), |at| action_on(action, &entries[at]));
            self.gate.shows(rules, action)
        })
    }

    /// The name under which clients see what a server calls so; its own where nobody has told yet that
    /// there is such a thing.
    pub fn shown<'a>(&'a self, target: Target, server: &ServerName, own: &'a str) -> &'a str {
        let kind = match target {
            Target::Tool => ListKind::Tools,
            Target::Prompt | Target::PromptReference => ListKind::Prompts,
            _ => return own,
        };
        let (server, mut entries) = (server.configured(), self.catalog.entries(kind).iter());
        let found = entries.find(|entry| entry.server.name == server && *entry.item.name == *own);
        found.map_or(own, |entry| &entry.shown)
    }

    /// What is believed of what a server says of a tool; nothing where nobody has told yet that there is
    /// such a tool.
    pub fn hints(&self, target: Target, server: &ServerName, own: &str) -> ToolHints {
        if target != Target::Tool || !self.gate.asks_for_hints() {
            return ToolHints::default();
        }
        let (server, mut entries) = (server.configured(), self.catalog.tools.entries().iter());
        let found = entries.find(|entry| entry.server.name == server && *entry.item.name == *own);
        found.map(|entry| hints(&entry.server, &entry.item)).unwrap_or_default()
    }

    /// Whether the subject may know of a server.
    pub fn sees_server(&self, subject: Subject<'_>, server: &ServerName) -> bool {
        self.gate.sees(subject, Action::of_server(ActionKind::Tool, server))
    }

    /// Whether the subject hears what a server says to everybody: it may be about anything of it.
    pub fn hears(&self, subject: Subject<'_>, server: &ServerName) -> bool {
        self.gate.sees(subject, Action::of_server(ActionKind::Tasks, server))
    }

    /// Whether the subject may know of a resource, by the URI that its server knows.
    pub fn sees_resource(&self, subject: Subject<'_>, server: &ServerName, uri: &str) -> bool {
        self.gate.sees(subject, Action::new(ActionKind::Subscription, Some(server), uri))
    }

    /// Why a URI leads nowhere, without what the subject may not know of.
    pub fn seen_of(&self, subject: Subject<'_>, kind: ActionKind, why: NotLocated) -> NotLocated {
        let NotLocated::Shared(all) = why else { return why };
        let sees = |shown: &Arc<str>| {
            self.catalog.uris.locate(shown).is_ok_and(|located| {
                let (server, target) = (Some(&located.server.name), located.uri);
                self.gate.sees(subject, Action::new(kind, server, target))
            })
        };
        let seen: Vec<Arc<str>> = all.into_iter().filter(sees).collect();
        if seen.is_empty() { NotLocated::Unknown } else { NotLocated::Shared(seen) }
    }

    /// Servers and instances that there may be at the same time.
    pub fn processes(&self) -> usize {
        let of = |server: &Server| {
            let is_per_directory = server.config.is_per_directory();
            1 + if is_per_directory { server.config.instances.max } else { 0 }
        };
        self.servers.values().map(of).sum()
    }

    /// Whether every server has started or failed at least once.
    pub fn is_settled(&self) -> bool {
        self.unsettled.is_empty()
    }

    /// Whether nothing more is to be expected soon than what there is.
    pub fn is_whole(&self) -> bool {
        self.is_settled() && self.awaited.is_empty()
    }

    /// Whether a server that is still starting may bring what a request is about.
    pub fn may_still_have(&self, params: &RequestParams<'_>) -> bool {
        if !matches!(params.target, Target::Tool | Target::Prompt | Target::PromptReference) {
            return !self.is_settled();
        }
        let name = &*params.name;
        let of = |names: &[ServerName], may: &dyn Fn(&Server) -> bool| {
            names.iter().filter_map(|server| self.servers.get(server)).any(may)
        };
        let has_no_prefix = |server: &Server| server.config.policy.prefix.as_deref() == Some("");
        let is_bare = !self.servers.values().any(|server| server.owns(name));
        of(&self.awaited, &|server| server.owns(name))
            || of(&self.unsettled, &|server| is_bare || has_no_prefix(server))
    }
}

/// Something that is done to an item.
fn action_on(kind: ActionKind, entry: &Entry) -> Action<'_> {
    let (server, target) = (Some(&entry.server.name), &*entry.item.name);
    let hints = hints(&entry.server, &entry.item);
    Action::new(kind, server, target).shown_as(&entry.shown).hinted(hints)
}

/// Bytes that are looked at to build the catalog of these servers.
fn size(servers: &BTreeMap<ServerName, Server>) -> usize {
    let offer = |server: &Server| server.status().offer.as_ref().map_or(0, |offer| offer.size());
    servers.values().map(offer).sum()
}

/// The servers that have neither started nor failed yet. To be asked before the catalog is built: one
/// that starts meanwhile counts as settled only once its tools are known.
fn unsettled(servers: &BTreeMap<ServerName, Server>) -> Vec<ServerName> {
    let unsettled = servers.values().filter(|server| !server.status().is_settled());
    unsettled.map(|server| server.name.clone()).collect()
}

/// The servers that may yet show what they offer, and are tried again soon enough to be waited for.
fn awaited(servers: &BTreeMap<ServerName, Server>) -> Vec<ServerName> {
    let awaited = servers.values().filter(|server| server.status().is_awaited());
    awaited.map(|server| server.name.clone()).collect()
}

/// What a server wants agents to know; nothing while that is kept from them.
pub fn instructions(server: &Server) -> Option<String> {
    if server.holds(PinKind::Instructions, "") {
        return None;
    }
    let offer = server.status().offer.clone()?;
    offer.instructions.as_deref().map(str::to_owned)
}
