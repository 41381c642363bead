//! Keeping results and handing them out again.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::disk::Disk;
use super::index::{Index, StoredResult};
use super::reference::Ref;
use crate::base::Lock;

pub use super::index::Caps;

/// Kept results. Cloning shares them.
///
/// Its functions block on the disk; async callers use a blocking thread.
#[derive(Debug, Clone)]
pub struct Results(Arc<StoreParts>);

#[derive(Debug)]
struct StoreParts {
    caps: Caps,
    /// Without one, memory is where results are kept.
    disk: Option<Disk>,
    state: Lock<StoreState>,
}

#[derive(Debug, Default)]
struct StoreState {
    index: Index,
    kept: u64,
    too_large: u64,
    failed: u64,
}

/// A kept result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The tool whose result it is, as the caller of [`Results::keep`] named it.
    pub tool: String,
    /// When it was kept, in whole milliseconds.
    pub time: SystemTime,
    pub data: Bytes,
}

/// There is no such result for this owner: it never was, it was somebody else's, or it had to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no stored result under this ref: it may have made room for newer ones; call the tool again"
)]
pub struct Unknown;

/// What is kept, and what was since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Results that are kept now.
    pub entries: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Results kept since the start, those that had to go included.
    pub kept: u64,
    /// Results that no cap allowed.
    pub too_large: u64,
    /// Results that could not be written to the disk.
    pub failed: u64,
}

impl Results {
    /// Opens the results in `dir`, with what earlier processes left there; without a directory, or
    /// where it cannot be used, results are kept in memory and end with the process.
    ///
    /// The directory is for results alone; two processes may share it while one hands over to the other.
    pub fn open(dir: Option<PathBuf>, caps: Caps) -> Self {
        let mut index = Index::default();
        let opened = dir.and_then(|dir| {
            let shown = dir.display().to_string();
            let disk = Disk::open(dir).and_then(|disk| disk.scan(&caps).map(|found| (disk, found)));
            disk.inspect_err(|error| {
                tracing::warn!(%error, dir = shown, "stored results will not survive a restart");
            })
            .ok()
        });
        let disk = opened.map(|(disk, found)| {
            let gone: Vec<StoredResult> =
                found.into_iter().flat_map(|entry| index.adopt(entry, &caps)).collect();
            for entry in &gone {
                disk.remove(entry);
            }
            disk
        });
        let state = Lock::new(StoreState { index, ..StoreState::default() });
        Self(Arc::new(StoreParts { caps, disk, state }))
    }

    /// Keeps a result for `owner`; the oldest ones make room for it. `None` if it is larger than
    /// the caps allow, or if the disk refused it.
    pub fn keep(&self, owner: &str, tool: &str, data: impl Into<Bytes>) -> Option<Ref> {
        let data: Bytes = data.into();
        let length = data.len() as u64;
        if !self.0.caps.allow(length) {
            self.lock().too_large += 1;
            return None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut entry = StoredResult {
            reference: Ref::random(),
            owner: owner.into(),
            tool: tool.into(),
            time: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            length,
            body: None,
        };
        match &self.0.disk {
            Some(disk) => {
                if let Err(error) = disk.write(&entry, &data) {
                    tracing::warn!(%error, "a result was not stored");
                    self.lock().failed += 1;
                    return None;
                }
            }
            // A part of a message would keep all of it.
            None => entry.body = Some(Bytes::copy_from_slice(&data)),
        }
        let reference = entry.reference;
        let mut state = self.lock();
        state.kept += 1;
        let gone = state.index.push(entry, &self.0.caps);
        self.remove(&gone);
        Some(reference)
    }

    /// The result that was kept for `owner` under `reference`, whichever process kept it.
    pub fn get(&self, owner: &str, reference: &str) -> Result<Stored, Unknown> {
        let reference = Ref::parse(reference).ok_or(Unknown)?;
        let Some(disk) = &self.0.disk else {
            return self.lock().index.find(owner, reference).and_then(in_memory).ok_or(Unknown);
        };
        let is_known = self.lock().index.find(owner, reference).is_some();
        // In any case the disk is asked: another process may have removed the file, or written it.
        match disk.read(owner, reference) {
            Ok((entry, body)) => {
                let stored = stored(&entry, body.into());
                if !is_known {
                    let mut state = self.lock();
                    let gone = state.index.adopt(entry, &self.0.caps);
                    self.remove(&gone);
                }
                Ok(stored)
            }
            Err(error) => {
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) {
                    self.lock().index.remove(owner, reference);
                }
                Err(Unknown)
            }
        }
    }

    /// How many bytes the result under `reference` has; 0 if this process knows of none.
    pub fn length(&self, owner: &str, reference: &str) -> usize {
        let length = |reference| self.lock().index.find(owner, reference).map(|it| it.length);
        let length = Ref::parse(reference).and_then(length).unwrap_or_default();
        usize::try_from(length).unwrap_or(usize::MAX)
    }

    pub fn stats(&self) -> Stats {
        let state = self.lock();
        Stats {
            entries: state.index.len(),
            bytes: state.index.bytes(),
            kept: state.kept,
            too_large: state.too_large,
            failed: state.failed,
        }
    }

    /// Called under the lock: what is not in the index and on the disk is another process's.
    fn remove(&self, gone: &[StoredResult]) {
        if let Some(disk) = &self.0.disk {
            for entry in gone {
                disk.remove(entry);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, StoreState> {
        self.0.state.lock()
    }
}

fn in_memory(entry: &StoredResult) -> Option<Stored> {
    entry.body.clone().map(|body| stored(entry, body))
}

fn stored(entry: &StoredResult, data: Bytes) -> Stored {
    // A header from a disk may say any number.
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(entry.time)).unwrap_or(UNIX_EPOCH);
    Stored { tool: entry.tool.to_string(), time, data }
}
