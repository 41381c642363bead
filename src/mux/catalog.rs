//! What all servers offer, under the names that clients see.
//!
//! A tool or prompt is shown as `prefix__name`; without a prefix as `name`. A resource keeps its URI
//! as long as one server has it. Each list is sorted by that name and each definition is the server's
//! own bytes with the name replaced, so an unchanged offer is the same text after any restart.

mod names;
mod shown;
mod uris;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::base::ServerName;
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
    /// The catalog of what the servers offer now, or last offered.
    pub fn build(servers: &BTreeMap<ServerName, Server>) -> Self {
        let uris = Uris::of(servers);
        let catalog = Self {
            tools: Names::of(servers, ListKind::Tools),
            prompts: Names::of(servers, ListKind::Prompts),
            uris,
            shown: Default::default(),
        };
        let shown = ListKind::ALL
            .map(|kind| Shown::new(kind, catalog.entries(kind), shortest_ttl(servers, kind)));
        Self { shown, ..catalog }
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

    /// A list as clients read it.
    pub fn shown(&self, kind: ListKind) -> &Shown {
        &self.shown[kind.index()]
    }

    /// Whether the lists of a topic are the same text as those of another catalog.
    pub fn is_same(&self, other: &Self, topic: Topic) -> bool {
        topic.lists().iter().all(|kind| self.shown(*kind).list == other.shown(*kind).list)
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
