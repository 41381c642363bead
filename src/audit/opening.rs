//! Where an earlier process stopped.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::chain::{self, LineHash};
use super::line;
use super::segments::{self, LINE_MAX, Segment};
use crate::base::{FileLock, file};

/// How much of the end is looked at for acts that are written down already.
const TAIL: u64 = 2 * 1024 * 1024;

/// The segment that is written to.
#[derive(Debug)]
pub struct OpenSegment {
    /// Two writers would break the chain.
    pub _lock: FileLock,
    pub file: File,
    pub number: u64,
    /// In bytes.
    pub size: u64,
    pub began: SystemTime,
    /// Of its last line.
    pub last: LineHash,
}

/// What was found at the end.
#[derive(Debug)]
pub struct Opened {
    /// None: there is none yet.
    pub segment: Option<OpenSegment>,
    /// The same where there is none: nobody else may begin one.
    pub lock: Option<FileLock>,
    /// What was left of a line that was never finished.
    pub torn: Option<Torn>,
    /// The ids of the acts in the last lines.
    pub calls: HashSet<String>,
}

/// What was left of a line that was never finished, and where it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    pub path: PathBuf,
    /// In bytes.
    pub len: usize,
}

/// Opens the newest segment in `dir`, which is made if need be.
pub fn open(dir: &Path) -> io::Result<Opened> {
    file::make_dir(dir)?;
    let found = dir.symlink_metadata()?;
    if found.is_dir() && found.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    }
    let lock = FileLock::try_take(&dir.join("segment.lock"))?
        .ok_or_else(|| io::Error::other("another daemon writes it"))?;
    let mut torn = None;
    loop {
        let all = segments::all(dir)?;
        let Some(newest) = all.last() else {
            return Ok(Opened { segment: None, lock: Some(lock), torn, calls: HashSet::new() });
        };
        let (mut file, mut size) = newest.open()?;
        let (mut bytes, _) = end(&mut file, size, LINE_MAX as u64)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = bytes.split_off(whole);
        if !rest.is_empty() {
            let path = newest.set_aside();
            file::replace(&path, &rest)?;
            size -= rest.len() as u64;
            file.set_len(size)?;
            torn = Some(Torn { path, len: rest.len() });
        }
        if size == 0 {
            // Not even its first line was written.
            fs::remove_file(&newest.path)?;
            continue;
        }
        let last = bytes.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
        // What cannot be read is found by whoever verifies it.
        let last = last.and_then(chain::parts).map_or(LineHash::NONE, |(_, hash)| hash);
        let began = first_line(&mut file)?.and_then(|line| line::time(&line));
        let began = began.unwrap_or_else(SystemTime::now);
        let calls = calls(&all);
        let segment = OpenSegment { _lock: lock, file, number: newest.number, size, began, last };
        return Ok(Opened { segment: Some(segment), lock: None, torn, calls });
    }
}

/// The last bytes of a file of this size, and whether that is all of them.
fn end(file: &mut File, size: u64, max: u64) -> io::Result<(Vec<u8>, bool)> {
    let from = size.saturating_sub(max);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes)?;
    Ok((bytes, from == 0))
}

fn first_line(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.take(LINE_MAX as u64).read_to_end(&mut bytes)?;
    Ok(bytes.split(|byte| *byte == b'\n').next().map(<[u8]>::to_vec))
}

/// Of the acts that ended, in the last lines of the last two.
fn calls(all: &[Segment]) -> HashSet<String> {
    const BEFORE: &[u8] = b",\"event\":\"call\",\"call_id\":\"";
    let (mut found, mut left) = (HashSet::new(), TAIL);
    for segment in all.iter().rev().take(2) {
        let opened = segment.open().and_then(|(mut file, size)| end(&mut file, size, left));
        let Ok((bytes, is_whole)) = opened else { break };
        // No text in a line has these bytes: its quotes would be escaped.
        for at in memchr::memmem::find_iter(&bytes, BEFORE) {
            let id = bytes[at + BEFORE.len()..].split(|byte| *byte == b'"').next();
            found.extend(id.and_then(|id| std::str::from_utf8(id).ok()).map(str::to_owned));
        }
        left -= bytes.len() as u64;
        if !is_whole {
            break;
        }
    }
    found
}
