use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::World;
use crate::access::{Action, ActionKind, ClientName, Gate, Subject};
use crate::base::random::Jitter;
use crate::base::{Principal, ServerName};
use crate::catalog::OwnTools;
use crate::servers::{Offer, Server};
use crate::settings::access::Rule;
use crate::settings::{Access, NamePatterns, RuleEffect, sample};
use crate::wire::{Era, ListKind};

const SERVERS: u64 = 10;
const TOOLS: u64 = 50;
const POLICIES: usize = 1_000;

async fn world() -> World {
    let server = |number: u64| {
        let definition =
            |tool: u64| format!(r#"{{"inputSchema":{{"type":"object"}},"name":"t{tool}"}}"#);
        let tools: Vec<String> = (0..TOOLS).map(definition).collect();
        let page = format!(r#"{{"tools":[{}]}}"#, tools.join(","));
        let offer = Offer::from_pages(&[(ListKind::Tools, &page)]);
        let name = ServerName::parse(&format!("s{number}")).unwrap();
        (name.clone(), Server::fixed(name, Arc::new(sample::server(&["x"])), offer))
    };
    let servers: BTreeMap<_, _> = (0..SERVERS).map(server).collect();
    let (config, own) = (Arc::new(sample::config()), Arc::new(OwnTools::default()));
    World::new(config, servers, own, None).refreshed(Instant::now()).await
}

/// Up to eight rules about some of three users, some clients, some servers and some tools.
fn policy(chance: &mut Jitter) -> Access {
    let mut below = |most: u64| chance.next() % most;
    let one = |text: String| Some(NamePatterns::new(vec![text]));
    let count = 1 + below(8);
    let rule = |number: u64| {
        let name = match below(4) {
            0 => format!("s{}__t{}", below(SERVERS), below(TOOLS)),
            1 => format!("s{}__*", below(SERVERS)),
            2 => format!("*__t{}*", below(10)),
            _ => "*".to_owned(),
        };
        let mut perhaps = |text: String| if below(2) == 0 { None } else { one(text) };
        let (principals, tools) = (perhaps("user:1".to_owned()), perhaps(name));
        let clients = perhaps("claude*".to_owned()).filter(|_| number.is_multiple_of(3));
        let servers = perhaps(format!("s{number}"));
        let effect = if below(2) == 0 { RuleEffect::Allow } else { RuleEffect::Deny };
        let id = number.to_string();
        Rule { id, principals, clients, servers, tools, effect, ..Rule::default() }
    };
    Access { rules: (0..count).map(rule).collect(), ..Access::default() }
}

/// The names in all pages of the list.
fn listed(world: &World, subject: Subject<'_>) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let list = (ListKind::Tools, None);
        let page = world.page(subject, list, cursor.as_deref(), Era::Legacy).unwrap();
        let page: serde_json::Value = serde_json::from_slice(&page).unwrap();
        let tools = page["tools"].as_array().unwrap().iter();
        names.extend(tools.map(|tool| tool["name"].as_str().unwrap().to_owned()));
        match &page["nextCursor"] {
            serde_json::Value::Null => return names,
            next => cursor = Some(next.to_string()),
        }
    }
}

#[tokio::test]
async fn what_is_listed_is_exactly_what_may_be_called() {
    let (world, mut chance) = (world().await, Jitter::seeded(16));
    let entries = world.catalog.tools.entries();
    assert_eq!(entries.len() as u64, SERVERS * TOOLS);
    let (mut some, mut none) = (0, 0);
    for number in 0..POLICIES {
        let access = policy(&mut chance);
        let world = world.clone().under(Gate::default().with(access.clone()));
        let principal = Principal::user(if number % 2 == 0 { 1 } else { 2 });
        let client = ClientName::Read(if number % 3 == 0 { "claude-code" } else { "codex" });
        let subject = Subject { principal: &principal, client };
        let names = listed(&world, subject);
        let may_call = |entry: &&crate::catalog::Entry| {
            let (server, own) = (Some(&entry.server.name), &*entry.item.name);
            let action = Action::new(ActionKind::Tool, server, own).shown_as(&entry.shown);
            world.gate.admit(subject, action).is_ok()
        };
        let callable: Vec<&str> =
            entries.iter().filter(may_call).map(|entry| &*entry.shown).collect();
        assert_eq!(names, callable, "{access:?}");
        assert_eq!(names, listed(&world, subject), "the same text each time");
        // A server is known to who may have anything of it.
        let of_servers: BTreeSet<&str> = callable
            .iter()
            .filter_map(|name| name.split_once("__"))
            .map(|(server, _)| server)
            .collect();
        let known = |server: &&str| world.sees_server(subject, &ServerName::parse(server).unwrap());
        assert!(of_servers.iter().all(known), "{access:?}");
        if names.is_empty() { none += 1 } else { some += 1 }
    }
    assert!(some > 100 && none > 100, "{some} {none}");
}
