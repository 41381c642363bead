//! A file that is broken: kept, out of the way.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use super::row::micros;

/// So many are kept; of more the oldest is deleted.
const KEPT: usize = 3;
/// What stands between the name of the file and when it was set aside.
const MARK: &str = ".broken-";

/// Moves the file and what SQLite keeps beside it; where it is then.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut mark: OsString = MARK.into();
    mark.push((micros(SystemTime::now()) / 1_000_000).to_string());
    let aside = beside(path, &mark);
    fs::rename(path, &aside)?;
    for part in ["-wal", "-shm"] {
        // What is not there is not missed, and what stays would be taken for a part of the next one.
        let (from, to) = (beside(path, part.as_ref()), beside(&aside, part.as_ref()));
        if fs::rename(&from, to).is_err() {
            _ = fs::remove_file(from);
        }
    }
    forget(path);
    Ok(aside)
}

fn beside(path: &Path, more: &std::ffi::OsStr) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(more);
    text.into()
}

/// Those that were set aside, the oldest first.
fn found(path: &Path) -> Vec<PathBuf> {
    let Some((dir, name)) = path.parent().zip(path.file_name()) else { return Vec::new() };
    let start = format!("{}{MARK}", name.to_string_lossy());
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let is_one = |name: &str| name.strip_prefix(&start).is_some_and(|at| at.parse::<u64>().is_ok());
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_one(name)).collect();
    names.sort();
    names.into_iter().map(|name| dir.join(name)).collect()
}

fn forget(path: &Path) {
    let found = found(path);
    for old in &found[..found.len().saturating_sub(KEPT)] {
        for part in ["", "-wal", "-shm"] {
            _ = fs::remove_file(beside(old, part.as_ref()));
        }
    }
}
