//! What we say of the servers when we introduce ourselves: what they can, and what agents are to know.

use serde_json::{Map, Value, json};

use crate::access::Subject;
use crate::base::clip;
use crate::catalog::INSTRUCTIONS_MAX;
use crate::catalog::fair_share::share;
use crate::pins::PinKind;
use crate::wire::capabilities::TASKS_EXTENSION;
use crate::wire::{Era, Topic};
use crate::world::World;

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
    let own = crate::meta::instructions::session(world.config.view(client));
    match (own, of_servers(world, subject)) {
        (Some(own), Some(servers)) => Some(format!("{own}\n\n{servers}")),
        (own, servers) => own.or(servers),
    }
}

fn of_servers(world: &World, subject: Subject<'_>) -> Option<String> {
    let text = |server: &crate::servers::Server| {
        if server.holds(PinKind::Instructions, "") {
            return None;
        }
        let offer = server.status().offer.clone()?;
        offer.instructions.as_deref().map(str::to_owned)
    };
    let texts: Vec<(String, String)> = world
        .servers
        .values()
        .filter(|server| world.sees_server(subject, &server.name))
        .filter_map(|server| Some((server.name.to_string(), text(server)?)))
        .collect();
    let share = share(texts.iter().map(|(_, text)| text.len()).collect(), INSTRUCTIONS_MAX);
    let texts: Vec<(String, String)> =
        texts.into_iter().map(|(name, text)| (name, begun(text, share))).collect();
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

/// As much of the instructions as there is room for.
fn begun(text: String, max: usize) -> String {
    if text.len() <= max {
        return text;
    }
    format!("{} … [cut by callmux: the whole has {} bytes]", clip::start(&text, max), text.len())
}
