use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{HeldPlaces, NeededPlaces, PlaceKey, Places, WAITING_MAX};
use crate::access::limited::{Limit, Limited};
use crate::base::Principal;
use crate::base::random::Jitter;
use crate::settings::Access;
use crate::settings::access::{Limits, Rule, RuleLimits};

const LONG: Duration = Duration::from_secs(100);

fn access(own: Option<u64>, of_rule: Option<u64>) -> Access {
    let limits = RuleLimits { in_flight: of_rule, ..RuleLimits::default() };
    Access {
        limits: Limits { in_flight: own, ..Limits::default() },
        rules: vec![Rule { id: "r".to_owned(), limits, ..Rule::default() }],
        ..Access::default()
    }
}

fn places(own: Option<u64>, of_rule: Option<u64>) -> Places {
    let places = Places::default();
    places.renew(&access(own, of_rule));
    places
}

fn key(user: u32, rule: Option<&str>) -> PlaceKey {
    PlaceKey { principal: Principal::user(user), rule: rule.map(Arc::from) }
}

fn needed(places: &Places, user: u32, by_rule: bool) -> NeededPlaces {
    NeededPlaces {
        places: places.clone(),
        own: Some(key(user, None)),
        of_rule: by_rule.then(|| key(user, Some("r"))),
        at_once: false,
    }
}

async fn take(places: &Places, user: u32) -> Result<HeldPlaces, Limited> {
    needed(places, user, false).take(Instant::now() + LONG).await
}

/// How many are taken by all together.
fn taken(places: &Places) -> usize {
    places.0.lock().taken.values().map(|taken| taken.count).sum()
}

fn waiting(places: &Places) -> usize {
    places.0.lock().taken.values().map(|taken| taken.waiting.len()).sum()
}

