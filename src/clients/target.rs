//! A client's file on this machine: what it is really, whether it may be written, how that is done.

use std::fs::{self, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::error::ClientError;
use crate::base::file;

/// The largest file that is edited, in bytes. Histories lie in some.
pub const FILE_MAX: u64 = 16 << 20;
/// Where Nix keeps what it made.
const STORE: &str = "/nix/store";
/// Of a file that was not there: tokens may come into it.
const MODE: u32 = 0o600;
const OWNER_WRITES: u32 = 0o200;

/// A client's file, links followed.
#[derive(Debug, Clone)]
pub struct ClientFile {
    /// As the client names it.
    pub path: PathBuf,
    /// What is written.
    pub real: PathBuf,
}

impl ClientFile {
    /// Follows the links at `path`.
    pub fn at(path: &Path) -> Result<Self, ClientError> {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(_) if path.symlink_metadata().is_ok() => {
                return Err(ClientError::Dangling(path.to_path_buf()));
            }
            Err(_) => path.to_path_buf(),
        };
        Ok(Self { path: path.to_path_buf(), real })
    }

    /// What is in it; `None` if it is not there.
    pub fn read(&self) -> Result<Option<String>, ClientError> {
        if self.real.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(None);
        }
        let bytes = file::read(&self.real, FILE_MAX);
        let bytes = bytes.map_err(|error| ClientError::Read(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| ClientError::NotText(self.path.clone()))?;
        Ok(Some(text))
    }

    /// Whether it may be written.
    pub fn permit(&self) -> Result<(), ClientError> {
        let path = || self.path.clone();
        if is_store(&self.real) {
            return Err(ClientError::Store(path()));
        }
        let mut place = self.real.as_path();
        if let Ok(found) = self.real.metadata() {
            let uid = found.uid();
            if uid != rustix::process::geteuid().as_raw() {
                return Err(ClientError::Owner { path: path(), uid });
            }
            if found.mode() & OWNER_WRITES == 0 || access(&self.real, Access::WRITE_OK).is_err() {
                return Err(ClientError::ReadOnly(path()));
            }
        }
        // Of directories that are not there yet, the one in which they will be.
        let dir = loop {
            place = place.parent().unwrap_or(Path::new("/"));
            if let Ok(found) = place.metadata() {
                break found;
            }
        };
        let is_writable = dir.mode() & OWNER_WRITES != 0 && access(place, Access::WRITE_OK).is_ok();
        if is_writable { Ok(()) } else { Err(ClientError::ReadOnly(place.to_path_buf())) }
    }

    /// Puts the text there at once, with the mode that the file had. A crash leaves what was there, or this.
    pub fn write(&self, text: &str) -> Result<(), ClientError> {
        self.exchange(text).map_err(|error| self.failed(error))
    }

    /// Removes what one of us left beside it that was killed.
    pub fn clean(&self) {
        if let (Some(dir), Some(name)) = (self.real.parent(), self.real.file_name()) {
            tidy(dir, &name.to_string_lossy());
        }
    }

    /// Takes the file away.
    pub fn remove(&self) -> Result<(), ClientError> {
        fs::remove_file(&self.real).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> ClientError {
        ClientError::Write { path: self.path.clone(), error }
    }

    fn exchange(&self, text: &str) -> io::Result<()> {
        let dir = self.real.parent().ok_or(ErrorKind::InvalidInput)?;
        file::make_dir(dir)?;
        let name = self.real.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
        tidy(dir, &name);
        let temporary = dir.join(format!(".{name}.callmux.{}", std::process::id()));
        let found = self.real.metadata().ok();
        let written = write_new(&temporary, text, found.as_ref());
        let done = written.and_then(|()| fs::rename(&temporary, &self.real));
        if done.is_err() {
            drop(fs::remove_file(&temporary));
        }
        done?;
        OpenOptions::new().read(true).open(dir)?.sync_all()
    }
}

/// Removes what one of us left here that was killed.
fn tidy(dir: &Path, name: &str) {
    let start = format!(".{name}.callmux.");
    for left in fs::read_dir(dir).into_iter().flatten().flatten() {
        let file = left.file_name();
        let pid = file.to_str().and_then(|file| file.strip_prefix(&start));
        let pid = pid.and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            drop(fs::remove_file(left.path()));
        }
    }
}

fn write_new(path: &Path, text: &str, like: Option<&Metadata>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(text.as_bytes())?;
    if let Some(like) = like {
        file.set_permissions(Permissions::from_mode(like.mode() & 0o7777))?;
    }
    file.sync_all()
}

fn is_store(path: &Path) -> bool {
    path.starts_with(STORE)
}

#[cfg(test)]
mod tests {
    use super::is_store;
    use std::path::Path;

    #[test]
    fn what_nix_made_is_known() {
        assert!(is_store(Path::new("/nix/store/abc-settings.json")));
        assert!(!is_store(Path::new("/home/u/nix/store/x")));
    }
}
