//! Files that are whole or not there, and reading those that may be anything.

mod patience;
mod read;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

pub use patience::{within, within_for};
pub use read::{PIPE, Problem, first_line, is_public, open, read, read_private, read_trusted};

/// Writes `content` to `path` so that a reader, or a crash at any moment, sees the old file or
/// the new one and nothing between: temporary file, `fsync`, `rename`. Mode 0600; missing
/// directories are made with mode 0700.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    make_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    replace_with_mode(path, &[content], 0o600, true)
}

/// The same without `fsync`: a crash of the machine may leave the file short or empty, one of ours does
/// not. For what can be lost and somebody waits for.
/// `parts`: of the content, one after the other.
pub fn replace_soon(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    make_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    replace_with_mode(path, parts, 0o600, false)
}

/// The same for a file that everybody may read, in a directory that exists. Mode 0644.
pub fn publish(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_with_mode(path, &[content], 0o644, true)
}

fn replace_with_mode(path: &Path, parts: &[&[u8]], mode: u32, sync: bool) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = dir.join(format!(".{:08x}.tmp", u32::from_ne_bytes(super::random::bytes())));
    let written =
        write_new(&temporary, parts, mode, sync).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written
}

fn write_new(path: &Path, parts: &[&[u8]], mode: u32, sync: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    if sync { file.sync_all() } else { Ok(()) }
}

/// Makes `dir` and what is missing above it, each with mode 0700.
pub fn make_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn replaces_whole_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/state.json");
        super::replace(&path, b"one").unwrap();
        super::replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no left-over");
    }
}
