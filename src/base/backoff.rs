//! How long to wait before the next try.

use std::time::Duration;

/// Exponential backoff with jitter: the n-th wait is `first · factorⁿ`, at most `ceiling`, less a
/// random part of up to `spread` percent, so that many waiters do not come back together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub factor: u32,
    pub ceiling: Duration,
    pub spread: u32,
    tries: u32,
}

impl Backoff {
    pub const fn new(first: Duration, factor: u32, ceiling: Duration, spread: u32) -> Self {
        Self { first, factor, ceiling, spread, tries: 0 }
    }

    /// The next wait. `random` is any evenly drawn number; the caller owns the generator.
    pub fn next(&mut self, random: u64) -> Duration {
        let grown = self.first.saturating_mul(self.factor.saturating_pow(self.tries));
        let limit = grown.min(self.ceiling);
        self.tries = self.tries.saturating_add(1);
        let span = limit.saturating_mul(self.spread) / 100;
        let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX - 1);
        limit.saturating_sub(Duration::from_nanos(random % (span + 1)))
    }

    /// Starts over: the last try succeeded for long enough.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// Tries since the last reset.
    pub fn tries(&self) -> u32 {
        self.tries
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::Duration;

    #[test]
    fn waits_grow_to_the_ceiling_and_start_over() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(100), 3, ms(1000), 20);
        for limit in [100, 300, 900, 1000, 1000] {
            let shortest = backoff.clone().next(limit / 5 * 1_000_000);
            assert_eq!((shortest, backoff.next(0)), (ms(limit - limit / 5), ms(limit)));
        }
        assert_eq!(backoff.tries(), 5);
        backoff.reset();
        assert_eq!(backoff.next(0), ms(100));
        let mut far = Backoff::new(ms(1), 10, ms(5), 100);
        (0..1000).for_each(|n| assert!(far.next(n * 7919) <= ms(5)));
    }
}
