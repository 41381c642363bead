//! Asking every server of the config for its tools, without a daemon.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::task::JoinSet;

use super::serve::refuse;
use crate::api::ToolReport;
use crate::base::ServerName;
use crate::base::runtime::runtime;
use crate::catalog::{Catalog, Entry, OwnTools};
use crate::config::Location;
use crate::servers::{Probe, Server, probe};
use crate::settings::Config;
use crate::terminal::{Exit, print};

/// The name that servers get to know.
const NAME: &str = "callmux-list";

/// The tools as clients are shown them. What goes wrong is printed.
pub(super) fn tools(config: Option<&Path>) -> Result<Vec<ToolReport>, Exit> {
    let Some(location) = Location::chosen(config) else {
        print::error("there is no config, so there are no servers");
        return Err(Exit::Failed);
    };
    let config = location.read().config.map_err(|complaints| refuse(&complaints))?;
    let runtime = runtime().map_err(|error| {
        print::error(&format!("no runtime: {error}"));
        Exit::System
    })?;
    let servers = runtime.block_on(look(&config));
    if servers.is_empty() {
        print::error("no server is usable");
        return Err(Exit::Failed);
    }
    let catalog = Catalog::build(&servers, &config, &OwnTools::default(), None);
    Ok(catalog.tools.entries().iter().map(report).collect())
}

/// Looks at all servers at once; what comes of each that is not to be had is said.
async fn look(config: &Config) -> BTreeMap<ServerName, Server> {
    let mut looks = JoinSet::new();
    for (server, config) in config.servers.iter().filter(|(_, config)| config.enabled) {
        let (server, config) = (server.clone(), config.clone());
        let wanted =
            Probe { server: server.clone(), config: config.clone(), name: NAME, first: None };
        looks.spawn(async move { (server, config, probe(wanted).await) });
    }
    let mut servers = BTreeMap::new();
    while let Some(looked) = looks.join_next().await {
        match looked {
            Ok((name, config, Ok((_, offer)))) => {
                servers.insert(name.clone(), Server::fixed(name, config, offer));
            }
            Ok((name, _, Err(failure))) => print::note(&format!("server {name}: {failure}")),
            Err(error) => print::note(&format!("a look failed: {error}")),
        }
    }
    servers
}

fn report(entry: &Entry) -> ToolReport {
    let described: Option<serde_json::Value> = serde_json::from_str(&entry.item.definition).ok();
    let description = described.as_ref().and_then(|tool| tool["description"].as_str());
    ToolReport {
        name: entry.shown.to_string(),
        server: Some(entry.server.name.to_string()),
        description: description.map(str::to_owned),
    }
}
