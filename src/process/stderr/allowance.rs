//! How much of what a server writes is written down.

use tokio::time::Instant;

use crate::facts::Priority;
use crate::settings::LogLimits;

/// The longest line, in bytes; the rest of a longer one is cut off.
pub(super) const LINE_MAX: usize = 2048;
/// Bytes that a line has on average: of those at once, and of those that come all the time. With the
/// defaults a server that never stops takes a third of a gigabyte of the journal in a day.
const BYTES_AT_ONCE: u64 = 512;
const BYTES_PER_SECOND: u64 = 200;
/// Lines with a priority above notice: what callmux itself warns of has the same limit of journald's, and
/// many servers may find something to warn of.
const LOUD: Rate = Rate { at_once: 50, per_second: 2 };

/// So many at once, and so many more in each second.
#[derive(Debug, Clone, Copy)]
struct Rate {
    at_once: u64,
    per_second: u64,
}

/// What of lines and bytes may still be written down, in thousandths.
pub(super) struct Allowance {
    limits: LogLimits,
    lines: u64,
    bytes: u64,
    loud: u64,
    at: Instant,
}

impl Allowance {
    pub(super) fn new(limits: LogLimits, now: Instant) -> Self {
        let [lines, bytes, loud] =
            [lines(limits), bytes(limits), LOUD].map(|rate| rate.at_once * 1000);
        Self { limits, lines, bytes, loud, at: now }
    }

    /// `limits`: those that the config has now.
    pub(super) fn grow(&mut self, limits: LogLimits, now: Instant) {
        if limits != self.limits {
            *self = Self::new(limits, now);
        }
        let passed = u64::try_from(now.duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        if passed > 0 {
            let grown = |left: u64, rate: Rate| {
                let more = passed.saturating_mul(rate.per_second);
                left.saturating_add(more).min(rate.at_once * 1000)
            };
            self.lines = grown(self.lines, lines(limits));
            self.bytes = grown(self.bytes, bytes(limits));
            self.loud = grown(self.loud, LOUD);
            self.at = now;
        }
    }

    /// For a line of so many bytes.
    pub(super) fn is_enough_for(&self, bytes: usize) -> bool {
        self.lines >= 1000 && self.bytes >= bytes as u64 * 1000
    }

    pub(super) fn take(&mut self, bytes: usize) {
        self.lines = self.lines.saturating_sub(1000);
        self.bytes = self.bytes.saturating_sub(bytes as u64 * 1000);
    }

    /// That of a line, which it may have as often as [`LOUD`] says. Beyond that it is one of many.
    pub(super) fn priority(&mut self, wanted: Priority) -> Priority {
        if wanted >= Priority::Notice {
            return wanted;
        }
        let Some(left) = self.loud.checked_sub(1000) else { return Priority::Info };
        self.loud = left;
        wanted
    }
}

fn lines(limits: LogLimits) -> Rate {
    Rate { at_once: limits.burst as u64, per_second: limits.rate as u64 }
}

fn bytes(limits: LogLimits) -> Rate {
    let Rate { at_once, per_second } = lines(limits);
    // Else the longest line would never have room.
    let at_once = (at_once * BYTES_AT_ONCE).max(LINE_MAX as u64);
    Rate { at_once, per_second: per_second * BYTES_PER_SECOND }
}
