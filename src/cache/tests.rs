use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{Cache, CacheKey, Caps, Look, Principal, ServerAnswer, ServerName};
use crate::settings::{ServerConfig, sample};
use crate::wire::{Era, Message};

const CAPS: Caps = Caps { entries: 3, entry_bytes: 1000, total_bytes: 2000 };

fn config(ttl: Duration) -> Arc<ServerConfig> {
    let mut config = sample::server(&["true"]);
    config.policy.cache_ttl = Some(ttl);
    Arc::new(config)
}

fn kept(text: &str) -> ServerAnswer {
    let answer = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"text":"{text}"}}}}"#);
    ServerAnswer { answer: Message::parse(&answer.into()).unwrap(), era: Era::Legacy }
}

fn key(user: u32, server: &str, arguments: &str) -> CacheKey {
    let server = ServerName::parse(server).unwrap();
    CacheKey::new(&Principal::user(user), &server, "t", Some(arguments)).unwrap()
}

fn fill(cache: &Cache, key: &CacheKey, text: &str, config: &Arc<ServerConfig>) {
    match cache.look(key, config) {
        Look::Send(lead) => lead.keep(kept(text), config, CAPS),
        _ => panic!("something is known already"),
    }
}

fn hit(cache: &Cache, key: &CacheKey, config: &Arc<ServerConfig>) -> Option<String> {
    match cache.look(key, config) {
        Look::Hit(kept) => Some(kept.answer.text().to_owned()),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn equivalent_calls_share_a_result_until_it_is_old() {
    let (cache, config) = (Cache::default(), config(Duration::from_secs(10)));
    fill(&cache, &key(1, "a", r#"{"x":1,"y":{"b":2,"a":3}}"#), "v", &config);
    let same = key(1, "a", r#" { "y": {"a":3,"b":2}, "x":1 } "#);
    assert!(hit(&cache, &same, &config).unwrap().contains("\"v\""));
    assert_eq!(hit(&cache, &key(1, "a", r#"{"x":1.0,"y":{"b":2,"a":3}}"#), &config), None);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(hit(&cache, &same, &config), None);
    assert_eq!(cache.statistics().entries, 0);
}

#[tokio::test]
async fn a_change_beside_a_read_leaves_nothing_old_behind() {
    let (cache, config) = (Cache::default(), config(Duration::from_secs(10)));
    let (read, other) = (key(1, "a", "{}"), key(1, "b", "{}"));
    fill(&cache, &read, "old", &config);
    fill(&cache, &other, "other", &config);
    let change = cache.change(&read.server);
    assert_eq!(hit(&cache, &read, &config), None);
    let Look::Send(lead) = cache.look(&read, &config) else { panic!("it is not kept") };
    drop(change);
    lead.keep(kept("read beside it"), &config, CAPS);
    assert_eq!(hit(&cache, &read, &config), None);
    assert!(hit(&cache, &other, &config).is_some(), "another server is another matter");
}

#[tokio::test]
async fn the_same_call_waits_and_goes_itself_if_the_first_is_given_up() {
    let (cache, config) = (Cache::default(), config(Duration::from_secs(10)));
    let key = key(1, "a", "{}");
    let Look::Send(lead) = cache.look(&key, &config) else { panic!("nothing is known") };
    let Look::Wait(mut waiting) = cache.look(&key, &config) else { panic!("it is on its way") };
    drop(lead);
    assert!(waiting.changed().await.is_err(), "it hears that the first is over");
    assert!(matches!(cache.look(&key, &config), Look::Send(_)));
    assert_eq!(cache.statistics().joined, 1);
}

#[tokio::test]
async fn bounds_hold_and_the_least_used_go_first() {
    let (cache, config) = (Cache::default(), config(Duration::from_secs(10)));
    let keys: Vec<CacheKey> = (0..4).map(|n| key(1, "a", &format!("[{n}]"))).collect();
    for key in &keys[..3] {
        fill(&cache, key, "v", &config);
    }
    assert!(hit(&cache, &keys[0], &config).is_some());
    fill(&cache, &keys[3], "v", &config);
    assert_eq!(hit(&cache, &keys[1], &config), None);
    assert!(hit(&cache, &keys[0], &config).is_some());
    fill(&cache, &key(1, "a", "[9]"), &"x".repeat(1000), &config);
    assert_eq!(hit(&cache, &key(1, "a", "[9]"), &config), None, "too large");
    assert_eq!(cache.clear(Some(&Principal::user(2)), None, None), 0);
    assert_eq!(cache.clear(Some(&Principal::user(1)), None, None), 3);
    assert_eq!(cache.statistics().bytes, 0);
}

proptest! {
    /// Whatever is done, nobody reads what another principal's call brought.
    #[test]
    fn nothing_crosses_principals(steps in prop::collection::vec((0u32..3, 0u8..3, 0u8..3, 0u8..4), 1..60)) {
        let (cache, config) = (Cache::default(), config(Duration::from_secs(10)));
        for (user, server, arguments, what) in steps {
            let server = ["a", "b", "c"][usize::from(server)];
            let key = key(user, server, &format!("[{arguments}]"));
            match (what, cache.look(&key, &config)) {
                (_, Look::Hit(kept)) => {
                    let whose = format!("of {user} at {server}");
                    prop_assert!(kept.answer.text().contains(&whose));
                }
                (0, Look::Send(lead)) => drop(lead),
                (1, _) => drop(cache.change(&key.server)),
                (_, Look::Send(lead)) => {
                    lead.keep(kept(&format!("of {user} at {server}")), &config, CAPS);
                }
                (_, Look::Wait(_)) => prop_assert!(false, "nothing stays on its way"),
            }
        }
    }
}
