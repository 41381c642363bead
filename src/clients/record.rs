//! What a client's file was before a change of ours: enough to bring it back, byte for byte.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::splice::Splice;
use super::target::FILE_MAX;
use crate::base::file;

/// So many changes of a client can be undone.
const KEPT: usize = 10;
/// The largest record, in bytes: what was inserted may be as large as a file.
const RECORD_MAX: u64 = 8 * FILE_MAX;

/// A change that was made, or was about to be when the machine stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// The file, links followed.
    pub path: PathBuf,
    /// `attach` or `detach`.
    pub action: String,
    /// Whether the file was there.
    pub was_there: bool,
    /// What was done to its text; nothing if the file was taken away.
    pub splice: Option<Splice>,
}

/// The records of one client.
#[derive(Debug)]
pub struct Records {
    dir: PathBuf,
}

/// A record, and where it is.
#[derive(Debug)]
pub struct Kept {
    pub record: ChangeRecord,
    path: PathBuf,
}

impl Kept {
    /// What the file was, as a file.
    pub fn backup(&self) -> PathBuf {
        self.path.with_extension("before")
    }

    /// What the file was.
    pub fn before(&self) -> Option<String> {
        String::from_utf8(file::read(&self.backup(), FILE_MAX).ok()?).ok()
    }

    /// What the change made of the file; `None` if it took it away.
    pub fn after(&self) -> Option<String> {
        self.record.splice.as_ref()?.applied(&self.before()?)
    }

    /// Forgets it.
    pub fn forget(&self) {
        // Without the record nobody looks at the other.
        drop(fs::remove_file(&self.path));
        drop(fs::remove_file(self.backup()));
    }
}

impl Records {
    pub fn of(dir: &Path, client: &str) -> Self {
        Self { dir: dir.join(client) }
    }

    /// Takes away what one of us left that was killed before its record was there. Nobody else may be at it.
    pub fn tidy(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let ends = |end: &str| path.extension().is_some_and(|found| found == end);
            let is_half = ends("tmp") && name.as_encoded_bytes().starts_with(b".");
            if is_half || (ends("before") && !path.with_extension("json").exists()) {
                drop(fs::remove_file(path));
            }
        }
    }

    /// Keeps what the file was, on the disk, before it is changed. Nobody else may be at it.
    pub fn keep(&self, record: ChangeRecord, before: &str) -> io::Result<Kept> {
        self.tidy();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut number = now.as_nanos();
        let last = self.paths().pop().and_then(|path| number_of(&path));
        number = number.max(last.map_or(0, |last| last + 1));
        let path = self.dir.join(format!("{number:020}.json"));
        let kept = Kept { record, path };
        file::replace(&kept.backup(), before.as_bytes())?;
        file::replace(&kept.path, &serde_json::to_vec(&kept.record)?)?;
        let paths = self.paths();
        for old in &paths[..paths.len().saturating_sub(KEPT)] {
            drop(fs::remove_file(old));
            drop(fs::remove_file(old.with_extension("before")));
        }
        Ok(kept)
    }

    /// The last change of this file.
    pub fn last(&self, real: &Path) -> Option<Kept> {
        self.paths().into_iter().rev().find_map(|path| {
            let bytes = file::read(&path, RECORD_MAX).ok()?;
            let record: ChangeRecord = serde_json::from_slice(&bytes).ok()?;
            (record.path == real).then_some(Kept { record, path })
        })
    }

    /// The oldest first.
    fn paths(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .filter(|path| number_of(path).is_some())
            .collect();
        paths.sort();
        paths
    }
}

fn number_of(path: &Path) -> Option<u128> {
    path.file_stem()?.to_str()?.parse().ok()
}
