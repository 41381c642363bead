//! How often somebody may do something.
//!
//! The rule is GCRA (ITU-T I.371): each act moves the principal's time of arrival on by one interval, and
//! an act that would come too far before its time is refused. What is refused moves nothing.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::Lock;
use crate::base::Principal;
use crate::settings::Limits;

/// What a minute allows, divided by this, may come at once.
const BURST: u32 = 4;
/// Principals that are remembered; before there are more, those whose time has come are forgotten.
const REMEMBERED_MAX: usize = 4096;
const MINUTE: Duration = Duration::from_mins(1);

/// How far ahead each principal is.
#[derive(Debug, Default)]
pub struct Meters(Lock<HashMap<Principal, Meter>>);

#[derive(Debug, Clone, Copy)]
struct Meter {
    /// When the next act would be due if they came evenly.
    due: Instant,
    /// Between two acts.
    interval: Duration,
}

impl Meter {
    /// Whose time has come: it counts nothing any more.
    fn is_over(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// How far its acts are ahead if there is this time between them.
    fn ahead(&self, now: Instant, interval: Duration) -> Duration {
        let ahead = self.due.saturating_duration_since(now);
        if interval == self.interval {
            return ahead;
        }
        ahead.mul_f64(interval.div_duration_f64(self.interval))
    }
}

/// The subject may do it, but not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{per_minute} calls a minute are allowed (access.limits.calls_per_minute); try again in {} s",
    .after_seconds
)]
pub struct Limited {
    pub per_minute: u64,
    /// When the same would be let in, in whole seconds, at least one.
    pub after_seconds: u64,
}

impl Meters {
    /// Counts one act.
    pub fn take(&self, whose: &Principal, limits: Limits, now: Instant) -> Result<(), Limited> {
        let Some(per_minute) = limits.calls_per_minute else { return Ok(()) };
        let divisor = u32::try_from(per_minute).unwrap_or(u32::MAX);
        let interval = MINUTE / divisor;
        let most = interval * (divisor / BURST).max(1);
        let mut meters = self.0.lock();
        if meters.len() >= REMEMBERED_MAX {
            meters.retain(|_, meter| !meter.is_over(now));
        }
        let ahead = meters.get(whose).map_or(Duration::ZERO, |meter| meter.ahead(now, interval));
        let early = (ahead + interval).saturating_sub(most);
        if early.is_zero() {
            meters.insert(whose.clone(), Meter { due: now + ahead + interval, interval });
            return Ok(());
        }
        let whole = early.as_secs() + u64::from(early.subsec_nanos() > 0);
        Err(Limited { per_minute, after_seconds: whole.max(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::{Limited, MINUTE, Meters};
    use crate::base::Principal;
    use crate::settings::Limits;
    use std::time::Duration;
    use tokio::time::Instant;

    fn limits(per_minute: u64) -> Limits {
        Limits { calls_per_minute: Some(per_minute), ..Limits::default() }
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
                let taken = meters.take(&alice, limits(per_minute.into()), began + step * at);
                let_in += u32::from(taken.is_ok());
            }
            // Half of what is asked for, and what may come at once.
            let expected = steps / 2 + (per_minute / 4).max(1);
            let expected = expected.min(steps);
            assert!(let_in.abs_diff(expected) <= expected / 100 + 1, "{per_minute}: {let_in}");
        }
    }

    #[test]
    fn whoever_waits_as_long_as_they_are_told_is_let_in() {
        let (meters, alice, mut now) = (Meters::default(), Principal::user(1), Instant::now());
        let mut refused = 0;
        for _ in 0..500 {
            if let Err(Limited { after_seconds, .. }) = meters.take(&alice, limits(40), now) {
                refused += 1;
                now += Duration::from_secs(after_seconds);
                assert_eq!(meters.take(&alice, limits(40), now), Ok(()));
            }
        }
        assert!(refused > 200, "{refused}");
    }

    #[test]
    fn each_principal_has_a_meter_of_their_own_and_without_a_limit_there_is_none() {
        let (meters, now) = (Meters::default(), Instant::now());
        assert_eq!(meters.take(&Principal::user(1), limits(1), now), Ok(()));
        let refused = meters.take(&Principal::user(1), limits(1), now);
        assert_eq!(refused, Err(Limited { per_minute: 1, after_seconds: 60 }));
        assert_eq!(meters.take(&Principal::user(2), limits(1), now), Ok(()));
        for _ in 0..1000 {
            assert_eq!(meters.take(&Principal::user(1), Limits::default(), now), Ok(()));
        }
    }

    #[test]
    fn a_limit_that_changes_holds_from_then_on() {
        let (meters, alice, now) = (Meters::default(), Principal::user(1), Instant::now());
        for _ in 0..25 {
            assert_eq!(meters.take(&alice, limits(100), now), Ok(()));
        }
        assert!(meters.take(&alice, limits(100), now).is_err());
        // 25 of 250 that may come at once were made.
        for _ in 25..250 {
            assert_eq!(meters.take(&alice, limits(1000), now), Ok(()));
        }
        assert!(meters.take(&alice, limits(1000), now).is_err());
        let refused = meters.take(&alice, limits(60), now);
        assert_eq!(refused, Err(Limited { per_minute: 60, after_seconds: 236 }));
    }
}
