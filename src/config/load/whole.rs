//! The whole of a config, from its merged tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::common::Common;
use super::named::Named;
use super::{access, agents, http, recipes, server};
use crate::base::ServerName;
use crate::keys::reference::{self, Sources};
use crate::keys::section::Section;
use crate::keys::tree::{Node, Table, Value};
use crate::keys::{self, KeyRow};
use crate::settings::SHELL_CLIENT;
use crate::settings::complaint::{Complaint, Place};
use crate::settings::config::Config;
use crate::settings::view::ClientConfig;
use crate::settings::view::DEFERRING;

/// Everything that is wrong, or the config.
pub(super) fn typed(table: Table, sources: &Sources) -> Result<Config, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let mut unresolved = Vec::new();
    let nowhere = Place::of_file(&Path::new("config.toml").into());
    let root = Node { at: nowhere.clone(), value: Value::Table(table) };
    let mut top = Section::new(String::new(), root, keys::TOP, sources, &mut complaints);
    let empty = || Node { at: nowhere.clone(), value: Value::Table(Table::new()) };
    let http_node = top.take("http").unwrap_or_else(empty);
    let servers_node = top.take("servers").unwrap_or_else(empty);
    reference::run_programs(&servers_node, sources);
    let mut take = |name| top.take(name).unwrap_or_else(empty);
    let (cache_node, results_node) = (take("cache"), take("results"));
    let (clients_node, recipes_node) = (take("clients"), take("recipes"));
    let (access_node, audit_node) = (take("access"), take("audit"));
    let (metrics_node, dashboard_node) = (take("metrics"), take("dashboard"));
    let history_node = take("history");
    let mut config = Config {
        everybody: agents::view(&mut top, None),
        file_roots: agents::roots(&mut top),
        ..Config::default()
    };
    for row in keys::TOP_ROWS {
        row.read(&mut top, &mut config);
    }
    let common = Common::read(&mut top);
    unresolved.extend(top.finish());
    let mut part = |name: &str, node, keys| {
        let section = Section::new(name.into(), node, keys, sources, &mut complaints);
        let (caps, missing) = agents::caps(section);
        unresolved.extend(missing);
        caps
    };
    config.cache = part("cache", cache_node, keys::CACHE);
    config.results = part("results", results_node, keys::RESULTS);
    let mut named = Named { sources, complaints: &mut complaints, unresolved: &mut unresolved };
    config.clients = agents::clients(clients_node, &config.everybody, &mut named);
    add_usual_clients(&mut config);
    config.recipes = recipes::read(recipes_node, &mut named);
    config.access = access::read(access_node, &mut named);
    let section = Section::new("http".into(), http_node, keys::HTTP, sources, &mut complaints);
    unresolved.extend(http::read(section, &mut config, sources));
    let mut section =
        Section::new("audit".into(), audit_node, keys::AUDIT, sources, &mut complaints);
    for row in keys::AUDIT_ROWS {
        row.read(&mut section, &mut config.access.audited);
    }
    if config.access.audited.required && !config.access.audited.file {
        let at = section.place("required");
        section.complain(at, "required", "there is no audit file; write `file = true` beside it");
    }
    unresolved.extend(section.finish());
    let section =
        Section::new("history".into(), history_node, keys::HISTORY, sources, &mut complaints);
    unresolved.extend(read_rows(keys::HISTORY_ROWS, section, &mut config.access.history));
    let section =
        Section::new("metrics".into(), metrics_node, keys::METRICS, sources, &mut complaints);
    unresolved.extend(read_rows(keys::METRIC_ROWS, section, &mut config.access.counted));
    let section =
        Section::new("dashboard".into(), dashboard_node, keys::DASHBOARD, sources, &mut complaints);
    unresolved.extend(read_rows(keys::DASHBOARD_ROWS, section, &mut config.access.dashboard));
    read_servers(servers_node, &mut config, &common, sources, &mut complaints);
    let names =
        config.servers.values().flat_map(|server| server.remote.forward_headers.iter().cloned());
    let names: BTreeSet<String> = names.collect();
    config.http.forwarded = names.into_iter().collect();
    // Outside of `[servers.…]` there is nothing that could start without its value.
    complaints.extend(unresolved);
    complaints.sort();
    if complaints.is_empty() { Ok(config) } else { Err(complaints) }
}

/// Reads a section of which every key is a field. What comes back could not be resolved.
fn read_rows<S>(rows: &[KeyRow<S>], mut section: Section<'_>, to: &mut S) -> Vec<Complaint> {
    for row in rows {
        row.read(&mut section, to);
    }
    section.finish()
}

fn read_servers(
    node: Node,
    config: &mut Config,
    common: &Common,
    sources: &Sources,
    complaints: &mut Vec<Complaint>,
) {
    let Value::Table(servers) = node.value else {
        let message = format!(
            "must be a table, not {}; write `[servers.NAME]` above the keys of each",
            node.value.title()
        );
        complaints.push(Complaint { at: node.at, key: "servers".into(), message });
        return;
    };
    let mut prefixes: BTreeMap<String, Place> = BTreeMap::new();
    for (name, node) in servers {
        let (path, at) = (format!("servers.{name}"), node.at.clone());
        if keys::SERVER.iter().any(|key| key.name == name) && !matches!(node.value, Value::Table(_))
        {
            let message = "is no server; write `[servers.NAME]` above the keys of each".to_owned();
            complaints.push(Complaint { at, key: path, message });
            continue;
        }
        let section = Section::new(path.clone(), node, keys::SERVER, sources, complaints);
        let server = server::read(section, config, common);
        let prefix = server.policy.prefix.clone().unwrap_or_else(|| name.clone());
        if server.enabled
            && !prefix.is_empty()
            && let Some(other) = prefixes.insert(prefix.clone(), at.clone())
        {
            let message = format!("the prefix `{prefix}` is also that of the server at {other}");
            complaints.push(Complaint { at: at.clone(), key: path.clone(), message });
        }
        match ServerName::parse(&name) {
            Ok(name) => {
                config.servers.insert(name, Arc::new(server));
            }
            Err(error) => complaints.push(Complaint { at, key: path, message: error.to_string() }),
        }
    }
}

/// Adds what holds of some clients where the config says nothing about them.
fn add_usual_clients(config: &mut Config) {
    if config.clients.iter().all(|client| client.name != SHELL_CLIENT) {
        config.clients.push(ClientConfig::of_shell());
    }
    if config.client(DEFERRING).is_none() {
        config.clients.push(ClientConfig::of_deferring(&config.everybody));
    }
}
