//! `callmux server show | test`.

use serde_json::json;

use super::args_server::OneArgs;
use super::serve::refuse;
use super::server_done::{failed, parse, shown, written};
use super::server_ready;
use crate::base::ServerName;
use crate::config::{Location, show as config_show};
use crate::keys::tree::Node;
use crate::packages::owned::is_ours;
use crate::terminal::{Exit, print};

/// Says what the config has of a server.
pub(super) fn show(location: &Location, args: &OneArgs) -> Result<Exit, Exit> {
    let name = parse(&args.server)?;
    let node = node(location, &name)?;
    let is_ours = is_ours(&node.at.file, &name);
    let at = node.at.clone();
    let text = config_show::server(name.as_str(), &node);
    let config = location.read().config.ok();
    let server = config.as_ref().and_then(|config| config.servers.get(&name));
    let missing = server.map(|server| server.unresolved.as_slice()).unwrap_or_default();
    if args.json {
        let said = json!({
            "name": name.as_str(), "file": shown(&at.file), "line": at.line, "text": text,
            "added_by_callmux": is_ours, "enabled": server.map(|server| server.enabled),
            "complaints": missing,
        });
        print::json(&said.to_string());
        return Ok(Exit::Fine);
    }
    print::line(&format!("# {at}"));
    print::lines(text.trim_end());
    for complaint in missing {
        print::note(&format!("warning: {complaint}; this server will not start"));
    }
    Ok(Exit::Fine)
}

fn node(location: &Location, name: &ServerName) -> Result<Node, Exit> {
    let mut servers = written(location)?;
    servers.remove(name.as_str()).ok_or_else(|| failed(&format!("the config has no server {name}")))
}

/// Starts it or dials it, whether or not it is enabled.
pub(super) fn test(location: &Location, args: &OneArgs) -> Result<Exit, Exit> {
    let name = parse(&args.server)?;
    let config = location.read().config.map_err(|complaints| refuse(&complaints))?;
    let server = config.servers.get(&name);
    let server = server.ok_or_else(|| failed(&format!("the config has no server {name}")))?;
    let ready = match server.unresolved.first() {
        Some(complaint) => server_ready::Readiness::NotReady { reason: complaint.to_string() },
        None => server_ready::by_probe(&name, server)?,
    };
    if args.json {
        let said = json!({ "name": name.as_str(), "state": ready });
        print::json(&said.to_string());
    } else {
        ready.print(&name);
    }
    Ok(ready.exit())
}
