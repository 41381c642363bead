//! A file by which processes agree that only one of them does something (flock(2)).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

/// A lock that is held until this is dropped, or the process ends in any way. The file goes with it, unless
/// the process was cut off: then it lies there and nobody holds it.
#[derive(Debug)]
#[must_use]
pub struct FileLock {
    path: PathBuf,
    /// Open for as long as it is held.
    _file: File,
}

impl FileLock {
    /// Takes it, in a directory that is there. `None`: another process has it.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let flags = OFlags::NOFOLLOW.bits().cast_signed();
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(flags)
                .open(path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            // Whoever had it before us took the file away.
            let (ours, there) = (file.metadata()?, path.symlink_metadata());
            let is_there = there.is_ok_and(|it| (it.dev(), it.ino()) == (ours.dev(), ours.ino()));
            if is_there {
                return Ok(Some(Self { path: path.to_path_buf(), _file: file }));
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::FileLock;
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_has_it_and_then_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = FileLock::try_take(&path).unwrap().unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_none());
        drop(held);
        assert!(!path.exists());
        // Left behind by a process that was cut off.
        std::fs::File::create(&path).unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_some());
        symlink("/dev/null", &path).unwrap();
        FileLock::try_take(&path).unwrap_err();
    }

    #[test]
    fn many_at_once_have_it_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let (path, inside) = (dir.path().join("lock"), AtomicUsize::new(0));
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let Some(_held) = FileLock::try_take(&path).unwrap() else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
    }
}
