//! Everything a call looks at, as one immutable snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::Catalog;
use crate::base::ServerName;
use crate::base::names::SEPARATOR;
use crate::config::Config;
use crate::servers::Server;

/// A snapshot. A call takes one at the door and keeps it to the end.
#[derive(Debug)]
pub struct World {
    pub config: Arc<Config>,
    pub servers: Arc<BTreeMap<ServerName, Server>>,
    pub catalog: Arc<Catalog>,
    /// Counts the catalogs whose list differed from the one before.
    pub tools_version: u64,
    /// What is wrong with the config that should be in force, if another stands in for it.
    pub complaint: Option<Arc<str>>,
    /// Servers that have neither started nor failed yet.
    pub unsettled: Vec<ServerName>,
}

impl World {
    /// A world whose servers have yet to start.
    pub fn new(
        config: Arc<Config>,
        servers: BTreeMap<ServerName, Server>,
        complaint: Option<String>,
    ) -> Self {
        let servers = Arc::new(servers);
        let unsettled = servers.keys().cloned().collect();
        Self {
            config,
            servers,
            catalog: Arc::new(Catalog::of(Vec::new())),
            tools_version: 0,
            complaint: complaint.map(Into::into),
            unsettled,
        }
    }

    /// The world after the servers' states were looked at again.
    pub fn refreshed(&self) -> Self {
        let catalog = Catalog::build(&self.servers);
        let unsettled = self.servers.values().filter(|server| !server.status().is_settled());
        let unsettled = unsettled.map(|server| server.name.clone()).collect();
        let changed = catalog.list != self.catalog.list;
        Self {
            config: self.config.clone(),
            servers: self.servers.clone(),
            catalog: if changed { Arc::new(catalog) } else { self.catalog.clone() },
            tools_version: self.tools_version + u64::from(changed),
            complaint: self.complaint.clone(),
            unsettled,
        }
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
