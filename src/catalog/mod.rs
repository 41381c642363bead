//! What all servers offer, under the names that clients see.
//!
//! A tool or prompt is shown as `prefix__name`; without a prefix as `name`. A resource keeps its URI
//! as long as one server has it. Each list is sorted by that name and each definition is the server's
//! own bytes with the name replaced, so an unchanged offer is the same text after any restart.
//!
//! # Knows
//! Which names and URIs clients see, what each leads to, the bytes of every list.
//!
//! # Does not know
//! Calls, sessions, who may see what.
//!
//! # How to read it
//! [`Catalog::build`] makes it of what the servers offer; [`Names`] is tools and prompts, [`Uris`]
//! resources. [`Shown`] is a list as clients read it.

mod names;
mod search;
mod shown;
mod uris;
mod view;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::base::ServerName;
use crate::config::{Config, View};
use crate::search::Index;
use crate::servers::{Item, Server};
use crate::wire::splice::Splice;
use crate::wire::{ListKind, Topic};

pub use names::{Names, NotFound};
pub use shown::Shown;
pub use uris::{Located, NotLocated, Uris};

/// The catalog of one world.
#[derive(Debug, Default)]
pub struct Catalog {
    pub tools: Names,
    pub prompts: Names,
    pub uris: Uris,
    shown: [Shown; 4],
    /// The tools as each of [`Config::clients`] sees them.
    for_clients: Vec<Shown>,
    /// Bytes of the tools' definitions as the servers wrote them.
    pub definitions_len: usize,
    /// Made when somebody searches: most catalogs are never searched.
    index: OnceLock<Index>,
}

/// Tools of ours, which are listed beside those of the servers and called by no server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnTools(pub Vec<OwnTool>);

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnTool {
    pub name: Arc<str>,
    /// As it is listed: a JSON object.
    pub definition: Bytes,
}

/// One item in the catalog.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name or URI that clients see.
    pub shown: Arc<str>,
    pub server: Server,
    pub item: Item,
}

impl Catalog {
    /// The catalog of what the servers offer now, or last offered, and of our own tools.
    pub fn build(servers: &BTreeMap<ServerName, Server>, config: &Config, own: &OwnTools) -> Self {
        let taken: Vec<&str> = own.0.iter().map(|tool| &*tool.name).collect();
        let tools = Names::of(servers, ListKind::Tools, &taken);
        let definitions = tools.entries().iter().map(|entry| entry.item.definition.len());
        let mut catalog = Self {
            definitions_len: definitions.sum(),
            tools,
            prompts: Names::of(servers, ListKind::Prompts, &[]),
            uris: Uris::of(servers),
            ..Self::default()
        };
        let ttl = |kind| shortest_ttl(servers, kind);
        let tools_for = |view: &View| {
            let items = view::tools(catalog.tools.entries(), own, view);
            Shown::new(ListKind::Tools, items, ttl(ListKind::Tools))
        };
        let for_clients = config.clients.iter().map(|client| tools_for(&client.view)).collect();
        let shown = ListKind::ALL.map(|kind| match kind {
            ListKind::Tools => tools_for(&config.everybody),
            _ => {
                let entries = catalog.entries(kind).iter();
                let items = entries.map(|entry| (entry.shown.clone(), entry.definition()));
                Shown::new(kind, items.collect(), ttl(kind))
            }
        });
        (catalog.shown, catalog.for_clients) = (shown, for_clients);
        catalog
    }

    /// The tools as they are searched for; a document has the place of its entry.
    pub fn index(&self) -> &Index {
        self.index.get_or_init(|| search::index(self.tools.entries()))
    }

    /// The entries of a list, in the order of their shown names.
    pub fn entries(&self, kind: ListKind) -> &[Entry] {
        match kind {
            ListKind::Tools => self.tools.entries(),
            ListKind::Prompts => self.prompts.entries(),
            ListKind::Resources => self.uris.resources(),
            ListKind::Templates => self.uris.templates(),
        }
    }

    /// A list as clients read it. `client`: the place among [`Config::clients`] of what is said about
    /// the reader.
    pub fn shown(&self, kind: ListKind, client: Option<usize>) -> &Shown {
        let special = client.filter(|_| kind == ListKind::Tools);
        special.and_then(|index| self.for_clients.get(index)).unwrap_or(&self.shown[kind.index()])
    }

    /// Whether the servers offer the same as in another catalog, listed or not.
    pub fn has_same_entries(&self, other: &Self) -> bool {
        let is_same = |a: &Entry, b: &Entry| {
            a.shown == b.shown
                && a.server.name == b.server.name
                && a.item.definition == b.item.definition
        };
        ListKind::ALL.iter().all(|kind| {
            let (own, others) = (self.entries(*kind), other.entries(*kind));
            own.len() == others.len() && own.iter().zip(others).all(|(a, b)| is_same(a, b))
        })
    }

    /// Whether the lists of a topic are the same text as those of another catalog.
    pub fn is_same(&self, other: &Self, topic: Topic) -> bool {
        let lists = |catalog: &Self| -> Vec<Bytes> {
            let lists = topic.lists().iter().map(|kind| catalog.shown(*kind, None).list.clone());
            let tools = catalog.for_clients.iter().filter(|_| topic == Topic::Tools);
            lists.chain(tools.map(|shown| shown.list.clone())).collect()
        };
        lists(self) == lists(other)
    }
}

impl Entry {
    fn definition(&self) -> Bytes {
        if self.shown == self.item.name {
            return self.item.definition.as_bytes().clone();
        }
        let name = serde_json::Value::from(&*self.shown).to_string();
        Splice::new(&self.item.definition).replace(self.item.name_at, name).finish().into_bytes()
    }
}

/// For how long, by what the servers say, the merged list holds.
fn shortest_ttl(servers: &BTreeMap<ServerName, Server>, kind: ListKind) -> Option<u64> {
    let ttl = |server: &Server| server.status().offer.as_ref()?.list(kind).ttl_ms;
    servers.values().filter_map(ttl).min()
}

#[cfg(test)]
mod tests;
