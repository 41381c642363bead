//! The program is put where it stays, and taken away again.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::LastingError;
use super::record::{CopyRecord, Replaced, dir, fingerprint_of, opened};
use crate::base::{file, random};

/// What runs, also where it was taken away since (proc_pid_exe(5)).
const OURSELVES: &str = "/proc/self/exe";
/// Everybody may run it.
const MODE: u32 = 0o755;

/// What became of a program that was put somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyEnd {
    /// There was none, or it is gone already.
    Nothing,
    Gone(PathBuf),
    /// What was there before is there again.
    Restored(PathBuf),
    /// It stays, and why.
    Left(PathBuf, String),
}

/// Whether two files have the same bytes.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let compare = || -> io::Result<bool> {
        let (one, other) = (opened(one)?, opened(other)?);
        if one.metadata()?.len() != other.metadata()?.len() {
            return Ok(false);
        }
        let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
        loop {
            let (a, b) = (one.fill_buf()?, other.fill_buf()?);
            let both = a.len().min(b.len());
            if both == 0 || a[..both] != b[..both] {
                return Ok(a.len() == b.len());
            }
            one.consume(both);
            other.consume(both);
        }
    };
    compare().unwrap_or(false)
}

/// Puts what runs at `path`. What is there, if it is not ours, is kept.
pub(super) fn put(path: &Path) -> Result<(), LastingError> {
    let (ours, failed) = (Path::new(OURSELVES), LastingError::at);
    let last = CopyRecord::read()?.filter(|record| record.path == path);
    let (mut known, mut before, mut dirs) = match last {
        Some(last) => (last.ours, last.before, last.dirs),
        None => (Vec::new(), None, Vec::new()),
    };
    if path.symlink_metadata().is_ok() {
        let fingerprint = fingerprint_of(path).map_err(failed(path))?;
        if !known.contains(&fingerprint) {
            before = Some(kept(path, fingerprint)?);
        }
    }
    let fingerprint = fingerprint_of(ours).map_err(failed(ours))?;
    known.retain(|one| *one != fingerprint);
    known.push(fingerprint);
    let parent = path.parent().unwrap_or(Path::new("/"));
    let missing = parent.ancestors().take_while(|dir| dir.symlink_metadata().is_err());
    let missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
    dirs.extend(missing.into_iter().rev());
    let name = format!(".callmux.{:08x}.tmp", u32::from_ne_bytes(random::bytes()));
    let temporary = path.with_file_name(name);
    let path = path.to_path_buf();
    CopyRecord { path: path.clone(), temporary: temporary.clone(), ours: known, before, dirs }
        .keep()?;
    file::make_dir(parent).map_err(failed(parent))?;
    replace(ours, &temporary, &path, MODE).map_err(failed(&path))
}

/// Keeps a copy of somebody else's program.
fn kept(path: &Path, fingerprint: u64) -> Result<Replaced, LastingError> {
    let place = dir()?;
    file::make_dir(&place).map_err(LastingError::at(&place))?;
    let (kept, temporary) = (place.join("callmux.before"), place.join("callmux.before.tmp"));
    drop(fs::remove_file(&temporary));
    replace(path, &temporary, &kept, 0o600).map_err(LastingError::at(&kept))?;
    let found = path.metadata().map_err(LastingError::at(path))?;
    Ok(Replaced { kept, fingerprint, mode: found.permissions().mode() & 0o7777 })
}

/// A copy of `from` at `path`, whole or not at all.
fn replace(from: &Path, temporary: &Path, path: &Path, mode: u32) -> io::Result<()> {
    let write = || -> io::Result<()> {
        let mut source = opened(from)?;
        let mut copy =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
        io::copy(&mut source, &mut copy)?;
        // Whatever the umask says.
        copy.set_permissions(Permissions::from_mode(mode))?;
        copy.sync_all()
    };
    let written = write().and_then(|()| fs::rename(temporary, path));
    if written.is_err() {
        drop(fs::remove_file(temporary));
    }
    written
}

/// Takes back what was put there, if it is still the same. `needed`: who names it.
pub fn take_back(needed: impl Fn(&Path) -> Option<String>) -> Result<CopyEnd, LastingError> {
    let Some(record) = CopyRecord::read()? else { return Ok(CopyEnd::Nothing) };
    let (path, failed) = (record.path.clone(), LastingError::at);
    drop(fs::remove_file(&record.temporary));
    let there = path.symlink_metadata().ok();
    let is_file = there.as_ref().is_some_and(fs::Metadata::is_file);
    let found = is_file.then(|| fingerprint_of(&path)).transpose().map_err(failed(&path))?;
    let is_ours = found.is_some_and(|found| record.ours.contains(&found));
    let is_as_before = match &record.before {
        Some(before) => found == Some(before.fingerprint),
        None => there.is_none(),
    };
    let end = match &record.before {
        // It never came to the copy, or somebody has taken it back already.
        _ if is_as_before => CopyEnd::Nothing,
        None if !is_ours => CopyEnd::Left(path, "it was changed since".to_owned()),
        Some(before) if !is_ours => {
            let kept = before.kept.display();
            let why = format!("it was changed since; what was there before is {kept}");
            return Ok(CopyEnd::Left(path, why));
        }
        before => {
            if let Some(who) = needed(&path) {
                return Ok(CopyEnd::Left(path, who));
            }
            if let Some(before) = before {
                replace(&before.kept, &record.temporary, &path, before.mode)
                    .map_err(failed(&path))?;
                CopyEnd::Restored(path)
            } else {
                fs::remove_file(&path).map_err(failed(&path))?;
                CopyEnd::Gone(path)
            }
        }
    };
    for dir in record.dirs.iter().rev() {
        drop(fs::remove_dir(dir));
    }
    record.forget()?;
    Ok(end)
}
