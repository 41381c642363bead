//! What the verbs of `callmux server` have in common.

use std::path::{Path, PathBuf};

use hyper::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::args_daemon::DaemonArgs;
use super::ask::ask;
use super::operate::lines_done;
use super::serve::refuse;
use super::server_ready::Readiness;
use crate::api::path;
use crate::base::ServerName;
use crate::config::{Location, load};
use crate::keys::tree::{Table, Value};
use crate::settings::Plan;
use crate::terminal::{Exit, print};

pub(super) fn failed(message: &str) -> Exit {
    print::error(message);
    Exit::Failed
}

pub(super) fn parse(name: &str) -> Result<ServerName, Exit> {
    ServerName::parse(name).map_err(|error| {
        print::error(&format!("`{name}`: {error}"));
        Exit::Usage
    })
}

/// The servers as they are written, before anything is made of them.
pub(super) fn written(location: &Location) -> Result<Table, Exit> {
    let texts = location.texts().map_err(|complaints| refuse(&complaints))?;
    let mut merged = load::merge(&texts).map_err(|complaints| refuse(&complaints))?;
    match merged.remove("servers").map(|servers| servers.value) {
        Some(Value::Table(servers)) => Ok(servers),
        _ => Ok(Table::new()),
    }
}

/// What was done.
pub(super) struct Done {
    pub(super) name: ServerName,
    pub(super) path: PathBuf,
    pub(super) verb: &'static str,
}

/// Tells it, and waits for the daemon if asked to; gives the report for programs. `ready`: how the server is
/// then, if that is known.
pub(super) fn finish(
    done: &Done,
    waits_for: Option<&DaemonArgs>,
    json: bool,
    ready: impl FnOnce(&ServerName) -> Result<Option<Readiness>, Exit>,
) -> Result<(Exit, Json), Exit> {
    let Done { name, path, verb } = done;
    if !json {
        print::line(&format!("{verb} {name}: {}", path.display()));
    }
    let plan = waits_for.map(reload).transpose()?;
    if !json {
        plan.iter().flat_map(lines_done).for_each(|line| print::line(&line));
    }
    let ready = ready(name)?;
    if !json && let Some(ready) = &ready {
        ready.print(name);
    }
    let mut report = json!({ "name": name.as_str(), "file": shown(path), "done": verb });
    report["plan"] = serde_json::to_value(&plan).unwrap_or_default();
    report["state"] = serde_json::to_value(&ready).unwrap_or_default();
    Ok((ready.map_or(Exit::Fine, |ready| ready.exit()), report))
}

fn reload(daemon: &DaemonArgs) -> Result<Plan, Exit> {
    let answer = ask(daemon, Method::POST, path::RELOAD)?;
    match answer.status {
        StatusCode::OK => answer.read(),
        StatusCode::UNPROCESSABLE_ENTITY => {
            let complaints = answer.complaints()?;
            Err(refuse(&complaints))
        }
        _ => Err(answer.unexpected()),
    }
}

pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

pub(super) fn say(as_json: bool, report: &Json, text: &str) {
    if as_json {
        print::json(&report.to_string());
    } else {
        print::lines(text);
    }
}
