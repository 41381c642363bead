use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::World;
use crate::access::{Action, ActionKind, ClientName, Gate, NotAdmitted, Subject};
use crate::base::random::Jitter;
use crate::base::{Principal, ServerName};
use crate::catalog::OwnTools;
use crate::servers::{Offer, Server};
use crate::settings::access::{AccessToken, Rule, RuleLimits, TokenHash};
use crate::settings::{Access, Config, Exposure, NamePatterns, RuleEffect, View, sample};
use crate::wire::{Era, ListKind};

const SERVERS: u64 = 10;
const TOOLS: u64 = 50;
const POLICIES: usize = 1_000;

/// All tools are listed, however many they are.
fn config() -> Config {
    let config = sample::config();
    let everybody = View { exposure: Exposure::Full, ..config.everybody };
    Config { everybody, ..config }
}

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
    let (config, own) = (Arc::new(config()), Arc::new(OwnTools::default()));
    World::new(config, servers, own, None).refreshed(Instant::now()).await
}

/// Up to eight rules about some of three users, some clients, some servers and some tools, some with limits.
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
        let effect = [RuleEffect::Allow, RuleEffect::Ask, RuleEffect::Deny, RuleEffect::Deny]
            [usize::try_from(below(4)).unwrap()];
        let has_limit = effect != RuleEffect::Deny && below(3) == 0;
        let limits = RuleLimits {
            calls_per_minute: has_limit.then(|| 1 + below(200)),
            in_flight: has_limit.then(|| 1 + below(3)),
        };
        let id = number.to_string();
        Rule { id, principals, clients, servers, tools, effect, limits, ..Rule::default() }
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

#[tokio::test(start_paused = true)]
async fn what_is_listed_is_exactly_what_may_be_called() {
    let (world, mut chance) = (world().await, Jitter::seeded(16));
    let entries = world.catalog.tools.entries();
    assert_eq!(entries.len() as u64, SERVERS * TOOLS);
    let (mut some, mut none, mut asked, mut limited) = (0, 0, 0, 0);
    for number in 0..POLICIES {
        let access = policy(&mut chance);
        let world = world.clone().under(Gate::default().with(access.clone()));
        let principal = Principal::user(if number % 2 == 0 { 1 } else { 2 });
        let client = ClientName::Read(if number % 3 == 0 { "claude-code" } else { "codex" });
        let subject = Subject { principal: &principal, client };
        let names = listed(&world, subject);
        let rule_of = |id: &str| access.rules.iter().find(|rule| rule.id == id).unwrap();
        // How many calls each rule let in, and how many came too early for it.
        let mut calls: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut may_call = |entry: &&crate::catalog::Entry| {
            let (server, own) = (Some(&entry.server.name), &*entry.item.name);
            let action = Action::new(ActionKind::Tool, server, own).shown_as(&entry.shown);
            let decides = world.gate.verdict(subject, action).ok().flatten();
            let effect = decides.map(|rule| rule.effect);
            let of_rule = calls.entry(decides.map_or("", |rule| &rule.id).to_owned()).or_default();
            match world.gate.admit(subject, action) {
                Ok(_) => {
                    of_rule.0 += 1;
                    assert_eq!(effect, Some(RuleEffect::Allow), "{access:?}");
                }
                Err(NotAdmitted::Unapproved(rule)) => {
                    (of_rule.0, asked) = (of_rule.0 + 1, asked + 1);
                    assert_eq!(rule_of(&rule).effect, RuleEffect::Ask, "{access:?}");
                }
                Err(NotAdmitted::Limited(why)) => {
                    (of_rule.1, limited) = (of_rule.1 + 1, limited + 1);
                    assert_eq!(why.rule.as_deref(), decides.map(|rule| &*rule.id), "{access:?}");
                }
                Err(NotAdmitted::Denied(_)) => return false,
            }
            true
        };
        let callable: Vec<&str> =
            entries.iter().filter(|entry| may_call(entry)).map(|entry| &*entry.shown).collect();
        for (rule, (let_in, early)) in calls.iter().filter(|(rule, _)| !rule.is_empty()) {
            match rule_of(rule).limits.calls_per_minute {
                // No time passes: what may come at once is let in, and no more.
                Some(most) => {
                    assert_eq!(*let_in, (most / 4).max(1).min(let_in + early), "{access:?}");
                }
                None => assert_eq!(*early, 0, "{access:?}"),
            }
        }
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
    assert!(asked > 1000 && limited > 1000, "{asked} {limited}");
}

/// The lists of a world are made once, and none outlives what it was made of.
#[tokio::test(start_paused = true)]
async fn a_kept_list_is_of_the_rules_that_hold_now() {
    let world = world().await;
    let (first, second) = (Principal::user(1), Principal::user(2));
    let rule = |name: &str, of: &str| Rule {
        id: name.to_owned(),
        principals: Some(NamePatterns::new(vec![of.to_owned()])),
        tools: Some(NamePatterns::new(vec![name.to_owned()])),
        effect: RuleEffect::Allow,
        ..Rule::default()
    };
    let access = |rules| Access { rules, ..Access::default() };
    let tools = |world: &World, principal| {
        let client = ClientName::Read("codex");
        let names = || listed(world, Subject { principal, client });
        let names = (names(), names());
        assert_eq!(names.0, names.1);
        names.0
    };
    let rules = vec![rule("s1__t1", "user:1"), rule("s2__t2*", "user:2")];
    let before = world.under(Gate::default().with(access(rules.clone())));
    assert_eq!(tools(&before, &first), ["s1__t1"]);
    assert_eq!(tools(&before, &second).len(), 11);
    let config = Config { access: access(rules[1..].to_vec()), ..config() };
    let (own, now) = (Arc::new(OwnTools::default()), Instant::now());
    let servers = (*before.servers).clone();
    let after = before.reconfigured(Arc::new(config), servers, own, now).await;
    assert_eq!(tools(&after, &first), <[&str; 0]>::default());
    assert_eq!(tools(&after, &second).len(), 11);
    assert_eq!(tools(&before, &first), ["s1__t1"], "who began before");
}

/// A token may end while its list is kept.
#[tokio::test(start_paused = true)]
async fn who_is_proved_no_more_sees_nothing_of_a_kept_list() {
    let world = world().await;
    let (now, hour) = (SystemTime::now(), Duration::from_hours(1));
    let principal = Principal::token("ci");
    let subject = Subject { principal: &principal, client: ClientName::Read("") };
    let under = |expires| {
        let token = AccessToken {
            hash: TokenHash::Sha256([0; 32]),
            expires: Some(expires),
            previous: None,
        };
        let tokens = BTreeMap::from([("ci".to_owned(), token)]);
        let rules = vec![Rule { effect: RuleEffect::Allow, ..Rule::default() }];
        Gate::default().with(Access { tokens, rules, ..Access::default() })
    };
    let mut world = world.under(under(now + hour));
    assert_eq!(listed(&world, subject).len() as u64, SERVERS * TOOLS);
    world.gate = under(now - hour);
    assert_eq!(listed(&world, subject), <[&str; 0]>::default(), "the list is there still");
}
