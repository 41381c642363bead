//! Which servers are the same, and how each is called.

use std::collections::BTreeSet;
use std::path::Path;

use super::draft::ServerDraft;
use super::notes::{KeyFate, KeyNote};
use crate::base::ServerName;
use crate::base::names::SERVER_NAME_MAX;
use crate::json::Json;
use crate::settings::ServerConfig;
use crate::settings::program::Program;

/// Joins those that start the same program with the same arguments and variables, or ask the same address.
pub(super) fn join(drafts: Vec<ServerDraft>, notes: &mut Vec<KeyNote>) -> Vec<ServerDraft> {
    let mut out: Vec<ServerDraft> = Vec::new();
    for draft in drafts {
        match out.iter_mut().find(|known| is_same(known, &draft)) {
            Some(known) => {
                notes.push(of(
                    &draft,
                    KeyFate::Dropped,
                    format!("it is the same as `{}`", known.name),
                ));
                known.origins.extend(draft.origins);
            }
            None => out.push(draft),
        }
    }
    out
}

/// What is to be told of a server as a whole.
pub(super) fn of(draft: &ServerDraft, fate: KeyFate, why: String) -> KeyNote {
    let origin = draft.origins.first();
    let file = origin.map(|origin| origin.file.display().to_string()).unwrap_or_default();
    let server = origin.map(|origin| origin.name.clone()).unwrap_or_default();
    KeyNote { file, server, key: String::new(), fate, why }
}

fn is_same(one: &ServerDraft, other: &ServerDraft) -> bool {
    let list = |draft: &ServerDraft| draft.get("args").cloned().unwrap_or(Json::Array(Vec::new()));
    let table = |draft: &ServerDraft| match draft.get("env") {
        Some(env) => env.clone().sorted(),
        None => Json::Object(Vec::new()),
    };
    let name = |draft: &ServerDraft| {
        draft.get("command").and_then(Json::as_str).map(|command| file_name(command).to_owned())
    };
    let url = |draft: &ServerDraft| {
        draft.get("url").and_then(Json::as_str).map(|url| url.trim_end_matches('/').to_owned())
    };
    match (url(one), url(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => {
            name(one) == name(other)
                && list(one) == list(other)
                && table(one) == table(other)
                && one.get("cwd") == other.get("cwd")
        }
        _ => false,
    }
}

fn file_name(command: &str) -> &str {
    Path::new(command).file_name().and_then(|name| name.to_str()).unwrap_or(command)
}

/// Whether a server that callmux has is the same as one that is imported, with all references in both
/// replaced. `PATH` is what a shell made of it.
pub(super) fn is_known(known: &ServerConfig, new: &ServerConfig) -> bool {
    match (&known.remote.url, &new.remote.url) {
        (Some(known), Some(new)) => {
            known.expose().trim_end_matches('/') == new.expose().trim_end_matches('/')
        }
        (None, None) => {
            let (a, b) = (&known.program, &new.program);
            let env = |program: &Program| -> Vec<(String, String)> {
                let pairs = program.env.iter().filter(|(name, _)| name.as_str() != "PATH");
                pairs.map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
            };
            file_name(a.command.expose()) == file_name(b.command.expose())
                && a.args == b.args
                && a.cwd == b.cwd
                && env(a) == env(b)
        }
        _ => false,
    }
}

/// A name that is still free, as like to the wanted one as can be.
pub(super) fn free_name(wanted: &str, taken: &BTreeSet<String>) -> String {
    let wanted = if ServerName::parse(wanted).is_ok() { wanted } else { "server" };
    let numbered = (2..).map(|number| {
        let end = format!("-{number}");
        let start: String = wanted.chars().take(SERVER_NAME_MAX - end.len()).collect();
        format!("{start}{end}")
    });
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}
