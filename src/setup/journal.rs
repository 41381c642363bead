//! What was done, written down before it is done: enough to take it back.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::SetupError;
use crate::base::{dirs, file, fingerprint};

/// The largest journal, in bytes.
const SIZE_MAX: u64 = 8 << 20;

/// Something that was done, or was about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum SetupStep {
    /// A directory was not there.
    Dir { path: PathBuf },
    /// A file was made, with a text of this fingerprint.
    File { path: PathBuf, fingerprint: u64 },
    /// The socket was enabled.
    Units,
    /// The client's file was changed. `last`: what was the last change of it before.
    Client { id: String, last: Option<PathBuf> },
}

/// All of them, the oldest first.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    pub(super) steps: Vec<SetupStep>,
}

impl Journal {
    /// The user's; empty, if there is none.
    pub(super) fn open() -> Result<Self, SetupError> {
        let path = dirs::state().ok_or(SetupError::NoHome)?.join("setup/done.json");
        if path.symlink_metadata().is_err() {
            return Ok(Self { path, steps: Vec::new() });
        }
        let broken = |why: String| SetupError::Journal { path: path.clone(), why };
        let bytes = file::read(&path, SIZE_MAX).map_err(|error| broken(error.to_string()))?;
        let steps = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        Ok(Self { path, steps })
    }

    pub(super) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Writes down what is about to be done.
    pub(super) fn will(
        &mut self,
        steps: impl IntoIterator<Item = SetupStep>,
    ) -> Result<(), SetupError> {
        self.steps.extend(steps);
        self.keep().map_err(SetupError::writing(&self.path))
    }

    /// The last step was taken back.
    pub(super) fn undone(&mut self) -> Result<(), SetupError> {
        self.steps.pop();
        self.keep().map_err(SetupError::writing(&self.path))
    }

    /// Forgets all, and is gone.
    pub(super) fn forget(&mut self) {
        self.steps.clear();
        drop(std::fs::remove_file(&self.path));
    }

    fn keep(&self) -> io::Result<()> {
        file::replace(&self.path, &serde_json::to_vec(&self.steps)?)
    }
}

/// The directories of these that are not there, and those above them, the highest first.
pub(super) fn missing(dirs: impl IntoIterator<Item = PathBuf>) -> Vec<SetupStep> {
    let mut all = BTreeSet::new();
    for dir in dirs {
        for above in dir.ancestors() {
            if above.symlink_metadata().is_ok() {
                break;
            }
            all.insert(above.to_path_buf());
        }
    }
    all.into_iter().map(|path| SetupStep::Dir { path }).collect()
}

/// The step that makes a file with this text.
pub(super) fn of_file(path: &Path, text: &[u8]) -> SetupStep {
    let fingerprint = fingerprint(text.iter().copied());
    SetupStep::File { path: path.to_path_buf(), fingerprint }
}
