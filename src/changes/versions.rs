//! The last changes, with what each file was before: how they are written, and how they are taken back.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::draft::FileChange;
use super::error::ChangeError;
use crate::base::{FileLock, dirs, file, fingerprint, random};
use crate::clients::target::ClientFile;
use crate::config::Location;

/// So many are kept.
pub const KEPT: usize = 20;
/// The largest file of one, in bytes. A config file has 4 MiB at the most.
const FILE_MAX: u64 = 32 << 20;

/// One change that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// Grows with each.
    pub id: u64,
    /// When, as RFC 3339 writes it.
    pub at: String,
    /// Who, as the journal names principals.
    pub principal: String,
    /// What, for people: `PUT servers.github`.
    pub what: String,
    pub files: Vec<FileChange>,
}

/// Where the versions of one config are.
#[derive(Debug, Clone)]
pub struct Versions(PathBuf);

impl Versions {
    /// Those of this config, in the user's state directory.
    pub fn of(location: &Location) -> Option<Self> {
        Some(Self::below(&dirs::state()?, location))
    }

    pub(super) fn below(state: &Path, location: &Location) -> Self {
        let path = location.path().as_os_str().as_encoded_bytes();
        let name = format!("{:016x}", fingerprint(path.iter().copied()));
        Self(state.join("changes").join(name))
    }

    /// What keeps the tags of sections from being guessed, the same for every daemon of this config.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn salt(&self) -> Result<[u8; 32], ChangeError> {
        let path = self.0.join("salt");
        let known = file::read_private(&path, 32).ok().and_then(|salt| salt.try_into().ok());
        if let Some(salt) = known {
            return Ok(salt);
        }
        let salt = random::bytes::<32>();
        self.keep(|| {
            file::make_dir(&self.0)?;
            file::replace(&path, &salt)
        })?;
        Ok(salt)
    }

    /// Writes these files, once it is kept what they were. Either all are written, or none.
    ///
    /// # Errors
    /// Why none is.
    pub fn write(
        &self,
        files: Vec<FileChange>,
        (principal, what): (&str, &str),
    ) -> Result<Version, ChangeError> {
        let _lock = self.lock()?;
        for change in &files {
            let target = ClientFile::at(&change.path)?;
            if target.read()? != change.before {
                return Err(ChangeError::Stale(change.path.clone()));
            }
            target.permit()?;
        }
        let all = self.ids()?;
        let id = all.last().map_or(1, |last| last + 1);
        let at = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let (principal, what) = (principal.to_owned(), what.to_owned());
        let version = Version { id, at, principal, what, files };
        let text = serde_json::to_vec(&version).unwrap_or_default();
        self.keep(|| file::replace(&self.path(id), &text))?;
        let forward = version.files.iter().map(|file| (&*file.path, &file.before, &file.after));
        if let Err(error) = exchange(&forward.collect::<Vec<_>>()) {
            drop(std::fs::remove_file(self.path(id)));
            return Err(error);
        }
        let many = (all.len() + 1).saturating_sub(KEPT);
        for id in &all[..many.min(all.len())] {
            drop(std::fs::remove_file(self.path(*id)));
        }
        Ok(version)
    }

    /// Those that are kept, the last one first.
    ///
    /// # Errors
    /// Their directory cannot be read.
    pub fn list(&self) -> Result<Vec<Version>, ChangeError> {
        Ok(self.ids()?.into_iter().rev().filter_map(|id| self.read(id)).collect())
    }

    /// Takes back the last change, which is forgotten then. What somebody else changed since is not lost.
    ///
    /// # Errors
    /// Why it is as it was.
    pub fn undo(&self) -> Result<Version, ChangeError> {
        self.take_back_last(|_| true)
    }

    /// The same, if the last change is the one with this number.
    ///
    /// # Errors
    /// As of [`Versions::undo`].
    pub fn take_back(&self, id: u64) -> Result<Version, ChangeError> {
        self.take_back_last(|last| last.id == id)
    }

    fn take_back_last(&self, is_meant: impl Fn(&Version) -> bool) -> Result<Version, ChangeError> {
        let _lock = self.lock()?;
        let last = self.ids()?.into_iter().rev().find_map(|id| self.read(id));
        let version = last.filter(is_meant).ok_or(ChangeError::NothingToUndo)?;
        let mut back = Vec::new();
        for change in &version.files {
            let target = ClientFile::at(&change.path)?;
            let now = target.read()?;
            // One of us that was cut off had not come to it.
            if now == change.before {
                continue;
            }
            if now != change.after {
                return Err(ChangeError::Moved(change.path.clone()));
            }
            target.permit()?;
            back.push((&*change.path, &change.after, &change.before));
        }
        exchange(&back)?;
        let path = self.path(version.id);
        self.keep(|| std::fs::remove_file(&path))?;
        Ok(version)
    }

    fn path(&self, id: u64) -> PathBuf {
        self.0.join(format!("{id:010}.json"))
    }

    /// The numbers of those that are there, in their order.
    fn ids(&self) -> Result<Vec<u64>, ChangeError> {
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries,
        };
        let entries = entries.map_err(|error| self.failed(error))?;
        let id = |entry: io::Result<std::fs::DirEntry>| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".json")?.parse().ok()
        };
        let mut ids: Vec<u64> = entries.filter_map(id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// One of them; none where it is none of ours, or broken.
    fn read(&self, id: u64) -> Option<Version> {
        let bytes = file::read_private(&self.path(id), FILE_MAX).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    fn lock(&self) -> Result<FileLock, ChangeError> {
        let mut taken = None;
        self.keep(|| {
            file::make_dir(&self.0)?;
            taken = FileLock::try_take(&self.0.join("lock"))?;
            Ok(())
        })?;
        taken.ok_or(ChangeError::Busy)
    }

    fn keep(&self, act: impl FnOnce() -> io::Result<()>) -> Result<(), ChangeError> {
        act().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> ChangeError {
        ChangeError::Versions { path: self.0.clone(), error }
    }
}

/// Has each file say the last text in place of the first; all, or none.
fn exchange(files: &[(&Path, &Option<String>, &Option<String>)]) -> Result<(), ChangeError> {
    for (at, (path, _, to)) in files.iter().enumerate() {
        if let Err(error) = put(path, to.as_deref()) {
            for (path, from, _) in &files[..at] {
                // It was written a moment ago.
                drop(put(path, from.as_deref()));
            }
            return Err(error);
        }
    }
    Ok(())
}

fn put(path: &Path, text: Option<&str>) -> Result<(), ChangeError> {
    let target = ClientFile::at(path)?;
    match text {
        Some(text) => target.write(text)?,
        None if target.read()?.is_some() => target.remove()?,
        None => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