fn is_empty(places: &Places) -> bool {
    places.0.lock().taken.is_empty()
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_waits_until_one_is_free_and_the_oldest_is_the_next() {
    let places = places(Some(2), None);
    let first = take(&places, 1).await.unwrap();
    let _second = take(&places, 1).await.unwrap();
    let _other = take(&places, 2).await.unwrap();
    let (mut third, mut fourth) = (Box::pin(take(&places, 1)), Box::pin(take(&places, 1)));
    assert!(futures_util::poll!(&mut third).is_pending());
    assert!(futures_util::poll!(&mut fourth).is_pending());
    drop(first);
    assert!(futures_util::poll!(&mut fourth).is_pending(), "it came later");
    let third = third.await.unwrap();
    drop(third);
    drop(fourth.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_long_enough_is_told_and_leaves_nothing_behind() {
    let places = places(Some(1), None);
    let first = take(&places, 1).await.unwrap();
    let began = Instant::now();
    let limited = take(&places, 1).await.unwrap_err();
    assert_eq!(began.elapsed().as_secs(), LONG.as_secs());
    assert_eq!((limited.limit, limited.max, &limited.rule), (Limit::InFlight, 1, &None));
    assert!(limited.to_string().contains("access.limits.in_flight"), "{limited}");
    drop(first);
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn a_rule_has_places_of_its_own() {
    let places = places(Some(3), Some(1));
    let first = needed(&places, 1, true).take(Instant::now() + LONG).await.unwrap();
    let limited = needed(&places, 1, true).take(Instant::now() + LONG).await.unwrap_err();
    assert_eq!(limited.rule.as_deref(), Some("r"));
    assert!(limited.to_string().contains("in_flight of the access rule r"), "{limited}");
    // What another rule lets in is not held up, nor is anybody else.
    let _second = take(&places, 1).await.unwrap();
    let _others = needed(&places, 2, true).take(Instant::now() + LONG).await.unwrap();
    drop(first);
    drop(needed(&places, 1, true).take(Instant::now() + LONG).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_changes_holds_at_once_for_who_waits() {
    let places = places(Some(1), None);
    let first = take(&places, 1).await.unwrap();
    let (mut second, mut third) = (Box::pin(take(&places, 1)), Box::pin(take(&places, 1)));
    assert!(futures_util::poll!(&mut second).is_pending());
    assert!(futures_util::poll!(&mut third).is_pending());
    places.renew(&access(Some(2), None));
    let second = second.await.unwrap();
    assert!(futures_util::poll!(&mut third).is_pending());
    places.renew(&access(None, None));
    let third = third.await.unwrap();
    places.renew(&access(Some(1), None));
    drop((first, second));
    let mut fourth = Box::pin(take(&places, 1));
    assert!(futures_util::poll!(&mut fourth).is_pending(), "what is taken stays taken");
    drop(third);
    drop(fourth.await.unwrap());
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn what_ends_others_and_what_is_with_its_server_already_takes_a_place_at_once() {
    let places = places(Some(1), None);
    let first = take(&places, 1).await.unwrap();
    let ends = NeededPlaces { at_once: true, ..needed(&places, 1, false) };
    let ends = ends.take(Instant::now() + LONG).await.unwrap();
    let resumed = places.take_now(key(1, None));
    drop(first);
    let mut next = Box::pin(take(&places, 1));
    assert!(futures_util::poll!(&mut next).is_pending());
    drop(ends);
    assert!(futures_util::poll!(&mut next).is_pending());
    drop(resumed);
    drop(next.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn so_many_may_wait_and_no_more() {
    let places = places(Some(1), None);
    let _first = take(&places, 1).await.unwrap();
    let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(take(&places, 1))).collect();
    for one in &mut waiting {
        assert!(futures_util::poll!(one).is_pending());
    }
    let began = Instant::now();
    assert!(take(&places, 1).await.is_err());
    assert_eq!(began.elapsed(), Duration::ZERO, "at once");
    drop(waiting.pop());
    let mut one = Box::pin(take(&places, 1));
    assert!(futures_util::poll!(&mut one).is_pending());
}

/// Calls of three users come and go in any order: answered, given up while they wait, or too late.
#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_calls_no_place_is_lost_and_none_is_given_twice() {
    let mut chance = Jitter::seeded(7);
    let mut below = |most: usize| usize::try_from(chance.next()).unwrap_or(0) % most;
    let places = places(Some(3), Some(2));
    let mut held: Vec<(u32, bool, HeldPlaces)> = Vec::new();
    let mut open = Vec::new();
    let mut too_late = 0;
    for _ in 0..20_000 {
        match below(5) {
            0 | 1 if open.len() < 60 => {
                let user = u32::try_from(below(3)).unwrap();
                let (by_rule, patience) =
                    (below(2) == 0, Duration::from_secs(1 + below(30) as u64));
                let needed = needed(&places, user, by_rule);
                let until = Instant::now() + patience;
                let wish = async move { (user, by_rule, needed.take(until).await) };
                open.push(Box::pin(wish));
            }
            2 if !open.is_empty() => drop(open.swap_remove(below(open.len()))),
            3 if !held.is_empty() => drop(held.swap_remove(below(held.len()))),
            4 => tokio::time::advance(Duration::from_millis(below(3000) as u64)).await,
            _ => {}
        }
        let mut at = 0;
        while at < open.len() {
            match futures_util::poll!(&mut open[at]) {
                std::task::Poll::Pending => at += 1,
                std::task::Poll::Ready((user, by_rule, result)) => {
                    drop(open.swap_remove(at));
                    match result {
                        Ok(places) => held.push((user, by_rule, places)),
                        Err(_) => too_late += 1,
                    }
                }
            }
        }
        for user in 0..3 {
            let of_them = || held.iter().filter(|(other, ..)| *other == user);
            assert!(of_them().count() <= 3);
            assert!(of_them().filter(|(_, by_rule, _)| *by_rule).count() <= 2);
            // Nobody waits while there is a place: a rule's may be held by who waits for another.
            let own_waits = places.0.lock().taken.get(&key(user, None)).map(|t| t.waiting.len());
            assert!(of_them().count() == 3 || own_waits.unwrap_or(0) == 0);
        }
    }
    assert!(too_late > 100, "{too_late}");
    drop(open);
    drop(held);
    assert!(is_empty(&places), "{} are taken, {} wait", taken(&places), waiting(&places));
}
