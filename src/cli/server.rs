//! `callmux server add | remove | list`.
//!
//! They write and remove files of their own in `conf.d`, each with one server in it. What a person wrote
//! is never touched: where that has to change, its place is named.

use std::path::{Path, PathBuf};

use hyper::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::args_daemon::DaemonArgs;
use super::args_server::{AddArgs, ReadyArgs, RemoveArgs, ServersArgs, ServersVerb};
use super::ask::ask;
use super::operate::lines_done;
use super::serve::refuse;
use super::server_ready::{self, Readiness};
use super::server_text::{self, MARK};
use crate::api::{Refusal, path};
use crate::base::{ServerName, file};
use crate::config::{Location, load, show};
use crate::keys::tree::{Table, Value};
use crate::settings::Plan;
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

/// The largest file that callmux may have written, in bytes.
const OURS_MAX: u64 = 1024 * 1024;

pub(super) fn server(args: &ServersArgs) -> Exit {
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::error("there is no home directory; name the config with --config");
        return Exit::Unavailable;
    };
    let done = match &args.verb {
        ServersVerb::Add(args) => add(&location, args),
        ServersVerb::Remove(args) => remove(&location, args),
        ServersVerb::List { json } => list(&location, *json),
    };
    done.unwrap_or_else(|exit| exit)
}

fn failed(message: &str) -> Exit {
    print::error(message);
    Exit::Failed
}

fn parse(name: &str) -> Result<ServerName, Exit> {
    ServerName::parse(name).map_err(|error| {
        print::error(&format!("`{name}`: {error}"));
        Exit::Usage
    })
}

/// The servers as they are written, before anything is made of them.
fn written(location: &Location) -> Result<Table, Exit> {
    let texts = location.texts().map_err(|complaints| refuse(&complaints))?;
    let mut merged = load::merge(&texts).map_err(|complaints| refuse(&complaints))?;
    match merged.remove("servers").map(|servers| servers.value) {
        Some(Value::Table(servers)) => Ok(servers),
        _ => Ok(Table::new()),
    }
}

fn file_of(location: &Location, name: &ServerName) -> Result<PathBuf, Exit> {
    location.dropin(name).ok_or_else(|| {
        let path = location.path().display();
        failed(&format!("the config {path} is one file; write `[servers.{name}]` into it"))
    })
}

fn add(location: &Location, args: &AddArgs) -> Result<Exit, Exit> {
    let name = parse(&args.server)?;
    let path = file_of(location, &name)?;
    let servers = written(location)?;
    if let Some(there) = servers.get(name.as_str()) {
        return Err(failed(&format!("there is a server {name} already, at {}", there.at)));
    }
    if path.symlink_metadata().is_ok() {
        return Err(failed(&format!("{} is there already, without {name} in it", path.display())));
    }
    let (text, told) = server_text::of(&name, args)?;
    let config = location.read_as_if(&path, Some(&text));
    let config = config.map_err(|complaints| refuse(&complaints))?;
    let missing = config.servers.get(&name).map(|server| server.unresolved.as_slice());
    for complaint in missing.unwrap_or_default() {
        print::note(&format!("warning: {complaint}; this server will not start"));
    }
    for line in &told {
        print::note(line);
    }
    if args.dry_run {
        let report = json!({ "name": name.as_str(), "file": shown(&path), "text": text });
        say(args.json, &report, text.trim_end());
        return Ok(Exit::Fine);
    }
    file::replace(&path, text.as_bytes()).map_err(|error| {
        print::error(&format!("{}: {error}", path.display()));
        Exit::System
    })?;
    let verb = "added";
    let (done, ReadyArgs { wait, no_probe, daemon }) = (Done { name, path, verb }, &args.ready);
    // A daemon of another config would never have it.
    let is_daemons = location.is_usual() || daemon.socket.is_some();
    if *wait || !no_probe && is_daemons && server_ready::is_served(daemon) {
        let ready = |name: &_| server_ready::at_daemon(daemon, name).map(Some);
        return finish(&done, Some(daemon), args.json, ready);
    }
    let probed = config.servers.get(&done.name).filter(|_| !no_probe);
    let ready = |name: &_| probed.map(|server| server_ready::by_probe(name, server)).transpose();
    finish(&done, None, args.json, ready)
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
    std::fs::remove_file(&path).map_err(|error| {
        print::error(&format!("{}: {error}", path.display()));
        Exit::System
    })?;
    let verb = "removed";
    let done = Done { name, path, verb };
    finish(&done, args.wait.then_some(&args.daemon), args.json, |_| Ok(None))
}

/// Whether callmux wrote this file, and nothing else was written into it.
fn is_ours(path: &Path, name: &ServerName) -> bool {
    let read = file::read(path, OURS_MAX).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = read else { return false };
    let table = crate::keys::tree::parse(&path.into(), &text, &mut Vec::new());
    let only = |table: &Table, name: &str| table.len() == 1 && table.contains_key(name);
    let servers = table.get("servers").map(|servers| &servers.value);
    text.starts_with(MARK)
        && only(&table, "servers")
        && matches!(servers, Some(Value::Table(servers)) if only(servers, name.as_str()))
}

/// What was done.
struct Done {
    name: ServerName,
    path: PathBuf,
    verb: &'static str,
}

/// Tells it, and waits for the daemon if asked to. `ready`: how the server is then, if that is known.
fn finish(
    done: &Done,
    waits_for: Option<&DaemonArgs>,
    json: bool,
    ready: impl FnOnce(&ServerName) -> Result<Option<Readiness>, Exit>,
) -> Result<Exit, Exit> {
    let Done { name, path, verb } = done;
    let line = format!("{verb} {name}: {}", path.display());
    if !json {
        print::line(&line);
    }
    let plan = waits_for.map(reload).transpose()?;
    if !json {
        plan.iter().flat_map(lines_done).for_each(|line| print::line(&line));
    }
    let ready = ready(name)?;
    if json {
        let mut report = json!({ "name": name.as_str(), "file": shown(path), "done": verb });
        report["plan"] = serde_json::to_value(&plan).unwrap_or_default();
        report["state"] = serde_json::to_value(&ready).unwrap_or_default();
        print::json(&report.to_string());
    } else if let Some(ready) = &ready {
        ready.print(name);
    }
    Ok(ready.map_or(Exit::Fine, |ready| ready.exit()))
}

fn reload(daemon: &DaemonArgs) -> Result<Plan, Exit> {
    let answer = ask(daemon, Method::POST, path::RELOAD)?;
    match answer.status {
        StatusCode::OK => answer.read(),
        StatusCode::UNPROCESSABLE_ENTITY => {
            let Refusal { complaints } = answer.read()?;
            Err(refuse(&complaints))
        }
        _ => Err(answer.unexpected()),
    }
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

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn say(as_json: bool, report: &Json, text: &str) {
    if as_json {
        print::json(&report.to_string());
    } else {
        print::lines(text);
    }
}
