//! Files that are unpacked and not yet where they belong.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::BundleError;
use crate::base::{file, random};

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
        let name = format!(".{:016x}.unpacking", u64::from_ne_bytes(random::bytes()));
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

impl Drop for StagedBundle {
    fn drop(&mut self) {
        if !self.is_kept {
            drop(fs::remove_dir_all(&self.staging));
        }
    }
}
