//! How much of what a server writes is written down.

use tokio::time::Instant;

use crate::telemetry::Priority;

/// Lines and bytes that are written down at once, and per second after that. A server that never
/// stops takes a third of a gigabyte of the journal in a day.
pub(super) const LINES: Rate = Rate { at_once: 500, per_second: 20 };
const BYTES: Rate = Rate { at_once: 256 * 1024, per_second: 4 * 1024 };
/// Lines with a priority above notice: what callmux itself warns of has the same limit of journald's, and
/// many servers may find something to warn of.
const LOUD: Rate = Rate { at_once: 50, per_second: 2 };

/// So many at once, and so many more in each second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) at_once: u64,
    pub(super) per_second: u64,
}

/// What of lines and bytes may still be written down, in thousandths.
pub(super) struct Allowance {
    lines: u64,
    bytes: u64,
    loud: u64,
    at: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        let [lines, bytes, loud] = [LINES, BYTES, LOUD].map(|rate| rate.at_once * 1000);
        Self { lines, bytes, loud, at: now }
    }

    pub(super) fn grow(&mut self, now: Instant) {
        let passed = u64::try_from(now.duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        if passed > 0 {
            let grown = |left: u64, rate: Rate| {
                let more = passed.saturating_mul(rate.per_second);
                left.saturating_add(more).min(rate.at_once * 1000)
            };
            (self.lines, self.bytes) = (grown(self.lines, LINES), grown(self.bytes, BYTES));
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
