//! Opening files for arguments, and only those that lie where a session may read.
//!
//! What is opened is decided by the kernel (`openat2` with `RESOLVE_BENEATH`), never by comparing
//! texts: those only choose the directory to start from, and nothing outside of it can be reached,
//! whatever is renamed meanwhile.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstat, fstatfs, openat2, stat,
};
use rustix::io::Errno;

use super::error::FileProblem;
use crate::base::dirs;

/// How often a path is tried again that somebody renamed on the way (openat2(2), `EAGAIN`).
const TRIES: usize = 64;

/// The directories that a session's file references may lead into. `/` is never one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    /// Where the session's client works; relative paths begin here.
    pub cwd: Option<PathBuf>,
    /// Absolute paths from the config.
    pub further: Vec<PathBuf>,
}

impl Roots {
    /// Opens a regular file, and says how many bytes it has now.
    pub(super) fn open(&self, path: &str) -> Result<(File, u64), FileProblem> {
        let is_named = |root: &&Path| {
            root.is_absolute() && root.components().any(|part| matches!(part, Component::Normal(_)))
        };
        let roots = self.cwd.iter().chain(&self.further).map(PathBuf::as_path);
        let roots: Vec<&Path> = roots.filter(is_named).collect();
        if roots.is_empty() {
            return Err(FileProblem::NoRoot);
        }
        let wanted = self.absolute(path, dirs::home().as_deref())?;
        match open_below(&roots, &wanted) {
            Err(FileProblem::Outside) => {
                let real = led_out(&roots, &wanted).ok_or(FileProblem::Outside)?;
                open_below(&roots, &real)
            }
            other => other,
        }
    }

    fn absolute(&self, path: &str, home: Option<&Path>) -> Result<PathBuf, FileProblem> {
        if path.is_empty() || path.contains('\0') {
            return Err(FileProblem::Io(io::ErrorKind::InvalidInput.into()));
        }
        if path == "~" || path.starts_with("~/") {
            let rest = path[1..].trim_start_matches('/');
            return home.map(|home| home.join(rest)).ok_or(FileProblem::NoHome);
        }
        if Path::new(path).is_absolute() {
            return Ok(path.into());
        }
        let cwd = self.cwd.as_ref().filter(|cwd| cwd.is_absolute());
        cwd.map(|cwd| cwd.join(path)).ok_or(FileProblem::Relative)
    }
}

/// Where a path really leads that begins in a root and leaves it by a symbolic link: the kernel
/// refuses absolute links even when they lead back. The answer is opened beneath a root again, so
/// it grants nothing.
fn led_out(roots: &[&Path], wanted: &Path) -> Option<PathBuf> {
    let climbs = |rest: PathBuf| rest.components().any(|part| part == Component::ParentDir);
    let begins_inside =
        roots.iter().any(|root| below(root, wanted).is_some_and(|rest| !climbs(rest)));
    if begins_inside { fs::canonicalize(wanted).ok() } else { None }
}

/// The rest of a path that begins with a root, as it is written or as it really is.
fn below(root: &Path, wanted: &Path) -> Option<PathBuf> {
    let rest = |root: &Path| wanted.strip_prefix(root).ok().map(Path::to_path_buf);
    rest(root).or_else(|| rest(&fs::canonicalize(root).ok()?))
}

/// Roots may lie in each other, so each is tried until one holds the file.
fn open_below(roots: &[&Path], wanted: &Path) -> Result<(File, u64), FileProblem> {
    for root in roots {
        let Some(rest) = below(root, wanted) else { continue };
        let Some(dir) = open_root(root)? else { continue };
        match open_beneath(&dir, &rest) {
            Err(FileProblem::Outside) => {}
            other => return other,
        }
    }
    Err(FileProblem::Outside)
}

/// `None` for a path that is `/` by another name.
fn open_root(root: &Path) -> Result<Option<OwnedFd>, FileProblem> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir =
        openat2(CWD, root, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS).map_err(problem)?;
    let (ours, top) = (fstat(&dir).map_err(problem)?, stat("/").map_err(problem)?);
    let is_top = (ours.st_dev, ours.st_ino) == (top.st_dev, top.st_ino);
    Ok((!is_top).then_some(dir))
}

fn open_beneath(dir: &OwnedFd, rest: &Path) -> Result<(File, u64), FileProblem> {
    let rest = if rest.as_os_str().is_empty() { Path::new(".") } else { rest };
    // A pipe or a terminal must neither block us nor become ours.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut tries = 1..TRIES;
    let file = loop {
        match openat2(dir, rest, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) if tries.next().is_some() => {}
            other => break other.map_err(problem)?,
        }
    };
    // Files of the kernel look regular and tell of our own process, its environment for one.
    let is_of_process = fstatfs(&file).map_err(problem)?.f_type == PROC_SUPER_MAGIC;
    let file = File::from(file);
    let metadata = file.metadata()?;
    if is_of_process || !metadata.is_file() {
        return Err(FileProblem::Kind);
    }
    Ok((file, metadata.len()))
}

fn problem(error: Errno) -> FileProblem {
    match error {
        Errno::XDEV => FileProblem::Outside,
        // A sandbox that does not know the call may refuse it with either.
        Errno::NOSYS | Errno::PERM => FileProblem::Unconfined,
        // What opening a socket, or a device that is not there, comes to.
        Errno::NXIO | Errno::NODEV => FileProblem::Kind,
        other => FileProblem::Io(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_where_they_say() {
        let roots = Roots { cwd: Some("/p".into()), further: Vec::new() };
        let check = |path: &str, home: Option<&str>, expected: Option<&str>| {
            let absolute = roots.absolute(path, home.map(Path::new)).ok();
            assert_eq!(absolute.as_deref(), expected.map(Path::new), "{path}");
        };
        check("a/b", None, Some("/p/a/b"));
        check("/a", None, Some("/a"));
        check("~/a", Some("/home/u"), Some("/home/u/a"));
        check("~//a", Some("/home/u"), Some("/home/u/a"));
        check("~", Some("/home/u"), Some("/home/u"));
        check("~/a", None, None);
        check("~root/a", Some("/home/u"), Some("/p/~root/a"));
        check("./~/a", Some("/home/u"), Some("/p/~/a"));
        check("", None, None);
        check("a\0b", None, None);
        assert!(matches!(Roots::default().absolute("a", None), Err(FileProblem::Relative)));
    }

    #[test]
    fn what_cannot_be_confined_is_not_opened() {
        assert!(matches!(problem(Errno::NOSYS), FileProblem::Unconfined));
        assert!(matches!(problem(Errno::PERM), FileProblem::Unconfined));
    }
}
