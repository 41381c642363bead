//! The files in which the audit lies, one after the other.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::base::file::{self, Problem};

const BEFORE: &str = "segment-";
const BEHIND: &str = ".jsonl";

/// The longest line: every text in it is bounded, and may be all escapes.
pub const LINE_MAX: usize = 128 * 1024;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// From 1; none is used twice.
    pub number: u64,
    pub path: PathBuf,
}

impl Segment {
    pub fn of(dir: &Path, number: u64) -> Self {
        Self { number, path: dir.join(format!("{BEFORE}{number:06}{BEHIND}")) }
    }

    /// Where what is left of a line that was never finished goes.
    pub fn set_aside(&self) -> PathBuf {
        self.path.with_extension("torn")
    }

    /// Opens it for whoever reads; `None`: it was taken away.
    pub fn look(&self) -> io::Result<Option<File>> {
        match file::open(&self.path) {
            Ok((file, _)) => Ok(Some(file)),
            Err(Problem::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(Problem::Io(error)) => Err(error),
            Err(other) => Err(io::Error::other(format!("{}: {other}", self.path.display()))),
        }
    }

    /// Opens it for whoever writes. Whatever lies there instead is neither followed nor waited for.
    pub fn open(&self) -> io::Result<(File, u64)> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let file = options.open(&self.path)?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other(format!("{} is no file", self.path.display())));
        }
        Ok((file, found.len()))
    }
}

/// Those that are there, the oldest first.
pub fn all(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(BEFORE)?.strip_suffix(BEHIND));
        let number = number.and_then(|number| number.parse().ok());
        let segment = number.map(|number| Segment::of(dir, number));
        // A number is written in one way.
        found.extend(segment.filter(|segment| segment.path.file_name() == Some(&name)));
    }
    found.sort();
    Ok(found)
}
