use std::sync::Arc;

use super::{CLIENTS_MAX, FACTS_MAX, Lately, SESSIONS_MAX, TOGETHER};
use crate::base::SessionId;
use crate::facts::{Fact, SessionClosed, SessionOpened};

fn opened(client: &str) -> (SessionId, Fact) {
    let session = SessionId::random();
    let (principal, revision) = (String::new(), String::new());
    let client = client.to_owned();
    let fact = SessionOpened { session, front: "link", principal, client, revision, cwd: None };
    (session, fact.into())
}

/// It is recorded, and then written.
fn happens(lately: &Lately, fact: &Fact) {
    lately.note(fact);
    lately.keep(&fact.record());
}

#[test]
fn what_nobody_looks_at_is_not_kept_and_sessions_are() {
    let lately = Lately::default();
    let (session, fact) = opened("a 1");
    happens(&lately, &fact);
    let first = lately.glance(None);
    assert_eq!((first.next, first.facts.len(), first.sessions.len()), (0, 0, 1));
    assert_eq!(first.sessions[0].session, session);
    happens(&lately, &opened("b 1").1);
    happens(&lately, &SessionClosed { session }.into());
    let second = lately.glance(Some(first.next));
    assert_eq!((second.next, second.lost, second.sessions.len()), (2, 0, 1));
    assert!(second.facts[0].contains("\"client\":\"b 1\""), "{:?}", second.facts);
    assert!(second.facts[1].contains(&session.to_string()), "{:?}", second.facts);
    assert!(lately.glance(Some(second.next)).facts.is_empty());
    let names: Vec<String> = lately.clients().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a 1", "b 1"]);
}

#[test]
fn all_of_it_is_bounded_and_what_is_lost_is_told() {
    let lately = Lately::default();
    lately.glance(None);
    for number in 0..FACTS_MAX + 10 {
        happens(&lately, &opened(&format!("client {number}")).1);
    }
    let glance = lately.glance(Some(0));
    assert_eq!((glance.lost, glance.facts.len()), (10, FACTS_MAX));
    assert_eq!(glance.sessions.len(), SESSIONS_MAX);
    assert_eq!(lately.clients().len(), CLIENTS_MAX);
}

#[tokio::test]
async fn who_waits_is_told_of_everything_once_and_of_what_is_torn() {
    let lately = Arc::new(Lately::default());
    happens(&lately, &opened("before").1);
    let mut watched = lately.watch(None);
    happens(&lately, &opened("a").1);
    let seen = watched.next().await;
    assert_eq!((seen.first, seen.facts.len(), seen.is_torn), (0, 1, false));
    let (seen, ()) = tokio::join!(watched.next(), async { happens(&lately, &opened("b").1) });
    assert!(seen.facts[0].json.contains("\"client\":\"b\""), "{seen:?}");
    // Who comes back with the number after what was seen misses nothing while somebody else looks.
    let other = lately.watch(None);
    drop(watched);
    happens(&lately, &opened("c").1);
    let mut back = lately.watch(Some(2));
    let seen = back.next().await;
    assert_eq!((seen.first, seen.facts.len(), seen.is_torn), (2, 1, false));
    // And has missed something where nobody did.
    drop((other, back));
    happens(&lately, &opened("d").1);
    assert_eq!(lately.state.lock().facts.len(), 0, "what nobody looks at is let go");
    let mut late = lately.watch(Some(3));
    assert!(late.next().await.is_torn);
}

#[tokio::test]
async fn who_waits_is_told_whether_there_is_more() {
    let lately = Arc::new(Lately::default());
    let mut watched = lately.watch(None);
    for _ in 0..=TOGETHER {
        happens(&lately, &opened("a").1);
    }
    let seen = watched.next().await;
    assert_eq!((seen.facts.len(), seen.is_all), (TOGETHER, false));
    let seen = watched.next().await;
    assert_eq!((seen.facts.len(), seen.is_all), (1, true));
}
