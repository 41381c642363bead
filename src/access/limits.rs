//! How often somebody may do something.
//!
//! The rule is GCRA (ITU-T I.371): each act moves the principal's time of arrival on by one interval, and
//! an act that would come too far before its time is refused. What is refused moves nothing.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::limited::{Limit, Limited};
use crate::base::Lock;
use crate::base::Principal;

/// What a minute allows, divided by this, may come at once.
const BURST: u32 = 4;
/// Principals that are remembered; before there are more, those whose time has come are forgotten.
const REMEMBERED_MAX: usize = 4096;
const MINUTE: Duration = Duration::from_mins(1);

/// How far ahead each principal is.
#[derive(Debug, Default)]
pub struct Meters(Lock<HashMap<Principal, Vec<Meter>>>);

/// How often something may be done, and who says so.
#[derive(Debug, Clone, Copy)]
pub struct Rate<'a> {
    pub per_minute: u64,
    /// The rule that says so; `None`: `[access.limits]` does.
    pub rule: Option<&'a str>,
}

#[derive(Debug)]
struct Meter {
    /// The rule whose it is.
    rule: Option<Box<str>>,
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

impl Rate<'_> {
    /// Between two acts, and how far ahead of their times acts may be.
    fn terms(self) -> (Duration, Duration) {
        let divisor = u32::try_from(self.per_minute).unwrap_or(u32::MAX);
        let interval = MINUTE / divisor;
        (interval, interval * (divisor / BURST).max(1))
    }

    fn meter_of(self, meters: &[Meter]) -> Option<&Meter> {
        meters.iter().find(|meter| meter.rule.as_deref() == self.rule)
    }

    /// Whether one more act comes too early.
    fn check(self, meters: &[Meter], now: Instant) -> Result<(), Limited> {
        let (interval, most) = self.terms();
        let meter = self.meter_of(meters);
        let ahead = meter.map_or(Duration::ZERO, |meter| meter.ahead(now, interval));
        let early = (ahead + interval).saturating_sub(most);
        if early.is_zero() {
            return Ok(());
        }
        let whole = early.as_secs() + u64::from(early.subsec_nanos() > 0);
        Err(Limited {
            limit: Limit::CallsPerMinute,
            max: self.per_minute,
            rule: self.rule.map(Into::into),
            after_seconds: whole.max(1),
        })
    }

    /// Counts one act.
    fn count(self, meters: &mut Vec<Meter>, now: Instant) {
        let (interval, _) = self.terms();
        let is_it = |meter: &&mut Meter| meter.rule.as_deref() == self.rule;
        if let Some(meter) = meters.iter_mut().find(is_it) {
            (meter.due, meter.interval) = (now + meter.ahead(now, interval) + interval, interval);
            return;
        }
        // Rules come and go with the config.
        meters.retain(|meter| !meter.is_over(now));
        let rule = self.rule.map(Into::into);
        meters.push(Meter { rule, due: now + interval, interval });
    }
}

impl Meters {
    /// Counts one act by all of these, or by none if it comes too early for one of them: then the one
    /// that has to be waited for the longest is told.
    pub fn take(
        &self,
        whose: &Principal,
        rates: [Option<Rate<'_>>; 2],
        now: Instant,
    ) -> Result<(), Limited> {
        let mut all = self.0.lock();
        if all.len() >= REMEMBERED_MAX && !all.contains_key(whose) {
            all.retain(|_, meters| !meters.iter().all(|meter| meter.is_over(now)));
        }
        let meters = all.entry(whose.unproved()).or_default();
        let rates = rates.into_iter().flatten();
        let early = rates.clone().filter_map(|rate| rate.check(meters, now).err());
        if let Some(limited) = early.max_by_key(|limited| limited.after_seconds) {
            return Err(limited);
        }
        rates.for_each(|rate| rate.count(meters, now));
        Ok(())
    }

    /// Whether an act would come too early now. Counts nothing.
    pub fn check(&self, whose: &Principal, rate: Rate<'_>, now: Instant) -> Result<(), Limited> {
        let all = self.0.lock();
        rate.check(all.get(whose).map_or(&[], Vec::as_slice), now)
    }
}

#[cfg(test)]
mod tests;
