//! Everything a call looks at, as one immutable snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::catalog::Catalog;
use crate::base::ServerName;
use crate::base::names::SEPARATOR;
use crate::config::Config;
use crate::servers::Server;

/// A snapshot. A call takes one at the door and keeps it to the end.
#[derive(Debug, Clone)]
pub struct World {
    pub config: Arc<Config>,
    pub servers: Arc<BTreeMap<ServerName, Server>>,
    pub catalog: Arc<Catalog>,
    /// Counts the lists of tools that were announced.
    pub tools_version: u64,
    /// What is wrong with the config that should be in force, if another stands in for it.
    pub complaint: Option<Arc<str>>,
    /// Servers that have neither started nor failed yet.
    pub unsettled: Vec<ServerName>,
    /// The list of that version.
    announced: Bytes,
    /// Until then another list is announced only once every server is settled, so that a config
    /// that changes several servers is one change to a client.
    quiet_until: Option<Instant>,
}

impl World {
    /// A world whose servers have yet to start.
    pub fn new(
        config: Arc<Config>,
        servers: BTreeMap<ServerName, Server>,
        complaint: Option<String>,
    ) -> Self {
        let unsettled = servers.keys().cloned().collect();
        let catalog = Arc::new(Catalog::of(Vec::new()));
        Self {
            config,
            servers: Arc::new(servers),
            announced: catalog.list.clone(),
            catalog,
            tools_version: 0,
            complaint: complaint.map(Into::into),
            unsettled,
            quiet_until: None,
        }
    }

    /// The world after the servers' states were looked at again.
    pub fn refreshed(&self, now: Instant) -> Self {
        let catalog = Catalog::build(&self.servers);
        let changed = catalog.list != self.catalog.list;
        let catalog = if changed { Arc::new(catalog) } else { self.catalog.clone() };
        Self { catalog, ..self.clone() }.looked_over(now)
    }

    /// The world with another config and the servers of it. Servers that are started for
    /// it may keep the announcement of their tools for as long as a first list waits for them.
    pub fn reconfigured(
        &self,
        config: Arc<Config>,
        servers: BTreeMap<ServerName, Server>,
        now: Instant,
    ) -> Self {
        // Even where the list is the same, its entries lead to other servers or limits.
        let catalog = Arc::new(Catalog::build(&servers));
        let (servers, complaint) = (Arc::new(servers), None);
        let quiet_until = Some(now + config.list_timeout);
        Self { config, servers, catalog, complaint, quiet_until, ..self.clone() }.looked_over(now)
    }

    /// The world with something wrong about the config that should be in force.
    pub fn complaining(&self, complaint: String) -> Self {
        Self { complaint: Some(complaint.into()), ..self.clone() }
    }

    /// Which servers are settled now, and whether the list is to be announced.
    fn looked_over(mut self, now: Instant) -> Self {
        let unsettled = self.servers.values().filter(|server| !server.status().is_settled());
        self.unsettled = unsettled.map(|server| server.name.clone()).collect();
        if self.unsettled.is_empty() || self.quiet_until.is_some_and(|until| now >= until) {
            self.quiet_until = None;
        }
        if self.quiet_until.is_none() && self.catalog.list != self.announced {
            self.announced = self.catalog.list.clone();
            self.tools_version += 1;
        }
        self
    }

    /// When a list that is kept back is announced at the latest.
    pub fn alarm(&self) -> Option<Instant> {
        self.quiet_until
    }

    /// Whether every server has started or failed at least once.
    pub fn is_settled(&self) -> bool {
        self.unsettled.is_empty()
    }

    /// Whether a server that is still starting may bring the tool that a client knows as `name`.
    pub fn may_still_have(&self, name: &str) -> bool {
        let of_prefix = |prefix: &str| {
            prefix.is_empty()
                || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(SEPARATOR))
        };
        self.unsettled.iter().filter_map(|server| self.servers.get(server)).any(|server| {
            of_prefix(server.name.as_str())
                || server.config.prefix.as_deref().is_some_and(of_prefix)
        })
    }
}
