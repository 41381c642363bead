//! What a daemon writes that nobody reads as it comes: a file in the state directory, and the one before it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::base::{dirs, file, stdio};

/// From so many bytes on another file is begun: with the one before there are twice as many at the most, and
/// what is written until somebody looks.
const TURNED_AT: u64 = 4 << 20;
/// How often somebody looks.
const LOOK_EACH: Duration = Duration::from_secs(30);
/// How much of the end is looked at for what was said last, in bytes.
const END_MAX: u64 = 16 << 10;

/// Where it is.
pub fn path() -> Option<PathBuf> {
    dirs::state().map(|dir| dir.join("daemon.log"))
}

/// Opens it for who is started, with what was there before set aside if that was much.
pub(super) fn open(path: &Path) -> io::Result<File> {
    file::make_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    turn(path)?;
    append(path)
}

fn append(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let file =
        OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Sets it aside if it is large; whether it was.
fn turn(path: &Path) -> io::Result<bool> {
    let is_large = path.symlink_metadata().is_ok_and(|found| found.len() >= TURNED_AT);
    if is_large {
        let mut before = path.as_os_str().to_owned();
        before.push(".1");
        fs::rename(path, before)?;
    }
    Ok(is_large)
}

/// Begins another file whenever the one that our stderr is has grown large. Never ends.
pub async fn keep_small() {
    loop {
        tokio::time::sleep(LOOK_EACH).await;
        let turned = path().map_or(Ok(()), |path| turn_stderr(&path));
        if let Err(error) = turned {
            tracing::debug!(%error, "the log stays as large as it is");
        }
    }
}

fn turn_stderr(path: &Path) -> io::Result<()> {
    let found = path.symlink_metadata()?;
    // Somebody may have given us another place to write to.
    if stdio::file_of_stderr()? == (found.dev(), found.ino()) && turn(path)? {
        stdio::lead_stderr_to(&append(path)?)?;
    }
    Ok(())
}

/// The last line that was written since it had so many bytes.
pub(super) fn last_line(path: &Path, since: u64) -> Option<String> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let from = file.metadata().ok()?.len().saturating_sub(END_MAX).max(since);
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut end = Vec::new();
    file.take(END_MAX).read_to_end(&mut end).ok()?;
    let end = String::from_utf8_lossy(&end);
    end.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{TURNED_AT, last_line, open};
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_large_log_is_set_aside_and_the_one_before_that_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/daemon.log");
        let mut file = open(&path).unwrap();
        file.write_all(b"one\n").unwrap();
        open(&path).unwrap().write_all(b"two\n\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n\n");
        assert_eq!(last_line(&path, 0).as_deref(), Some("two"));
        assert_eq!(last_line(&path, 4).as_deref(), Some("two"));
        assert_eq!(last_line(&path, 9), None);
        file.set_len(TURNED_AT).unwrap();
        for round in 0..3 {
            let fresh = open(&path).unwrap();
            assert_eq!(fresh.metadata().unwrap().len(), 0, "{round}");
            assert_eq!(fresh.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            fresh.set_len(TURNED_AT).unwrap();
        }
        let names = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(names.count(), 2);
        std::fs::remove_file(&path).unwrap();
        symlink("/dev/null", &path).unwrap();
        open(&path).unwrap_err();
    }
}
