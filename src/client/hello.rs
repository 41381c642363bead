//! How we introduce ourselves: the results of `initialize` and `server/discover`.

use rmcp::model::{
    DiscoverResult, Implementation, InitializeResult, ProtocolVersion, ServerCapabilities,
};
use serde_json::{Map, Value, json};

use crate::access::Subject;
use crate::base::{clip, share};
use crate::catalog::INSTRUCTIONS_MAX;
use crate::mux::World;
use crate::wire::capabilities::TASKS_EXTENSION;
use crate::wire::{Era, Revision, Topic};

fn implementation() -> Implementation {
    let mut implementation = Implementation::new("callmux", env!("CARGO_PKG_VERSION"));
    implementation.title = Some("callmux".to_owned());
    implementation
}

fn version(revision: Revision) -> ProtocolVersion {
    let text = serde_json::Value::from(revision.as_str());
    serde_json::from_value(text).expect("a protocol version is a text")
}

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

/// What is said of a daemon that cannot be asked.
pub fn least_capabilities() -> Value {
    json!({ "tools": { "listChanged": true } })
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

/// The result of `initialize`, as JSON.
pub fn initialize(
    capabilities: &Value,
    instructions: Option<String>,
    revision: Revision,
) -> String {
    let mut result = InitializeResult::new(ServerCapabilities::default())
        .with_server_info(implementation())
        .with_protocol_version(version(revision));
    result.instructions = instructions;
    with_capabilities(serde_json::to_value(&result), capabilities)
}

/// The result of `server/discover`, as JSON.
pub fn discover(capabilities: &Value, instructions: Option<String>) -> String {
    let versions = Revision::ALL.into_iter().map(version).collect();
    let mut result = DiscoverResult::new(versions, ServerCapabilities::default())
        .with_server_info(implementation());
    result.instructions = instructions;
    with_capabilities(serde_json::to_value(&result), capabilities)
}

/// rmcp's model has no tasks of 2025-11-25.
fn with_capabilities(result: serde_json::Result<Value>, capabilities: &Value) -> String {
    let mut result = result.expect("our own result is JSON");
    result["capabilities"] = capabilities.clone();
    result.to_string()
}

#[cfg(test)]
mod tests {
    use super::{discover, initialize, least_capabilities};
    use crate::wire::Revision;

    #[test]
    fn both_results_have_their_required_members() {
        let result: serde_json::Value =
            serde_json::from_str(&initialize(&least_capabilities(), None, Revision::V2025_06_18))
                .unwrap();
        assert_eq!(result["protocolVersion"], "2025-06-18");
        assert_eq!(result["serverInfo"]["name"], "callmux");
        assert_eq!(result["capabilities"]["tools"]["listChanged"], true);
        let result: serde_json::Value =
            serde_json::from_str(&discover(&least_capabilities(), None)).unwrap();
        assert_eq!(result["supportedVersions"][0], "2026-07-28");
        assert_eq!(
            (&result["resultType"], &result["cacheScope"]),
            (&"complete".into(), &"private".into())
        );
        assert!(result["ttlMs"].is_number());
    }
}
