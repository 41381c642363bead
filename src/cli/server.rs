//! `callmux server …`.
//!
//! `add` and `remove` write and remove files of their own in `conf.d`, each with one server in it. What a person
//! wrote is only touched by `set`, `enable` and `disable`, key by key, after they saw it.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::args_server::{RemoveArgs, ServersArgs, ServersVerb};
use super::serve::refuse;
use super::server_done::{Done, failed, finish, parse, say, shown, written};
use super::{server_add, server_set, server_show, server_update};
use crate::base::{ServerName, dirs};
use crate::config::{Location, show};
use crate::keys::tree::Value;
use crate::packages::bundle::{self, BUNDLES};
use crate::packages::owned::{is_ours, secrets_of};
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

pub(super) fn server(args: &ServersArgs) -> Exit {
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::error("there is no home directory; name the config with --config");
        return Exit::Unavailable;
    };
    let done = match &args.verb {
        ServersVerb::Add(args) => server_add::add(&location, args),
        ServersVerb::Remove(args) => remove(&location, args),
        ServersVerb::List { json } => list(&location, *json),
        ServersVerb::Show(args) => server_show::show(&location, args),
        ServersVerb::Test(args) => server_show::test(&location, args),
        ServersVerb::Update(args) => server_update::update(&location, args),
        ServersVerb::Set(args) => server_set::set(&location, args),
        ServersVerb::Enable(args) => server_set::switch(&location, args, true),
        ServersVerb::Disable(args) => server_set::switch(&location, args, false),
    };
    done.unwrap_or_else(|exit| exit)
}

fn remove(location: &Location, args: &RemoveArgs) -> Result<Exit, Exit> {
    let name = parse(&args.server)?;
    let servers = written(location)?;
    let Some(there) = servers.get(name.as_str()) else {
        return Err(failed(&format!("the config has no server {name}")));
    };
    let path = there.at.file.to_path_buf();
    if !is_ours(&path, &name) || location.dropin(&name).as_ref() != Some(&path) {
        let message = "callmux did not write it, or it holds more than that; edit the file";
        return Err(failed(&format!("server {name} is at {}: {message}", there.at)));
    }
    location.read_as_if(&path, None).map_err(|complaints| refuse(&complaints))?;
    if args.dry_run {
        let report = json!({ "name": name.as_str(), "file": shown(&path) });
        say(args.json, &report, &format!("would remove {}", path.display()));
        return Ok(Exit::Fine);
    }
    let broken = |path: &Path, error| {
        print::error(&format!("{}: {error}", path.display()));
        Exit::System
    };
    let secrets = secrets_of(&path, &name);
    std::fs::remove_file(&path).map_err(|error| broken(&path, error))?;
    if let Some(bundles) = dirs::data().map(|dir| dir.join(BUNDLES)) {
        bundle::forget(&bundles, name.as_str()).map_err(|error| broken(&bundles, error))?;
    }
    if !secrets.is_empty() {
        print::note(&format!("its secrets stay in {}", secrets.join(", ")));
    }
    let verb = "removed";
    let done = Done { name, path, verb };
    let (exit, report) = finish(&done, args.wait.then_some(&args.daemon), args.json, |_| Ok(None))?;
    if args.json {
        print::json(&report.to_string());
    }
    Ok(exit)
}

fn list(location: &Location, as_json: bool) -> Result<Exit, Exit> {
    let servers = written(location)?;
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for (name, node) in &servers {
        let Value::Table(keys) = &node.value else { continue };
        let text = |key: &str| match keys.get(key).map(|node| &node.value) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let is_off = matches!(keys.get("enabled").map(|n| &n.value), Some(Value::Bool(false)));
        let (command, url) = (text("command"), text("url").map(show::url));
        let is_ours = ServerName::parse(name).is_ok_and(|name| is_ours(&node.at.file, &name));
        let what = url.as_deref().or(command).unwrap_or("-").to_owned();
        let state = if is_off { "disabled" } else { "enabled" };
        rows.push([name.clone(), state.to_owned(), what, node.at.to_string()]);
        all.push(json!({
            "name": name, "enabled": !is_off, "command": command, "url": url,
            "file": shown(&node.at.file), "line": node.at.line, "added_by_callmux": is_ours,
        }));
    }
    if as_json {
        print::json(&Json::from(all).to_string());
    } else if !rows.is_empty() {
        let look = |column, _: &str| if column == 0 { Style::Bold } else { Style::Plain };
        print::table(["SERVER", "STATE", "WHAT", "WHERE"], &rows, look, &[]);
    }
    Ok(Exit::Fine)
}
