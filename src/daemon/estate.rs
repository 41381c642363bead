//! What an earlier process of ours left, in the keeping of systemd.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::control::Serve;
use crate::base::fd_store;
use crate::connection::pending::{self, Pending};
use crate::front::estate::{self, Heir, LinkTable, TakenUp};
use crate::front::session_table::{LeftSession, SessionTable};
use crate::process::units::Units;
use crate::servers::keep::{self, Found};
use crate::settings::Config;
use crate::telemetry::{Fact, Recorder};

/// How long the user manager may take to answer before we do without it.
const MANAGER_WITHIN: Duration = Duration::from_secs(2);

/// The user manager, and what there is to take over.
#[derive(Debug, Default)]
pub(super) struct Estate {
    /// The sockets are systemd's.
    pub(super) is_inherited: bool,
    pub(super) units: Option<Units>,
    /// By server name.
    pub(super) servers: BTreeMap<String, Found>,
    pub(super) pending: Option<Pending>,
    pub(super) link_table: LinkTable,
    pub(super) links: Vec<TakenUp>,
    pub(super) session_table: SessionTable,
    pub(super) sessions: Vec<LeftSession>,
}

impl Estate {
    /// Takes what `serve` was given. Units of ours that nobody can hold any more are ended.
    pub(super) async fn of(serve: Serve, config: &Config, recorder: &Recorder) -> (Serve, Self) {
        let Serve::Inherited { listeners, stored } = serve else { return (serve, Self::default()) };
        let serve = Serve::Inherited { listeners, stored: Vec::new() };
        let alone = || Self { is_inherited: true, ..Self::default() };
        let units = match tokio::time::timeout(MANAGER_WITHIN, Units::connect()).await {
            Ok(Ok(units)) => units,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the user manager cannot be asked; servers are our children");
                return (serve, alone());
            }
            Err(_) => {
                tracing::warn!("the user manager does not answer; servers are our children");
                return (serve, alone());
            }
        };
        let is_table = |name: &str| {
            Pending::is_name(name) || LinkTable::is_name(name) || SessionTable::is_name(name)
        };
        let (tables, servers_parts): (Vec<_>, Vec<_>) =
            stored.into_iter().partition(|(name, _)| is_table(name));
        let mut servers = servers(servers_parts, config);
        let held: BTreeSet<String> =
            servers.values().map(|found| found.card.unit.clone()).collect();
        match tokio::time::timeout(MANAGER_WITHIN, units.stop_strays(&held)).await {
            Ok(Ok(strays)) => {
                for unit in strays {
                    recorder.record(Fact::StrayStopped { unit });
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "units of ours may have been left over"),
            Err(_) => tracing::warn!("units of ours may have been left over"),
        }
        let mut estate = Self { units: Some(units), ..alone() };
        estate.take_tables(tables, &mut servers);
        estate.servers = servers;
        (serve, estate)
    }

    fn take_tables(
        &mut self,
        tables: Vec<(String, OwnedFd)>,
        servers: &mut BTreeMap<String, Found>,
    ) {
        let (mut calls, mut links) = (Vec::new(), Vec::new());
        for (name, fd) in tables {
            if Pending::is_name(&name) {
                if let Ok((pending, left)) = Pending::adopt(fd) {
                    (self.pending, calls) = (Some(pending), left);
                    continue;
                }
            } else if SessionTable::is_name(&name) {
                if let Ok((table, left)) = SessionTable::adopt(fd) {
                    (self.session_table, self.sessions) = (table, left);
                    continue;
                }
            } else if let Ok((table, left)) = LinkTable::adopt(fd) {
                (self.link_table, links) = (table, left);
                continue;
            }
            // Another version's.
            fd_store::forget(&name);
        }
        self.pending = self.pending.take().or_else(|| Pending::new().ok());
        if !self.link_table.is_there() {
            self.link_table = LinkTable::new().unwrap_or_default();
        }
        if !self.session_table.is_there() {
            self.session_table = SessionTable::new().unwrap_or_default();
        }
        let mut heirs: Vec<Heir<'_>> = servers
            .values_mut()
            .map(|found| Heir {
                key: pending::key(&found.card.unit),
                era: found.card.identity.era,
                asked_before: &mut found.asked_before,
            })
            .collect();
        self.links = estate::take_up(links, calls, &mut heirs);
    }
}

fn servers(stored: Vec<(String, OwnedFd)>, config: &Config) -> BTreeMap<String, Found> {
    keep::find(stored, |name| {
        let found = config.servers.iter().find(|(server, _)| server.as_str() == name);
        found.map(|(_, server)| &**server).filter(|server| server.enabled)
    })
}
