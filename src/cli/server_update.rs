//! `callmux server update`.

use std::io::IsTerminal;

use super::args_server::UpdateArgs;
use super::serve::refuse;
use super::server_add::registries;
use super::server_done::{failed, parse, written};
use crate::base::{ServerName, dirs};
use crate::config::Location;
use crate::keys::tree::{Node, Table, Value};
use crate::packages::bundle::BUNDLES;
use crate::terminal::{Exit, print};
use crate::updates::{UpdateError, UpdateMode, UpdatePlace, UpdateReport, UpdateWishes};

pub(super) fn update(location: &Location, args: &UpdateArgs) -> Result<Exit, Exit> {
    let mode = match (args.check, args.yes) {
        (true, _) => UpdateMode::Look,
        (false, true) => UpdateMode::Do,
        (false, false) => UpdateMode::Ask,
    };
    if mode == UpdateMode::Ask && (args.json || !std::io::stdin().is_terminal()) {
        print::error("nobody can be asked here; say --check to look only, or --yes");
        return Err(Exit::Usage);
    }
    let servers = written(location)?;
    let names = meant(&servers, args)?;
    let place = UpdatePlace {
        location,
        config: location.read().config.map_err(|complaints| refuse(&complaints))?,
        registries: registries(&args.registries),
        bundles: dirs::data().map(|dir| dir.join(BUNDLES)),
    };
    let wishes = UpdateWishes { mode, json: args.json, are_named: !args.servers.is_empty() };
    let (mut exit, mut reports) = (Exit::Fine, Vec::<UpdateReport>::new());
    for name in names {
        let Some(node) = servers.get(name.as_str()) else { continue };
        let report = place.one(&name, &node.at.file, wishes).map_err(|error| told(&error))?;
        if !report.is_pinned() && !wishes.are_named {
            continue;
        }
        // What went wrong counts for more than what is left to do.
        let one = report.exit();
        if exit == Exit::Fine || (exit == Exit::Outstanding && one != Exit::Fine) {
            exit = one;
        }
        reports.push(report);
    }
    if args.json {
        print::json(&serde_json::to_string(&reports).unwrap_or_default());
    } else if reports.is_empty() {
        print::line("no server is pinned to a version; `callmux server add npm:NAME` pins one");
    }
    Ok(exit)
}

/// The servers that are named, else those that are enabled.
fn meant(servers: &Table, args: &UpdateArgs) -> Result<Vec<ServerName>, Exit> {
    if args.servers.is_empty() {
        let is_on = |node: &Node| match &node.value {
            Value::Table(keys) => {
                !matches!(keys.get("enabled").map(|node| &node.value), Some(Value::Bool(false)))
            }
            _ => false,
        };
        let on = servers.iter().filter(|(_, node)| is_on(node));
        return Ok(on.filter_map(|(name, _)| ServerName::parse(name).ok()).collect());
    }
    let named = args.servers.iter().map(|name| {
        let name = parse(name)?;
        if servers.contains_key(name.as_str()) {
            Ok(name)
        } else {
            Err(failed(&format!("the config has no server {name}")))
        }
    });
    named.collect()
}

fn told(error: &UpdateError) -> Exit {
    match error {
        UpdateError::Config(complaints) => refuse(complaints),
        UpdateError::Runtime(_) => {
            print::error(&error.to_string());
            Exit::System
        }
        UpdateError::File(_) => failed(&error.to_string()),
    }
}
