//! Reading files that may be anything: a pipe, a device, endless, somebody else's, or on a disk that
//! does not answer.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::patience::within;
use crate::base::quote::word;
use crate::base::trust::{self, Distrust};

/// What a FIFO is called, see fifo(7).
pub const PIPE: &str = "a named pipe";

/// A file that was not read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", .path.display())]
pub struct Unreadable {
    pub path: PathBuf,
    pub problem: Problem,
}

/// Why, and what to do about it; a sentence about the file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("{0}")]
    Io(io::Error),
    #[error("it is {0}, not a regular file; name a regular file")]
    Kind(&'static str),
    #[error("it is larger than {}; name a smaller file", size(*.0))]
    Size(u64),
    #[error(
        "it does not answer; is it on a network file system whose server is away? It is tried again with the next reading"
    )]
    Hangs,
    #[error("{0}")]
    Distrusted(Distrust),
    #[error(
        "others may read it, so what is secret in it may be known; make a new secret, and `chmod 600 {}`", word(.0)
    )]
    Shared(PathBuf),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn size(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mib => format!("{mib} MiB"),
    }
}

/// What is asked of a file beside that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Nothing,
    /// Nobody else could have written it; see [`trust`].
    Trusted,
    /// Nor can anybody else read it.
    Private,
}

/// The content of a regular file of at most `max` bytes. Neither a pipe nor a device is opened, and
/// what hangs is not waited for.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, Unreadable> {
    attended(path, max, Demand::Nothing)
}

/// The same if nobody but us and root could have written it.
pub fn read_trusted(path: &Path, max: u64) -> Result<Vec<u8>, Unreadable> {
    attended(path, max, Demand::Trusted)
}

/// The same if nobody else could read it either.
pub fn read_private(path: &Path, max: u64) -> Result<Vec<u8>, Unreadable> {
    attended(path, max, Demand::Private)
}

/// The first line of a regular file, as far as `max` bytes of it. `None` where it cannot be read.
pub fn first_line(path: &Path, max: u64) -> Option<Vec<u8>> {
    let at = path.to_path_buf();
    let read = move || {
        let (file, _) = open(&at).ok()?;
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    };
    let mut bytes = within(path, read)??;
    bytes.truncate(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len()));
    Some(bytes)
}

/// Whether everybody may read the file. `false` where that cannot be known.
pub fn is_public(path: &Path) -> bool {
    let at = path.to_path_buf();
    within(path, move || at.metadata().is_ok_and(|found| found.mode() & 0o004 != 0))
        .unwrap_or(false)
}

fn attended(path: &Path, max: u64, demand: Demand) -> Result<Vec<u8>, Unreadable> {
    let at = path.to_path_buf();
    let read = within(path, move || read_here(&at, max, demand));
    let read = read.unwrap_or(Err(Problem::Hangs));
    read.map_err(|problem| Unreadable { path: path.to_path_buf(), problem })
}

fn read_here(path: &Path, max: u64, demand: Demand) -> Result<Vec<u8>, Problem> {
    let (file, found) = open(path)?;
    if demand != Demand::Nothing {
        trust::judge(path, &found).map_err(Problem::Distrusted)?;
        trust::judge_way(path).map_err(Problem::Distrusted)?;
    }
    if demand == Demand::Private && found.mode() & 0o077 != 0 {
        return Err(Problem::Shared(path.to_path_buf()));
    }
    if found.len() > max {
        return Err(Problem::Size(max));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0) + 1);
    file.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max { Err(Problem::Size(max)) } else { Ok(bytes) }
}

/// Opens a regular file. Opening is an act for other kinds: it wakes who writes into a pipe, and
/// rewinds a tape.
pub fn open(path: &Path) -> Result<(File, Metadata), Problem> {
    kind(&path.metadata()?)?;
    // It may have become another since.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    kind(&found)?;
    Ok((file, found))
}

fn kind(found: &Metadata) -> Result<(), Problem> {
    let kind = found.file_type();
    Err(Problem::Kind(match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => PIPE,
        () if kind.is_socket() => "a socket",
        () => "a device",
    }))
}

#[cfg(test)]
mod tests {
    use super::{is_public, read, read_private, read_trusted};
    use crate::base::file;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[test]
    fn only_a_regular_file_of_its_size_is_read_and_the_error_says_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mode = Mode::from_raw_mode(0o600);
        mknodat(CWD, at("pipe"), FileType::Fifo, mode, 0).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        file::replace(&at("file"), &[b'x'; 4096]).unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        for name in ["file", "link"] {
            assert_eq!(read(&at(name), 4096).unwrap().len(), 4096, "{name}");
        }
        std::fs::File::create(at("huge")).unwrap().set_len(10 << 30).unwrap();
        let check = |path: &Path, words: &str| {
            let error = read(path, 4095).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{}: {words}", path.display())), "{error}");
        };
        check(&at("pipe"), "it is a named pipe, not a regular file; name a regular file");
        check(&at("socket"), "it is a socket");
        check(dir.path(), "it is a directory");
        check(Path::new("/dev/zero"), "it is a device");
        check(&at("file"), "it is larger than 3 KiB");
        check(&at("huge"), "it is larger than");
        check(&at("none"), "No such file");
    }

    #[test]
    fn a_private_file_is_read_by_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        file::replace(&path, b"x").unwrap();
        for (mode, trusted, private, public) in [
            (0o600, true, true, false),
            (0o640, true, false, false),
            (0o644, true, false, true),
            (0o602, false, false, false),
        ] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let found = (read_trusted(&path, 9).is_ok(), read_private(&path, 9).is_ok());
            assert_eq!((found, is_public(&path)), ((trusted, private), public), "{mode:o}");
            assert!(read(&path, 9).is_ok());
        }
        set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(read_trusted(&path, 9).is_err() && read_private(&path, 9).is_err());
    }
}
