//! What we say of the servers when we introduce ourselves: what they can, and what agents are to know.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::access::{ActionKind, Subject};
use crate::base::clip;
use crate::catalog::INSTRUCTIONS_MAX;
use crate::catalog::fair_share::share;
use crate::compression::cut;
use crate::instructions::servers::parts;
use crate::instructions::{ServerAbout, session};
use crate::wire::capabilities::TASKS_EXTENSION;
use crate::wire::{Era, Topic};
use crate::world::{World, instructions as instructions_of};

/// What the servers can together, in the words of an era. That there are tools is always said, since
/// a server may still bring them.
pub fn capabilities(world: &World, era: Era) -> Value {
    let offers: Vec<_> =
        world.servers.values().filter_map(|server| server.status().offer.clone()).collect();
    let any = |can: fn(&crate::wire::ServerCapabilities) -> bool| {
        offers.iter().any(|offer| can(&offer.capabilities))
    };
    let mut all = Map::new();
    for topic in Topic::ALL {
        if topic == Topic::Tools || offers.iter().any(|offer| offer.capabilities.has(topic)) {
            all.insert(topic.capability().to_owned(), json!({ "listChanged": true }));
        }
    }
    if any(|can| can.has(Topic::Resources) && can.has_subscriptions) {
        all["resources"]["subscribe"] = json!(true);
    }
    if any(|can| can.has_completions) {
        all.insert("completions".to_owned(), json!({}));
    }
    if any(|can| can.has_logging) {
        all.insert("logging".to_owned(), json!({}));
    }
    match era {
        Era::Legacy if any(|can| can.has_tasks) => {
            let mut tasks = json!({ "requests": { "tools": { "call": {} } } });
            if any(|can| can.lists_tasks) {
                tasks["list"] = json!({});
            }
            if any(|can| can.cancels_tasks) {
                tasks["cancel"] = json!({});
            }
            all.insert("tasks".to_owned(), tasks);
        }
        Era::Modern => {
            if any(|can| can.has_task_extension) {
                all.insert("extensions".to_owned(), json!({ TASKS_EXTENSION: {} }));
            }
        }
        Era::Legacy => {}
    }
    Value::Object(all)
}

/// What the servers want agents to know, each under its name; a single server's as it is. Before it,
/// what the client of this name has to know of us.
pub fn instructions(world: &World, subject: Subject<'_>, client: &str) -> Option<String> {
    let place = world.config.client(client);
    let menu = world.catalog.menu(place);
    let own = menu.and_then(|menu| session(menu, || about(world, subject)));
    // Who finds tools by search is told the rest with those.
    let is_begun = own.is_some();
    let max = if world.config.view(client).defers {
        CUT_AT.saturating_sub(own.as_deref().map_or(0, |own| own.len() + 2))
    } else {
        INSTRUCTIONS_MAX
    };
    match (own, of_servers(world, subject, max, is_begun)) {
        (Some(own), Some(servers)) => Some(format!("{own}\n\n{servers}")),
        (own, servers) => own.or(servers),
    }
}

/// Where the client that loads tools on demand cuts what a server tells it, in bytes. All of ours are one to
/// it: each gets its share, instead of the first ones all.
const CUT_AT: usize = 2000;
/// What stands before each server's share, about, in bytes.
const HEADING: usize = 40;

/// The servers with tools that somebody may call.
fn about(world: &World, subject: Subject<'_>) -> Vec<ServerAbout> {
    let entries = world.catalog.tools.entries();
    let servers = world.servers.values().filter(|it| world.sees_server(subject, &it.name));
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for entry in entries.iter().filter(|entry| world.sees(subject, ActionKind::Tool, entry)) {
        *counts.entry(entry.server.name.as_str()).or_default() += 1;
    }
    let about = servers.map(|server| ServerAbout {
        name: server.name.to_string(),
        tools: counts.get(server.name.as_str()).copied().unwrap_or_default(),
        description: server.config.description.clone(),
    });
    about.filter(|about| about.tools > 0).collect()
}

/// `is_begun`: no more than the beginning of each.
fn of_servers(world: &World, subject: Subject<'_>, max: usize, is_begun: bool) -> Option<String> {
    let texts: Vec<(String, String)> = world
        .servers
        .values()
        .filter(|server| world.sees_server(subject, &server.name))
        .filter_map(|server| Some((server.name.to_string(), instructions_of(server)?)))
        .collect();
    let max = max.saturating_sub(if max < INSTRUCTIONS_MAX { texts.len() * HEADING } else { 0 });
    let share = share(texts.iter().map(|(_, text)| text.len()).collect(), max);
    let shown = |text: String| match parts(&text, share) {
        (beginning, rest) if is_begun && !rest.is_empty() => format!("{beginning} {MORE}"),
        _ => begun(text, share),
    };
    let texts: Vec<(String, String)> =
        texts.into_iter().map(|(name, text)| (name, shown(text))).collect();
    match texts.as_slice() {
        [] => None,
        [(_, text)] if world.servers.len() == 1 => Some(text.clone()),
        texts => {
            let paragraphs: Vec<String> =
                texts.iter().map(|(name, text)| format!("# {name}\n{text}")).collect();
            Some(paragraphs.join("\n\n"))
        }
    }
}

/// What stands for the rest of a server's instructions.
const MORE: &str = "[more with its tools]";

/// As much of the instructions as there is room for.
fn begun(text: String, max: usize) -> String {
    if text.len() <= max {
        return text;
    }
    // Whole sentences where one fits.
    let shown =
        cut(clip::start(&text, max), clip::start(&text, max).chars().count().saturating_sub(1));
    format!("{shown} [cut by callmux: the whole has {} bytes]", text.len())
}
