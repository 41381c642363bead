//! The thread that writes the history.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::aside;
use super::bounds::HistoryWanted;
use super::error::HistoryError;
use super::row::{EventRow, HistoryRow, micros};
use super::state::HistoryState;
use super::store::HistoryStore;
use crate::facts::{HistorySetAside, HistoryUnwritable};
use crate::telemetry::{FaintRecorder, FollowedFacts};

/// Rows that are written together.
const TOGETHER: usize = 256;
/// How long the first of them waits for others.
const WITHIN: Duration = Duration::from_millis(200);
/// When a file that could not be written is tried again.
pub(super) const TRY_AGAIN: Duration = Duration::from_secs(30);

/// What the thread has.
pub(super) struct HistoryKeeper {
    wanted: HistoryWanted,
    state: Arc<HistoryState>,
    recorder: FaintRecorder,
    try_again: Duration,
    file: HistoryFile,
    /// It was open before: whoever is behind that is this one.
    has_opened: bool,
    /// What has no row, and no row says so yet.
    lost: u64,
}

enum HistoryFile {
    Open(HistoryStore),
    /// Not to be opened before then.
    Off(Instant),
}

impl HistoryKeeper {
    pub(super) fn new(
        wanted: HistoryWanted,
        state: Arc<HistoryState>,
        recorder: FaintRecorder,
        try_again: Duration,
    ) -> Self {
        let file = HistoryFile::Off(Instant::now());
        Self { wanted, state, recorder, try_again, file, has_opened: false, lost: 0 }
    }

    /// Writes until nothing comes any more.
    pub(super) fn run(mut self, facts: &FollowedFacts) {
        self.open();
        self.tidy(facts);
        while let Ok(first) = facts.next() {
            facts.gather(WITHIN);
            let mut rows = vec![HistoryRow::of(first, &self.wanted)];
            while !rows.is_empty() {
                let more = std::iter::from_fn(|| facts.ready()).take(TOGETHER - rows.len());
                rows.extend(more.map(|fact| HistoryRow::of(fact, &self.wanted)));
                self.write(std::mem::take(&mut rows), facts.missed());
                self.take_away();
                rows.extend(facts.ready().map(|fact| HistoryRow::of(fact, &self.wanted)));
            }
            self.tidy(facts);
        }
        self.write(Vec::new(), facts.missed());
        if let HistoryFile::Open(store) = self.file {
            drop(store.close());
        }
    }

    /// Opens the file if it is to be opened.
    fn open(&mut self) {
        let HistoryFile::Off(until) = self.file else { return };
        if Instant::now() < until {
            return;
        }
        let opened = HistoryStore::open(&self.wanted.path);
        let opened = match opened {
            Err(error) if error.is_of_a_broken_file() => {
                self.set_aside(&error).and_then(|()| HistoryStore::open(&self.wanted.path))
            }
            opened => opened,
        };
        match opened {
            Ok(store) => {
                let was_cut = store.was_cut && !self.has_opened;
                self.has_opened = true;
                self.file = HistoryFile::Open(store);
                self.state.trouble(None);
                if was_cut {
                    let row = EventRow::of_cut(micros(SystemTime::now()));
                    self.write(vec![HistoryRow::Event(row)], 0);
                }
            }
            Err(error) => self.turn_off(&error),
        }
    }

    fn set_aside(&self, why: &HistoryError) -> Result<(), HistoryError> {
        let aside = aside::set_aside(&self.wanted.path)?;
        self.recorder.record(HistorySetAside {
            path: self.wanted.path.display().to_string(),
            aside: aside.display().to_string(),
            reason: why.to_string(),
        });
        Ok(())
    }

    /// Goes on without a history for a while.
    fn turn_off(&mut self, why: &HistoryError) {
        self.file = HistoryFile::Off(Instant::now() + self.try_again);
        let (path, reason) = (self.wanted.path.display().to_string(), why.to_string());
        // Once for each time that it is another matter.
        if self.state.trouble(Some(reason.clone())) {
            self.recorder.record(HistoryUnwritable { path, reason });
        }
    }

    fn write(&mut self, mut rows: Vec<HistoryRow>, missed: u64) {
        self.lost += missed;
        self.state.lost(missed);
        self.open();
        if self.lost > 0 {
            let row = EventRow::of_lost(micros(SystemTime::now()), self.lost);
            rows.push(HistoryRow::Event(row));
        }
        if rows.is_empty() {
            return;
        }
        let Err(error) = self.try_write(&rows) else {
            self.lost = 0;
            return;
        };
        if let Some(error) = error {
            self.turn_off(&error);
        }
        let count = rows.len() as u64 - u64::from(self.lost > 0);
        self.lost += count;
        self.state.lost(count);
    }

    /// `None`: it was off before.
    fn try_write(&mut self, rows: &[HistoryRow]) -> Result<(), Option<HistoryError>> {
        let HistoryFile::Open(store) = &mut self.file else { return Err(None) };
        let Err(error) = store.add(rows) else { return Ok(()) };
        if !error.is_of_a_broken_file() {
            return Err(Some(error));
        }
        // Closed before it is moved.
        self.file = HistoryFile::Off(Instant::now());
        self.set_aside(&error)?;
        let mut store = HistoryStore::open(&self.wanted.path)?;
        store.add(rows)?;
        self.file = HistoryFile::Open(store);
        Ok(())
    }

    /// Takes away what is too much, as long as nobody waits for more than a round.
    fn tidy(&mut self, facts: &FollowedFacts) {
        while !facts.are_many() && self.take_away() {}
    }

    /// Takes away a slice of it; whether there may be more.
    fn take_away(&mut self) -> bool {
        let HistoryFile::Open(store) = &mut self.file else { return false };
        match store.take_away(&self.wanted.bounds) {
            Ok(is_more) => is_more,
            Err(error) => {
                self.turn_off(&error);
                false
            }
        }
    }
}
