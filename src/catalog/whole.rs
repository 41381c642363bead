//! The catalog of one world.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::entry::Entry;
use super::names::Names;
use super::own_tools::OwnTools;
use super::share::LeftOut;
use super::shown::Shown;
use super::source::{Source, offers, shortest_ttl};
use super::uris::Uris;
use super::{read_tokens, search, view};
use crate::base::{ServerName, aside};
use crate::search::Index;
use crate::servers::{Offer, Server};
use crate::settings::view::ClientConfig;
use crate::settings::{Config, Menu};
use crate::wire::{ListKind, Topic};

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
    /// What everybody lists, and each of those.
    menu: Option<Menu>,
    menus: Vec<Menu>,
    /// Bytes of the tools' definitions as the servers wrote them.
    pub definitions_len: usize,
    /// What a model would read of them, in tokens, estimated.
    pub definitions_tokens: usize,
    /// What there was no room for.
    pub left_out: Vec<LeftOut>,
    /// What the servers offered, in the order of their names.
    offers: Vec<Option<Arc<Offer>>>,
    /// Made when somebody searches: most catalogs are never searched.
    index: OnceCell<Index>,
}

impl Catalog {
    /// The catalog of what the servers offer now, or last offered, and of our own tools. `before`: the one
    /// that clients know, of the same config.
    pub fn build(
        servers: &BTreeMap<ServerName, Server>,
        config: &Config,
        own: &OwnTools,
        before: Option<&Self>,
    ) -> Self {
        // What a server offers may change while this goes on.
        let offers = offers(servers);
        let sources: Vec<Source<'_>> = servers.values().zip(offers.iter().cloned()).collect();
        let (tools, mut left_out) = Names::of(&sources, ListKind::Tools, own);
        let (prompts, more) = Names::of(&sources, ListKind::Prompts, &OwnTools::default());
        left_out.extend(more);
        let (uris, more) = Uris::of(&sources);
        left_out.extend(more);
        let definitions = tools.entries().iter().map(|entry| entry.item.definition.len());
        let written = tools.entries().iter().map(|entry| entry.item.definition.as_bytes());
        let mut catalog = Self {
            definitions_len: definitions.sum(),
            definitions_tokens: written.map(|it| read_tokens::of(it)).sum(),
            tools,
            prompts,
            uris,
            left_out,
            ..Self::default()
        };
        let ttl = |kind| shortest_ttl(&sources, kind);
        let tools_for = |menu: &Menu| {
            let items = view::tools(catalog.tools.entries(), own, menu);
            Arc::new(Shown::new(ListKind::Tools, items, ttl(ListKind::Tools)))
        };
        let tokens = catalog.definitions_tokens;
        let menu = config.everybody.menu(tokens, before.and_then(|it| it.menu.as_ref()));
        let of_client = |(place, client): (usize, &ClientConfig)| {
            client.view.menu(tokens, before.and_then(|it| it.menus.get(place)))
        };
        let menus: Vec<Menu> = config.clients.iter().enumerate().map(of_client).collect();
        let everybodys = tools_for(&menu);
        let for_clients = config.clients.iter().zip(&menus).map(|(client, menu)| {
            let is_same = client.view.lists_as(&config.everybody);
            if is_same { everybodys.clone() } else { tools_for(menu) }
        });
        let for_clients = for_clients.collect();
        let shown = ListKind::ALL.map(|kind| match kind {
            ListKind::Tools => everybodys.clone(),
            _ => {
                let entries = catalog.entries(kind).iter();
                let items =
                    entries.map(|entry| (entry.shown.clone(), entry.definition.clone().into()));
                Arc::new(Shown::new(kind, items.collect(), ttl(kind)))
            }
        });
        (catalog.shown, catalog.for_clients) = (shown, for_clients);
        (catalog.menu, catalog.menus) = (Some(menu), menus);
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

    /// What a client lists. `client`: as in [`Self::shown`].
    pub fn menu(&self, client: Option<usize>) -> Option<&Menu> {
        client.and_then(|index| self.menus.get(index)).or(self.menu.as_ref())
    }

    /// The lists of a topic, everybody's and those of single clients, as they are read.
    pub fn lists(&self, topic: Topic) -> Vec<Arc<Shown>> {
        let lists = topic.lists().iter().map(|kind| self.shown[kind.index()].clone());
        let tools = self.for_clients.iter().filter(|_| topic == Topic::Tools);
        lists.chain(tools.cloned()).collect()
    }
}
