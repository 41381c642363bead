//! Who writes the audit file: what comes is kept in memory, and written together.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::chain::{self, LineHash};
use super::line::{self, LineValue};
use super::opening::{self, OpenSegment, Opened, Torn};
use super::segments::{self, Segment};

/// Lines and bytes that may wait for a disk that takes none. Of more, only the number is kept.
const WAITING_MAX: usize = 8192;
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// The room for bytes that is kept while nothing waits.
const BYTES_KEPT: usize = 64 * 1024;
/// The largest segment, and how many there are at the least in all that may be kept: whole ones are taken away.
const SEGMENT_MAX: u64 = 16 * 1024 * 1024;
const SEGMENT_MIN: u64 = 16 * 1024;
const SEGMENTS: u32 = 16;
/// The longest time that one segment is about.
const AGE_MAX: Duration = Duration::from_hours(24);
/// How often it is looked which are too old.
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// How soon a file that could not be written is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// So long after the beginning somebody may write down acts of an earlier process.
const KNOWN_FOR: Duration = Duration::from_mins(2);

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// In bytes.
    pub total: u64,
    pub age: Duration,
}

/// What did not go as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing can be written now.
    Unwritable { path: PathBuf, reason: String },
    /// So many acts were never written; the file says so.
    Lost { acts: u64 },
    /// An earlier process did not finish its last line.
    Torn { path: PathBuf },
}

/// How far lines have come that were written.
#[derive(Debug, Clone, Copy)]
enum WrittenTo {
    /// They outlive us.
    TheKernel,
    /// They outlive the machine.
    TheDisk,
}

/// A place among the lines that wait.
#[derive(Debug, Clone, Copy)]
pub struct WaitingLines {
    bytes: usize,
    lines: usize,
    lost: u64,
}

/// The audit file.
#[derive(Debug)]
pub struct AuditBook {
    dir: PathBuf,
    bounds: Bounds,
    segment: Option<OpenSegment>,
    /// Lines up to their hashes, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    lost: u64,
    torn: Option<Torn>,
    /// The acts that an earlier process wrote down, until this moment.
    known: Option<(HashSet<String>, Instant)>,
    retry_at: Option<Instant>,
    looked_at: Option<Instant>,
}

impl AuditBook {
    /// In this directory, which is made when the first line is written.
    pub fn new(dir: &Path, bounds: Bounds) -> Self {
        let (bytes, ends) = (Vec::new(), Vec::new());
        let (segment, torn, known, retry_at, looked_at) = <_>::default();
        let dir = dir.to_path_buf();
        Self { dir, bounds, segment, bytes, ends, lost: 0, torn, known, retry_at, looked_at }
    }

    pub fn set_bounds(&mut self, bounds: Bounds) {
        if bounds != self.bounds {
            (self.bounds, self.looked_at) = (bounds, None);
        }
    }

