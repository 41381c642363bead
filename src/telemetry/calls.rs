//! The record of calls: a bounded file of our own beside the journal, which does not take everything.
//!
//! One JSON object per line, in `calls.jsonl` and, before that, `calls.1.jsonl`: an entry with its
//! `sequence` and the fields that it has in the journal, or what a look into the journal found,
//! `{"checked":12,"missing":2}`: two of the entries up to number 12 were not there. An entry is
//! written here before it is sent there.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use serde::Deserialize;

use crate::base::{CallId, file};
use crate::facts::{Record, Value, write_number};

/// The size of a file at which the next is begun: some 100,000 calls. Two are kept.
const FILE_MAX: u64 = 32 * 1024 * 1024;
/// How much of its end the next process of ours looks at.
const TAIL: u64 = 4 * 1024 * 1024;

/// No number of ours comes near this one.
const SEQUENCE_MAX: u64 = 1 << 53;

const NAME: &str = "calls.jsonl";
const EARLIER: &str = "calls.1.jsonl";

/// The record, open for writing.
#[derive(Debug)]
pub(super) struct CallRecord {
    dir: PathBuf,
    /// Locked: two writers would give the same numbers.
    _lock: OwnedFd,
    file: File,
    size: u64,
    size_max: u64,
    buffer: Vec<u8>,
}

/// Where an earlier process of ours came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    /// The number of the last entry.
    pub(super) last: u64,
    /// The last one of which it is known whether the journal has it.
    pub(super) checked: u64,
    /// When the one after that was written, in microseconds since 1970.
    pub(super) since: u64,
}

#[derive(Debug, Deserialize)]
struct Line {
    sequence: Option<u64>,
    checked: Option<u64>,
    #[serde(default)]
    at: u64,
}

impl CallRecord {
    /// Opens the record in `dir`, which is made if need be.
    pub(super) fn open(dir: &Path) -> io::Result<(Self, Tail)> {
        Self::with_size(dir, FILE_MAX)
    }

    fn with_size(dir: &Path, size_max: u64) -> io::Result<(Self, Tail)> {
        file::make_dir(dir)?;
        // A directory and nothing else: it is ours to lock, and never waits to be opened.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let lock = rustix::fs::open(dir, flags, Mode::empty())?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::other("another daemon writes it"))?;
        let (mut file, size) = open(&dir.join(NAME))?;
        let mut tail = tail(&mut file, size)?;
        if tail.last == 0
            && let Ok((mut earlier, size)) = open(&dir.join(EARLIER))
        {
            tail = self::tail(&mut earlier, size)?;
        }
        // The machine may have stopped within a line.
        let buffer = if size > 0 { vec![b'\n'] } else { Vec::new() };
        let dir = dir.to_path_buf();
        Ok((Self { dir, _lock: lock, file, size, size_max, buffer }, tail))
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.join(NAME)
    }

    /// Adds an entry; `at` is in microseconds since 1970. Written with the next [`Self::flush`].
    pub(super) fn add(&mut self, record: &Record<'_>, sequence: u64, at: u64) {
        let buffer = &mut self.buffer;
        buffer.extend_from_slice(b"{\"sequence\":");
        write_number(buffer, sequence);
        buffer.extend_from_slice(b",\"at\":");
        write_number(buffer, at);
        for (name, value) in &record.fields {
            buffer.extend_from_slice(b",\"");
            buffer.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
            buffer.extend_from_slice(b"\":");
            match value {
                // Into memory, which cannot fail.
                Value::Text(text) => drop(serde_json::to_writer(&mut *buffer, text)),
                Value::Number(number) => {
                    buffer.push(b'"');
                    write_number(buffer, *number);
                    buffer.push(b'"');
                }
            }
        }
        buffer.extend_from_slice(b"}\n");
    }

    /// Adds what a look into the journal found.
    pub(super) fn mark(&mut self, checked: u64, missing: u64) {
        let line = format!("{{\"checked\":{checked},\"missing\":{missing}}}\n");
        self.buffer.extend_from_slice(line.as_bytes());
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.size >= self.size_max {
            fs::rename(self.path(), self.dir.join(EARLIER))?;
            (self.file, self.size) = open(&self.path())?;
        }
        let written = self.file.write_all(&self.buffer);
        self.size += self.buffer.len() as u64;
        self.buffer.clear();
        written
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    // Whatever lies there instead is neither followed nor waited for.
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other(format!("{} is no file", path.display())));
    }
    Ok((file, found.len()))
}

/// The calls that have an entry at the end of the record in this file, or of the one before it.
pub(super) fn written(path: &Path) -> HashSet<CallId> {
    const BEFORE: &[u8] = b"\"call_id\":\"";
    let mut found = HashSet::new();
    for path in [path.with_file_name(EARLIER), path.to_path_buf()] {
        let end = match fs::exists(&path) {
            Ok(true) => open(&path).and_then(|(mut file, size)| end(&mut file, size)),
            _ => continue,
        };
        let end = end.unwrap_or_default();
        // No text in a line has these bytes: its quotes would be escaped.
        for at in memchr::memmem::find_iter(&end, BEFORE) {
            let id = end[at + BEFORE.len()..].split(|byte| *byte == b'"').next();
            let id = id.and_then(|id| std::str::from_utf8(id).ok());
            found.extend(id.and_then(CallId::parse));
        }
    }
    found
}

/// The last bytes of a file.
fn end(file: &mut File, size: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn tail(file: &mut File, size: u64) -> io::Result<Tail> {
    let bytes = end(file, size)?;
    let mut tail = Tail::default();
    let (mut first, mut unchecked) = (None, None);
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { continue };
        if let Some(sequence) = line.sequence.filter(|sequence| *sequence < SEQUENCE_MAX) {
            first.get_or_insert(sequence);
            unchecked.get_or_insert((sequence, line.at));
            tail.last = sequence;
        }
        if let Some(checked) = line.checked {
            tail.checked = checked;
            unchecked = unchecked.filter(|(sequence, _)| *sequence > checked);
        }
    }
    tail.checked = tail.checked.max(first.map_or(0, |first| first - 1)).min(tail.last);
    tail.since = unchecked.map_or(0, |(_, at)| at);
    Ok(tail)
}

#[cfg(test)]
mod tests;
