use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::{MINUTE, Meters, Rate};
use crate::access::limited::{Limit, Limited};
use crate::base::Principal;

#[expect(clippy::unnecessary_wraps, reason = "as it is taken")]
fn own(per_minute: u64) -> Option<Rate<'static>> {
    Some(Rate { per_minute, rule: None })
}

#[expect(clippy::unnecessary_wraps, reason = "as it is taken")]
fn of_rule(rule: &str, per_minute: u64) -> Option<Rate<'_>> {
    Some(Rate { per_minute, rule: Some(rule) })
}

fn limited(max: u64, rule: Option<&str>, after_seconds: u64) -> Limited {
    Limited { limit: Limit::CallsPerMinute, max, rule: rule.map(Into::into), after_seconds }
}

#[test]
fn over_any_time_as_many_are_let_in_as_are_allowed() {
    let (alice, began) = (Principal::user(1), Instant::now());
    for per_minute in [1, 7, 60, 120, 6000, 1_000_000] {
        let meters = Meters::default();
        // Two of them are no shorter than the interval.
        let (mut let_in, step) = (0, MINUTE / (per_minute * 2) + Duration::from_nanos(1));
        let steps = (per_minute * 2 * 10).min(200_000);
        for at in 0..steps {
            let taken = meters.take(&alice, [own(per_minute.into()), None], began + step * at);
            let_in += u32::from(taken.is_ok());
        }
        // Half of what is asked for, and what may come at once.
        let expected = steps / 2 + (per_minute / 4).max(1);
        let expected = expected.min(steps);
        assert!(let_in.abs_diff(expected) <= expected / 100 + 1, "{per_minute}: {let_in}");
    }
}

/// The threads see the same clock, and each may be late with what it saw.
#[test]
fn eight_threads_together_are_let_in_as_often_as_is_allowed_over_a_minute() {
    const THREADS: usize = 8;
    const TRIES: u64 = 400_000;
    let (alice, began) = (Principal::user(1), Instant::now());
    for per_minute in [100, 1000, 60_000] {
        let (meters, tries, let_in) = (Meters::default(), AtomicU64::new(0), AtomicU32::new(0));
        // What may come at once is used up before.
        while meters.take(&alice, [own(per_minute), None], began).is_ok() {}
        let step = MINUTE / u32::try_from(TRIES).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    loop {
                        let at = tries.fetch_add(1, Ordering::Relaxed);
                        if at >= TRIES {
                            break;
                        }
                        let now = began + step * u32::try_from(at).unwrap();
                        if meters.take(&alice, [own(per_minute), None], now).is_ok() {
                            let_in.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let let_in = u64::from(let_in.into_inner());
        assert!(let_in.abs_diff(per_minute) * 100 <= per_minute, "{per_minute}: {let_in}");
    }
}

#[test]
fn whoever_waits_as_long_as_they_are_told_is_let_in() {
    let (meters, alice, mut now) = (Meters::default(), Principal::user(1), Instant::now());
    let rates = [own(40), of_rule("a", 30)];
    let mut refused = 0;
    for _ in 0..500 {
        if let Err(Limited { after_seconds, .. }) = meters.take(&alice, rates, now) {
            refused += 1;
            now += Duration::from_secs(after_seconds);
            assert_eq!(meters.take(&alice, rates, now), Ok(()));
        }
    }
    assert!(refused > 200, "{refused}");
}

#[test]
fn each_principal_has_a_meter_of_their_own_and_without_a_limit_there_is_none() {
    let (meters, now) = (Meters::default(), Instant::now());
    let (alice, bob) = (Principal::user(1), Principal::user(2));
    assert_eq!(meters.take(&alice, [own(1), None], now), Ok(()));
    let refused = meters.take(&alice, [own(1), None], now);
    assert_eq!(refused, Err(limited(1, None, 60)));
    assert_eq!(meters.take(&bob, [own(1), None], now), Ok(()));
    for _ in 0..1000 {
        assert_eq!(meters.take(&alice, [None, None], now), Ok(()));
    }
}

#[test]
fn a_rule_counts_beside_the_principal_and_what_one_refuses_the_other_does_not_count() {
    let (meters, alice, now) = (Meters::default(), Principal::user(1), Instant::now());
    let narrow = [own(400), of_rule("narrow", 4)];
    assert_eq!(meters.take(&alice, narrow, now), Ok(()));
    for _ in 0..1000 {
        assert_eq!(meters.take(&alice, narrow, now), Err(limited(4, Some("narrow"), 15)));
    }
    // Another rule has a meter of its own; 1 of the 100 that may come at once was counted.
    for _ in 1..100 {
        assert_eq!(meters.take(&alice, [own(400), of_rule("wide", 4000)], now), Ok(()));
    }
    assert_eq!(meters.take(&alice, [own(400), None], now), Err(limited(400, None, 1)));
    // The longer wait is told.
    assert_eq!(meters.take(&alice, narrow, now), Err(limited(4, Some("narrow"), 15)));
    assert_eq!(meters.take(&Principal::user(2), narrow, now), Ok(()), "each has their own");
}

#[test]
fn to_look_counts_nothing() {
    let (meters, alice, now) = (Meters::default(), Principal::user(1), Instant::now());
    let rate = own(1).unwrap();
    for _ in 0..10 {
        assert_eq!(meters.check(&alice, rate, now), Ok(()));
    }
    assert_eq!(meters.take(&alice, [Some(rate), None], now), Ok(()));
    assert_eq!(meters.check(&alice, rate, now), Err(limited(1, None, 60)));
    assert_eq!(meters.check(&alice, rate, now + MINUTE), Ok(()));
}

#[test]
fn a_limit_that_changes_holds_from_then_on() {
    let (meters, alice, now) = (Meters::default(), Principal::user(1), Instant::now());
    for _ in 0..25 {
        assert_eq!(meters.take(&alice, [own(100), None], now), Ok(()));
    }
    assert!(meters.take(&alice, [own(100), None], now).is_err());
    // 25 of 250 that may come at once were made.
    for _ in 25..250 {
        assert_eq!(meters.take(&alice, [own(1000), None], now), Ok(()));
    }
    assert!(meters.take(&alice, [own(1000), None], now).is_err());
    let refused = meters.take(&alice, [own(60), None], now);
    assert_eq!(refused, Err(limited(60, None, 236)));
}

#[test]
fn who_is_not_ahead_is_forgotten_when_there_are_many() {
    let (meters, now) = (Meters::default(), Instant::now());
    for number in 0..super::REMEMBERED_MAX {
        let principal = Principal::user(u32::try_from(number).unwrap());
        assert_eq!(meters.take(&principal, [own(60), None], now), Ok(()));
    }
    let later = now + Duration::from_secs(2);
    assert_eq!(meters.take(&Principal::token("new"), [own(60), None], later), Ok(()));
    assert_eq!(meters.0.lock().len(), 1);
}
