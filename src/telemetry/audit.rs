//! Whether the journal took the entries of calls: each has a number, and now and then it is looked
//! which of the numbers are there.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::calls::Tail;
use super::readback;
use crate::base::Lock;

/// After so many entries, or so long, the journal is looked into.
const MANY: u64 = 500;
const SOON: Duration = Duration::from_secs(30);
const AT_LAST: Duration = Duration::from_mins(5);
/// How long an entry may be on its way. The journal writes what it takes at once.
const ON_ITS_WAY: Duration = Duration::from_secs(3);
/// How often it is looked for in that time.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What is known of the entries of calls. Cloning shares it.
#[derive(Debug, Clone)]
pub(super) struct Audit(Arc<AuditShared>);

#[derive(Debug)]
struct AuditShared {
    state: Lock<AuditState>,
    /// Held by who looks.
    looking: Lock<()>,
    is_looked: AtomicBool,
}

#[derive(Debug)]
struct AuditState {
    /// The last number that was sent.
    sent: u64,
    /// Before our first.
    began: u64,
    /// The last number of which it is known whether the journal has it.
    checked: u64,
    /// The next one came to the journal after this, in microseconds since 1970.
    since: u64,
    /// When we first knew of it.
    unchecked_at: Option<Instant>,
    /// Those that are not in the journal, and those of which that was not told.
    missing: u64,
    untold: u64,
    /// Those of which it cannot be known, and why.
    unknown: u64,
    unreadable: Option<String>,
    /// Entries that the journal does not take, and since when.
    waiting: usize,
    waiting_since: Option<Instant>,
    record: Option<PathBuf>,
    /// Why there is no record, or less of it than there should be.
    trouble: Option<String>,
}

/// How the entries of calls are kept.
#[derive(Debug, Clone, Default)]
pub struct CallsReport {
    /// Entries that were sent to the journal since the daemon started.
    pub sent: u64,
    /// Those that the journal did not take, also of the daemon's predecessor.
    pub missing: u64,
    /// Those of which it is not known whether it did.
    pub unknown: u64,
    /// Why that is not known.
    pub unreadable: Option<String>,
    /// Entries that wait because the journal takes none now.
    pub waiting: usize,
    /// The record that has what the journal has not.
    pub record: Option<String>,
    /// Why that has gaps or is missing.
    pub trouble: Option<String>,
}

impl Audit {
    pub(super) fn new(tail: Tail, record: Result<PathBuf, String>) -> Self {
        let (record, trouble) = match record {
            Ok(record) => (Some(record), None),
            Err(trouble) => (None, Some(trouble)),
        };
        let state = AuditState {
            sent: tail.last,
            began: tail.last,
            checked: tail.checked,
            since: if tail.since == 0 { now() } else { tail.since },
            unchecked_at: (tail.last > tail.checked).then(Instant::now),
            missing: 0,
            untold: 0,
            unknown: 0,
            unreadable: None,
            waiting: 0,
            waiting_since: None,
            record,
            trouble,
        };
        let state = Lock::new(state);
        Self(Arc::new(AuditShared { state, looking: Lock::new(()), is_looked: false.into() }))
    }

    fn state(&self) -> MutexGuard<'_, AuditState> {
        self.0.state.lock()
    }

    /// Entries up to this number were sent; so many still wait.
    pub(super) fn sent(&self, number: u64, waiting: usize) {
        let mut state = self.state();
        // While some is taken it does not stand still.
        let is_stuck = waiting > 0 && state.sent == number;
        let since = state.waiting_since.filter(|_| is_stuck);
        state.waiting_since = (waiting > 0).then(|| since.unwrap_or_else(Instant::now));
        (state.sent, state.waiting) = (number, waiting);
        if number > state.checked {
            state.unchecked_at.get_or_insert_with(Instant::now);
        }
    }

    /// The record cannot be written.
    pub(super) fn trouble(&self, why: String) {
        self.state().trouble = Some(why);
    }

    /// When it is to be looked next; `None`: everything is known.
    pub(super) fn look_in(&self) -> Option<Duration> {
        let state = self.state();
        let wait = if state.sent - state.checked >= MANY { SOON } else { AT_LAST };
        state.unchecked_at.map(|at| (at + wait).saturating_duration_since(Instant::now()))
    }

    /// Looks on a thread of its own, unless somebody does.
    pub(super) fn look_soon(&self) {
        if !self.is_being_looked() {
            let audit = self.clone();
            let thread = std::thread::Builder::new().name("journal check".to_owned());
            drop(thread.spawn(move || audit.look()));
        }
    }

    pub(super) fn is_being_looked(&self) -> bool {
        self.0.is_looked.load(Ordering::Relaxed)
    }

    /// Looks, and waits a little for what is on its way.
    pub(super) fn look(&self) {
        let one = self.0.looking.lock();
        self.0.is_looked.store(true, Ordering::Relaxed);
        let (numbers, since) = {
            let state = self.state();
            (state.checked + 1..=state.sent, state.since)
        };
        if !numbers.is_empty() {
            let began = now();
            let deadline = Instant::now() + ON_ITS_WAY;
            let all = numbers.end() - numbers.start() + 1;
            let found = loop {
                match readback::found(&numbers, since) {
                    Ok(found) if found < all && Instant::now() < deadline => {
                        std::thread::sleep(LOOK_EVERY);
                    }
                    other => break other,
                }
            };
            let missing = found.map(|found| all - found.min(all));
            let missing = missing.map_err(|error| error.to_string());
            self.state().learn(*numbers.end(), began, missing);
        }
        self.0.is_looked.store(false, Ordering::Relaxed);
        drop(one);
    }

    /// What was learned since this was asked last: up to which number it is known what the journal
    /// has, and how many of those it has not.
    pub(super) fn news(&self) -> Option<(u64, u64)> {
        let mut state = self.state();
        (state.untold > 0).then(|| (state.checked, std::mem::take(&mut state.untold)))
    }

    pub(super) fn checked(&self) -> u64 {
        self.state().checked
    }

    pub(super) fn report(&self) -> CallsReport {
        let state = self.state();
        CallsReport {
            sent: state.sent - state.began,
            missing: state.missing,
            unknown: state.unknown,
            unreadable: state.unreadable.clone(),
            waiting: if state.waiting_since.is_some_and(|at| at.elapsed() > ON_ITS_WAY) {
                state.waiting
            } else {
                0
            },
            record: state.record.as_ref().map(|path| path.display().to_string()),
            trouble: state.trouble.clone(),
        }
    }
}

impl AuditState {
    /// What a look that `began` then found: so many of those up to `number` are missing.
    fn learn(&mut self, number: u64, began: u64, missing: Result<u64, String>) {
        match missing {
            Ok(missing) => {
                self.missing += missing;
                self.untold += missing;
                self.unreadable = None;
            }
            Err(reason) => {
                self.unknown += number - self.checked;
                self.unreadable = Some(reason);
            }
        }
        // What was sent in the meantime came to the journal after that.
        (self.checked, self.since) = (number, began);
        self.unchecked_at = (self.sent > number).then(Instant::now);
    }
}

/// Microseconds since 1970.
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
