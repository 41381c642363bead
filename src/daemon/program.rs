//! The file this process was started from, and whether another has taken its place.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;

use crate::base::file;

/// How long looking may take: everybody waits.
const WITHIN: Duration = Duration::from_millis(200);
/// A file that changed so recently may still be being written.
const SETTLED: Duration = Duration::from_secs(2);
/// How often to look.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The program we run.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl Program {
    pub(super) fn current() -> Option<Self> {
        let path = std::env::current_exe().ok()?;
        let file = path.metadata().ok()?;
        Some(Self { path, identity: (file.dev(), file.ino()) })
    }

    /// Whether another program, whole and executable, lies where ours came from.
    pub(super) fn was_replaced(&self) -> bool {
        let path = self.path.clone();
        let found = file::within_for(&self.path, WITHIN, move || path.metadata());
        let Some(Ok(file)) = found else { return false };
        let is_other = (file.dev(), file.ino()) != self.identity;
        let is_program = file.is_file() && file.len() > 0 && file.permissions().mode() & 0o111 != 0;
        let age = file.modified().ok().and_then(|at| at.elapsed().ok());
        is_other && is_program && age.is_some_and(|age| age >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::Program;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::time::{Duration, SystemTime};

    #[test]
    fn only_another_whole_program_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        let write = |name: &str, text: &str, mode: u32, age: u64| {
            let at = dir.path().join(name);
            crate::base::file::publish(&at, text.as_bytes()).unwrap();
            std::fs::set_permissions(&at, std::fs::Permissions::from_mode(mode)).unwrap();
            let file = std::fs::File::open(&at).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            at
        };
        write("program", "one", 0o755, 100);
        // While it runs, its number is not given to another file.
        let held = std::fs::File::open(&path).unwrap();
        let file = held.metadata().unwrap();
        let program = Program { path: path.clone(), identity: (file.dev(), file.ino()) };
        assert!(!program.was_replaced(), "it is the same");
        for (text, mode, age, expected) in [
            ("", 0o755, 100, false),
            ("two", 0o644, 100, false),
            ("two", 0o755, 0, false),
            ("two", 0o755, 100, true),
        ] {
            std::fs::rename(write("new", text, mode, age), &path).unwrap();
            assert_eq!(program.was_replaced(), expected, "{text:?} {mode:o} {age} s");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(!program.was_replaced(), "it is gone");
    }
}
