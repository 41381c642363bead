//! The lock of Claude Code's file, which its sessions write all the time.
//!
//! It is that of the npm package proper-lockfile: a directory beside the file, which is there while
//! somebody holds the lock, and whose time of change says that its holder lives.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::ClientError;

/// So old is a lock whose holder has died (`stale`).
const DEAD_AFTER: Duration = Duration::from_secs(10);
/// So long others are waited for.
const WITHIN: Duration = Duration::from_secs(15);
const LOOK_EACH: Duration = Duration::from_millis(20);

/// The lock, until it is dropped.
#[derive(Debug)]
pub(super) struct ClaudeLock(PathBuf);

impl ClaudeLock {
    /// Takes the lock of the file.
    pub(super) fn take(file: &Path) -> Result<Self, ClientError> {
        let mut name = file.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let began = Instant::now();
        loop {
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let age = path.metadata().and_then(|found| found.modified());
                    let age = age.ok().and_then(|at| at.elapsed().ok());
                    if age.is_some_and(|age| age > DEAD_AFTER) {
                        drop(fs::remove_dir(&path));
                        continue;
                    }
                }
                Err(error) => return Err(ClientError::Write { path, error }),
            }
            if began.elapsed() > WITHIN {
                return Err(ClientError::Locked(file.to_path_buf()));
            }
            std::thread::sleep(LOOK_EACH);
        }
    }
}

impl Drop for ClaudeLock {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.0));
    }
}
