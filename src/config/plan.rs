//! What separates the config in force from another one, key by key, as the table of keys says.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::ServerName;
use crate::keys::{
    APPROVAL_ROWS, AUDIT_ROWS, DASHBOARD_ROWS, Effect, HISTORY_ROWS, HTTP_ROWS, KeyRow, LIMIT_ROWS,
    METRIC_ROWS, NETWORK_ROWS, SERVER_ROWS, TOP_ROWS, VIEW_ROWS,
};
use crate::settings::plan::{Changed, Plan};
use crate::settings::{Config, ServerConfig};

/// What has to be done to get from `old` to `new`. A server that is not enabled is as good as none.
pub fn plan(old: &Config, new: &Config) -> Plan {
    let mut plan = Plan::default();
    let (before, after) = (enabled(old), enabled(new));
    for (name, server) in &after {
        let name = (*name).clone();
        match before.get(&name) {
            None => plan.added.push(name),
            Some(old) => {
                let restart = needing_a_start(old, server);
                let adjust = changed(SERVER_ROWS, Effect::AtOnce, old, server);
                match (restart.is_empty(), adjust.is_empty()) {
                    (true, true) => plan.unchanged.push(name),
                    (true, false) => plan.adjusted.push(Changed { server: name, keys: adjust }),
                    (false, _) => {
                        let keys = [restart, adjust].concat();
                        plan.restarted.push(Changed { server: name, keys });
                    }
                }
            }
        }
    }
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    plan.removed = gone.map(|name| (*name).clone()).collect();
    plan.settings = settings(Effect::AtOnce, old, new);
    plan.at_next_start = settings(Effect::AtNextStart, old, new);
    plan
}

fn enabled(config: &Config) -> BTreeMap<&ServerName, &Arc<ServerConfig>> {
    config.servers.iter().filter(|(_, server)| server.enabled).collect()
}

fn changed<S>(rows: &[KeyRow<S>], effect: Effect, old: &S, new: &S) -> Vec<String> {
    let changed = rows.iter().filter(|row| row.has_effect(effect, old, new));
    changed.map(|row| row.key.name.to_owned()).collect()
}

/// Keys outside of `[servers]`.
fn settings(effect: Effect, old: &Config, new: &Config) -> Vec<String> {
    let mut keys = changed(VIEW_ROWS, effect, &old.everybody, &new.everybody);
    keys.extend(changed(TOP_ROWS, effect, old, new));
    let http = changed(HTTP_ROWS, effect, &old.http, &new.http);
    keys.extend(http.into_iter().map(|key| format!("http.{key}")));
    let limits = changed(LIMIT_ROWS, effect, &old.access.limits, &new.access.limits);
    keys.extend(limits.into_iter().map(|key| format!("access.limits.{key}")));
    let approvals = changed(APPROVAL_ROWS, effect, &old.access.approvals, &new.access.approvals);
    keys.extend(approvals.into_iter().map(|key| format!("access.approvals.{key}")));
    let networks = changed(NETWORK_ROWS, effect, &old.access.networks, &new.access.networks);
    keys.extend(networks.into_iter().map(|key| format!("access.networks.{key}")));
    let audit = changed(AUDIT_ROWS, effect, &old.access.audited, &new.access.audited);
    keys.extend(audit.into_iter().map(|key| format!("audit.{key}")));
    let history = changed(HISTORY_ROWS, effect, &old.access.history, &new.access.history);
    keys.extend(history.into_iter().map(|key| format!("history.{key}")));
    let metrics = changed(METRIC_ROWS, effect, &old.access.counted, &new.access.counted);
    keys.extend(metrics.into_iter().map(|key| format!("metrics.{key}")));
    let dashboard = changed(DASHBOARD_ROWS, effect, &old.access.dashboard, &new.access.dashboard);
    keys.extend(dashboard.into_iter().map(|key| format!("dashboard.{key}")));
    // Told as a whole.
    let sections = [
        ("access.tokens", old.access.tokens != new.access.tokens),
        ("access.oidc", old.access.oidc != new.access.oidc),
        ("access.rules", old.access.rules != new.access.rules),
        ("access.approved", old.access.approved != new.access.approved),
        ("clients", !old.said_clients().eq(new.said_clients())),
        ("cache", old.cache != new.cache),
        ("results", old.results != new.results),
        ("recipes", old.recipes != new.recipes),
    ];
    let sections = sections.into_iter().filter(|(_, differs)| *differs && effect == Effect::AtOnce);
    keys.extend(sections.map(|(name, _)| name.to_owned()));
    keys
}

/// Keys that differ and that a process or its connection got at its start.
fn needing_a_start(old: &ServerConfig, new: &ServerConfig) -> Vec<String> {
    let mut keys = changed(SERVER_ROWS, Effect::Restarts, old, new);
    if keys.is_empty() && old.unresolved != new.unresolved {
        // It does not run for want of a value; perhaps it can now.
        let both = old.unresolved.iter().chain(&new.unresolved);
        keys.extend(both.map(|missing| missing.key.clone()));
        keys.sort();
        keys.dedup();
    }
    keys
}
