//! What was put where, written down before it is done: enough to take it back.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::LastingError;
use crate::base::file::Problem;
use crate::base::{dirs, file};

/// The largest record, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// A program that we put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CopyRecord {
    pub(super) path: PathBuf,
    /// What it is called while it is being written.
    pub(super) temporary: PathBuf,
    /// The fingerprints of what we put there, version after version.
    pub(super) ours: Vec<u64>,
    /// What was there before, and is somebody else's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Replaced>,
    /// Directories that were not there, the highest first.
    pub(super) dirs: Vec<PathBuf>,
}

/// A program that gave way to ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Replaced {
    /// Where a copy of it is kept.
    pub(super) kept: PathBuf,
    pub(super) fingerprint: u64,
    pub(super) mode: u32,
}

/// Where records are, beside the journal of setups.
pub(super) fn dir() -> Result<PathBuf, LastingError> {
    Ok(dirs::state().ok_or(LastingError::NoHome)?.join("setup"))
}

impl CopyRecord {
    fn place() -> Result<PathBuf, LastingError> {
        Ok(dir()?.join("program.json"))
    }

    /// The one that is there.
    pub(super) fn read() -> Result<Option<Self>, LastingError> {
        let path = Self::place()?;
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let broken = |why: String| LastingError::Record { path: path.clone(), why };
        let bytes = file::read(&path, SIZE_MAX).map_err(|error| broken(error.to_string()))?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| broken(error.to_string()))
    }

    pub(super) fn keep(&self) -> Result<(), LastingError> {
        let path = Self::place()?;
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        text.and_then(|text| file::replace(&path, &text)).map_err(LastingError::at(&path))
    }

    /// Nothing is left to take back.
    pub(super) fn forget(self) -> Result<(), LastingError> {
        if let Some(before) = self.before {
            drop(std::fs::remove_file(before.kept));
        }
        let path = Self::place()?;
        std::fs::remove_file(&path).map_err(LastingError::at(&path))?;
        // The journal of setups may lie there.
        drop(std::fs::remove_dir(dir()?));
        Ok(())
    }
}

/// A regular file; a program is read piece by piece, for it is large.
pub(super) fn opened(path: &Path) -> io::Result<File> {
    let opened = file::open(path).map_err(|problem| match problem {
        Problem::Io(error) => error,
        problem => io::Error::other(problem.to_string()),
    });
    opened.map(|(file, _)| file)
}

/// A number for what is in a file: as [`mod@crate::base::fingerprint`], but of words of eight bytes.
pub(super) fn fingerprint_of(path: &Path) -> io::Result<u64> {
    let mut file = BufReader::with_capacity(1 << 16, opened(path)?);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut word = [0; 8];
    loop {
        let mut filled = 0;
        while filled < word.len() {
            match file.read(&mut word[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        word[filled..].fill(0);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3).rotate_left(7);
        if filled < word.len() {
            return Ok(hash ^ filled as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fingerprint_of;
    use crate::base::file;
    use std::collections::BTreeSet;

    #[test]
    fn every_byte_and_the_length_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        let mut texts = vec![vec![7_u8; 100_000]];
        for at in [0, 65_535, 65_536, 99_999] {
            let mut text = texts[0].clone();
            text[at] = 8;
            texts.push(text);
        }
        texts.extend((0..20).map(|length| vec![0; length]));
        let found = texts.iter().map(|text| {
            file::replace(&path, text).unwrap();
            fingerprint_of(&path).unwrap()
        });
        assert_eq!(found.collect::<BTreeSet<u64>>().len(), texts.len());
    }
}
