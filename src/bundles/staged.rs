//! Files that are unpacked and not yet where they belong.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::BundleError;
use crate::base::{file, random};

/// How the name of a directory ends that is being filled.
const UNPACKING: &str = ".unpacking";

/// A directory of its own, which is gone with this value if it is not kept.
#[derive(Debug)]
pub struct StagedBundle {
    staging: PathBuf,
    target: PathBuf,
    is_kept: bool,
}

impl StagedBundle {
    /// An empty directory below `base`, for what is to be at `target`.
    pub fn make(base: &Path, target: PathBuf) -> Result<Self, BundleError> {
        tidy(base);
        let (random, pid) = (u64::from_ne_bytes(random::bytes()), std::process::id());
        let name = format!(".{random:016x}.{pid}{UNPACKING}");
        let staging = base.join(name);
        let failed = |error| BundleError::File { path: staging.clone(), error };
        file::make_dir(&staging).map_err(failed)?;
        Ok(Self { staging, target, is_kept: false })
    }

    pub fn path(&self) -> &Path {
        &self.staging
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts it where it belongs.
    pub fn keep(&mut self) -> Result<(), BundleError> {
        let failed = |error| BundleError::File { path: self.target.clone(), error };
        if let Some(parent) = self.target.parent() {
            file::make_dir(parent).map_err(failed)?;
        }
        // The same bundle, unpacked earlier: what it made of itself since is not wanted.
        if self.target.symlink_metadata().is_ok() {
            fs::remove_dir_all(&self.target).map_err(failed)?;
        }
        fs::rename(&self.staging, &self.target).map_err(failed)?;
        self.is_kept = true;
        Ok(())
    }
}

/// Removes what one of us left here that was killed.
fn tidy(base: &Path) {
    for left in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = left.file_name();
        let ours = name.to_str().and_then(|name| name.strip_suffix(UNPACKING));
        let pid =
            ours.and_then(|ours| ours.rsplit('.').next()).and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            drop(fs::remove_dir_all(left.path()));
        }
    }
}

impl Drop for StagedBundle {
    fn drop(&mut self) {
        if !self.is_kept {
            drop(fs::remove_dir_all(&self.staging));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StagedBundle;

    #[test]
    fn what_a_killed_one_left_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        // No process has this number: /proc/sys/kernel/pid_max is at most 2^22 (proc(5)).
        let left = dir.path().join(".00.4194999.unpacking/x");
        std::fs::create_dir_all(&left).unwrap();
        let mut staged = StagedBundle::make(dir.path(), dir.path().join("a/1")).unwrap();
        assert!(!left.exists() && staged.path().is_dir());
        staged.keep().unwrap();
        drop(staged);
        assert!(dir.path().join("a/1").is_dir());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
