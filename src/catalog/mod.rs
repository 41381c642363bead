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
//! resources. [`Shown`] is a list as clients read it. [`naming`] says what is shown under which name, and
//! [`share`] how much of a server's list there is room for.

mod names;
mod naming;
mod search;
mod share;
mod shown;
mod uris;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::base::{ServerName, aside};
use crate::config::{Config, View};
use crate::search::Index;
use crate::servers::{Item, Offer, Server};
use crate::wire::splice::Splice;
use crate::wire::{ListKind, Topic};

pub use names::{Names, NotFound};
pub use share::LeftOut;
pub use shown::{BadCursor, Shown};
pub use uris::{Located, NotLocated, Uris};

/// Bytes of the instructions of all servers together that a client is told: they stand in every
/// prompt.
pub const INSTRUCTIONS_MAX: usize = 64 * 1024;

/// The catalog of one world.
#[derive(Debug, Default)]
pub struct Catalog {
    pub tools: Names,
    pub prompts: Names,
    pub uris: Uris,
    shown: [Arc<Shown>; 4],
    /// The tools as each of [`Config::clients`] sees them.
    for_clients: Vec<Arc<Shown>>,
    /// Bytes of the tools' definitions as the servers wrote them.
    pub definitions_len: usize,
    /// What there was no room for.
    pub left_out: Vec<LeftOut>,
    /// What the servers offered, in the order of their names.
    offers: Vec<Option<Arc<Offer>>>,
    /// Made when somebody searches: most catalogs are never searched.
    index: OnceCell<Index>,
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

/// A server and what it offers.
type Source<'a> = (&'a Server, Option<Arc<Offer>>);

/// One item in the catalog.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name or URI that clients see.
    pub shown: Arc<str>,
    pub server: Server,
    pub item: Item,
    /// The definition under that name.
    definition: Bytes,
}

impl Catalog {
    /// The catalog of what the servers offer now, or last offered, and of our own tools.
    pub fn build(servers: &BTreeMap<ServerName, Server>, config: &Config, own: &OwnTools) -> Self {
        // What a server offers may change while this goes on.
        let offers = offers(servers);
        let sources: Vec<Source<'_>> = servers.values().zip(offers.iter().cloned()).collect();
        let (tools, mut left_out) = Names::of(&sources, ListKind::Tools, own);
        let (prompts, more) = Names::of(&sources, ListKind::Prompts, &OwnTools::default());
        left_out.extend(more);
        let (uris, more) = Uris::of(&sources);
        left_out.extend(more);
        let definitions = tools.entries().iter().map(|entry| entry.item.definition.len());
        let mut catalog = Self {
            definitions_len: definitions.sum(),
            tools,
            prompts,
            uris,
            left_out,
            ..Self::default()
        };
        let ttl = |kind| shortest_ttl(&sources, kind);
        let tools_for = |view: &View| {
            let items = view::tools(catalog.tools.entries(), own, view);
            Arc::new(Shown::new(ListKind::Tools, items, ttl(ListKind::Tools)))
        };
        let for_clients = config.clients.iter().map(|client| tools_for(&client.view)).collect();
        let shown = ListKind::ALL.map(|kind| match kind {
            ListKind::Tools => tools_for(&config.everybody),
            _ => {
                let entries = catalog.entries(kind).iter();
                let items = entries.map(|entry| (entry.shown.clone(), entry.definition.clone()));
                Arc::new(Shown::new(kind, items.collect(), ttl(kind)))
            }
        });
        (catalog.shown, catalog.for_clients) = (shown, for_clients);
        catalog.offers = offers;
        catalog
    }

    /// Whether it was built of what these servers offer now.
    pub fn is_of(&self, servers: &BTreeMap<ServerName, Server>) -> bool {
        let is_same = |(a, b): (&Option<Arc<Offer>>, &Option<Arc<Offer>>)| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let now = offers(servers);
        now.len() == self.offers.len() && now.iter().zip(&self.offers).all(is_same)
    }

    /// The tools as they are searched for; a document has the place of its entry. `None`: the program
    /// is ending.
    pub async fn index(self: &Arc<Self>) -> Option<&Index> {
        let build = || async {
            let catalog = self.clone();
            let build = move || search::index(catalog.tools.entries());
            aside(self.definitions_len, build).await.ok_or(())
        };
        self.index.get_or_try_init(build).await.ok()
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

    /// The lists of a topic, everybody's and those of single clients, as they are read.
    pub fn lists(&self, topic: Topic) -> Vec<Arc<Shown>> {
        let lists = topic.lists().iter().map(|kind| self.shown[kind.index()].clone());
        let tools = self.for_clients.iter().filter(|_| topic == Topic::Tools);
        lists.chain(tools.cloned()).collect()
    }
}

impl Entry {
    /// An entry without a name yet.
    fn new(server: &Server, item: &Item) -> Self {
        let (server, item) = (server.clone(), item.clone());
        Self { shown: item.name.clone(), server, item, definition: Bytes::new() }
    }

    /// Puts the name it is shown under into its definition.
    fn put_name(&mut self) {
        let definition = &self.item.definition;
        self.definition = if self.shown == self.item.name {
            definition.as_bytes().clone()
        } else {
            let name = serde_json::Value::from(&*self.shown).to_string();
            Splice::new(definition).replace(self.item.name_at, name).finish().into_bytes()
        };
    }
}

/// What each server offers, or last offered.
fn offers(servers: &BTreeMap<ServerName, Server>) -> Vec<Option<Arc<Offer>>> {
    servers.values().map(|server| server.status().offer.clone()).collect()
}

/// For how long, by what the servers say, the merged list holds.
fn shortest_ttl(sources: &[Source<'_>], kind: ListKind) -> Option<u64> {
    sources.iter().filter_map(|(_, offer)| offer.as_ref()?.list(kind).ttl_ms).min()
}

#[cfg(test)]
mod tests;