    /// Adds a line; it is written with the next [`Self::flush`]. `false`: there is no room for it.
    pub fn add(&mut self, at: SystemTime, event: &str, fields: &[(&str, LineValue<'_>)]) -> bool {
        if self.ends.len() >= WAITING_MAX || self.bytes.len() >= BYTES_MAX {
            self.lost += 1;
            return false;
        }
        line::write(&mut self.bytes, at, event, fields);
        self.ends.push(self.bytes.len());
        true
    }

    /// Whether an earlier process of ours wrote this act down. Not known before the first [`Self::flush`].
    pub fn has(&mut self, call: &str) -> bool {
        match &self.known {
            Some((_, until)) if *until < Instant::now() => {
                self.known = Some((HashSet::new(), *until));
                false
            }
            Some((known, _)) => known.contains(call),
            None => false,
        }
    }

    /// Acts of which nothing is known but that there were so many.
    pub fn lose(&mut self, acts: u64) {
        self.lost += acts;
    }

    /// When there is something to do again, whatever comes; `None`: only then.
    pub fn due(&self) -> Option<Duration> {
        let at = self.retry_at.filter(|_| self.is_waiting())?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    fn is_waiting(&self) -> bool {
        !self.ends.is_empty() || self.lost > 0 || self.torn.is_some()
    }

    /// Writes what waits, and takes away what is not kept any more.
    pub fn flush(&mut self) -> Vec<Mishap> {
        self.flush_to(WrittenTo::TheKernel)
    }

    fn flush_to(&mut self, written_to: WrittenTo) -> Vec<Mishap> {
        let mut mishaps = Vec::new();
        let is_begun = self.segment.is_some() || self.retry_at.is_some();
        let is_wanted = self.is_waiting() || !is_begun;
        if is_wanted && self.retry_at.is_none_or(|at| at <= Instant::now()) {
            let (lost, torn) = (self.lost, self.torn.clone());
            match self.write(written_to) {
                Ok(torn_now) => {
                    self.retry_at = None;
                    let torn = torn.or(torn_now).map(|torn| Mishap::Torn { path: torn.path });
                    mishaps.extend(torn);
                    mishaps.extend((lost > 0).then_some(Mishap::Lost { acts: lost }));
                }
                Err(error) => {
                    self.segment = None;
                    if self.retry_at.is_none() {
                        let (path, reason) = (self.dir.clone(), error.to_string());
                        mishaps.push(Mishap::Unwritable { path, reason });
                    }
                    self.retry_at = Some(Instant::now() + RETRY);
                }
            }
        }
        if self.looked_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) && self.segment.is_some() {
            self.looked_at = Some(Instant::now());
            self.take_away();
        }
        mishaps
    }

    /// Where the lines end that wait now.
    pub fn waiting(&self) -> WaitingLines {
        WaitingLines { bytes: self.bytes.len(), lines: self.ends.len(), lost: self.lost }
    }

    /// Writes what waits, however soon after it did not work, and waits until the disk has it (fdatasync(2)).
    /// Where that cannot be, what was added after `before` is never written, and `false` comes back.
    pub fn flush_through(&mut self, before: WaitingLines) -> (bool, Vec<Mishap>) {
        let mut mishaps = Vec::new();
        if self.lost == before.lost {
            self.retry_at = self.retry_at.map(|_| Instant::now());
            mishaps = self.flush_to(WrittenTo::TheDisk);
        }
        let is_done = !self.is_waiting();
        self.bytes.truncate(before.bytes);
        self.ends.truncate(before.lines);
        self.lost = self.lost.min(before.lost);
        (is_done, mishaps)
    }

    /// The same once more, however soon after it did not work.
    pub fn close(mut self) -> Vec<Mishap> {
        self.retry_at = self.retry_at.map(|_| Instant::now());
        self.flush()
    }

    /// Lines of an earlier process that were torn, if they are now told of.
    fn write(&mut self, written_to: WrittenTo) -> io::Result<Option<Torn>> {
        if self.segment.is_none() {
            self.open()?;
        }
        let torn = self.torn.clone();
        let Some(segment) = &mut self.segment else { return Ok(None) };
        let now = SystemTime::now();
        let mut out = Vec::with_capacity(self.bytes.len() + self.ends.len() * 80);
        let mut last = segment.last;
        if let Some(Torn { path, len }) = &torn {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let reason = ("reason", LineValue::Text("unfinished_line"));
            let aside = ("set_aside", LineValue::Text(name));
            last = gap(&mut out, last, &[reason, aside, ("bytes", LineValue::Number(*len as u64))]);
        }
        let mut start = 0;
        for end in &self.ends {
            last = chain::add(&mut out, &self.bytes[start..*end], last);
            start = *end;
        }
        if self.lost > 0 {
            let reason = ("reason", LineValue::Text("not_written"));
            last = gap(&mut out, last, &[reason, ("lost", LineValue::Number(self.lost))]);
        }
        let written = segment.file.write_all(&out).and_then(|()| match written_to {
            WrittenTo::TheKernel => Ok(()),
            WrittenTo::TheDisk => segment.file.sync_data(),
        });
        if let Err(error) = written {
            // What was written of it is written again.
            _ = segment.file.set_len(segment.size);
            return Err(error);
        }
        segment.size += out.len() as u64;
        segment.last = last;
        self.bytes.clear();
        self.bytes.shrink_to(BYTES_KEPT);
        self.ends.clear();
        self.lost = 0;
        self.torn = None;
        let is_full = segment.size >= self.segment_max();
        let age_max = AGE_MAX.min(self.bounds.age / SEGMENTS);
        let segment = self.segment.as_ref().map(|segment| segment.began);
        let is_old =
            segment.is_some_and(|at| now.duration_since(at).is_ok_and(|age| age > age_max));
        if is_full || is_old {
            self.begin_next();
        }
        Ok(torn)
    }

    fn segment_max(&self) -> u64 {
        (self.bounds.total / u64::from(SEGMENTS)).clamp(SEGMENT_MIN, SEGMENT_MAX)
    }

    /// Opens the segment that an earlier process wrote to, or begins the first.
    fn open(&mut self) -> io::Result<()> {
        let Opened { segment, lock, torn, calls } = opening::open(&self.dir)?;
        self.torn = torn.or(self.torn.take());
        if self.known.is_none() {
            self.known = Some((calls, Instant::now() + KNOWN_FOR));
        }
        self.segment = match (segment, lock) {
            (None, Some(lock)) => {
                let began = SystemTime::now();
                let (file, size) = Segment::of(&self.dir, 1).open()?;
                let mut segment =
                    OpenSegment { _lock: lock, file, number: 1, size, began, last: LineHash::NONE };
                head(&mut segment)?;
                Some(segment)
            }
            (segment, _) => segment,
        };
        Ok(())
    }

    /// Where that does not work, the one that is there grows.
    fn begin_next(&mut self) {
        let Some(segment) = &mut self.segment else { return };
        let next = Segment::of(&self.dir, segment.number + 1);
        let (file, number, size, began) =
            (segment.file.try_clone(), segment.number, segment.size, segment.began);
        let begun = next.open().and_then(|(opened, size)| {
            (segment.file, segment.size, segment.number) = (opened, size, next.number);
            segment.began = SystemTime::now();
            head(segment)
        });
        if begun.is_err()
            && let Ok(file) = file
        {
            (segment.file, segment.number, segment.size, segment.began) =
                (file, number, size, began);
            drop(fs::remove_file(&next.path));
        }
        self.take_away();
    }

    /// The oldest go first, and never the one that is written to.
    fn take_away(&self) {
        let Some(current) = &self.segment else { return };
        let Ok(all) = segments::all(&self.dir) else { return };
        let found = all.into_iter().filter(|segment| segment.number < current.number);
        let found: Vec<_> = found
            .filter_map(|segment| Some((segment.path.symlink_metadata().ok()?, segment)))
            .collect();
        let mut total: u64 = found.iter().map(|(found, _)| found.len()).sum();
        // There has to be room for the one that is written to.
        let (most, least) =
            (self.bounds.total - self.segment_max().min(self.bounds.total), 2 * self.segment_max());
        for (found, segment) in found {
            let written = found.modified().ok();
            let is_old =
                written.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > self.bounds.age);
            if total <= most.max(least) && !is_old {
                break;
            }
            total -= found.len();
            drop(fs::remove_file(&segment.path));
            drop(fs::remove_file(segment.set_aside()));
        }
    }
}

/// Adds a line that says what is missing.
fn gap(out: &mut Vec<u8>, before: LineHash, fields: &[(&str, LineValue<'_>)]) -> LineHash {
    let mut body = Vec::new();
    line::write(&mut body, SystemTime::now(), "gap", fields);
    chain::add(out, &body, before)
}

/// Writes the first line of a segment: where the one before ended.
fn head(segment: &mut OpenSegment) -> io::Result<()> {
    let (mut body, mut out) = (Vec::new(), Vec::new());
    let number = ("segment", LineValue::Number(segment.number));
    let fields = [number, ("previous", LineValue::Text(segment.last.as_str()))];
    line::write(&mut body, segment.began, "segment", &fields);
    let last = chain::add(&mut out, &body, segment.last);
    segment.file.write_all(&out)?;
    segment.size += out.len() as u64;
    segment.last = last;
    Ok(())
}

#[cfg(test)]
mod tests;
