//! Kept results as files: a header line, then the result's bytes.
//!
//! A file's name is made of its handle and its owner, so looking for somebody else's handle is
//! looking for a file that does not exist. A file appears whole (`rename`) and is never changed;
//! two processes that share the directory for a while can only find files gone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::index::{Caps, StoredResult};
use super::reference::Ref;
use crate::base::{file, fingerprint};

/// What a file begins with; the number is the version of the header and of the file's name.
const MAGIC: &str = "callmux result 1 ";
/// The longest header line; names are far shorter.
const HEADER_MAX: usize = 8 << 10;
/// How many files are looked at when the directory is opened. More than this are no work of ours.
const FILES_MAX: usize = 20_000;
/// A temporary file as old as this is nobody's: its writer died.
const ABANDONED: Duration = Duration::from_mins(10);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    owner: String,
    tool: String,
    time: u64,
    length: u64,
}

/// The directory of kept results.
#[derive(Debug)]
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Makes the directory if there is none, and shuts others out of it.
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        file::make_dir(&dir)?;
        fs::set_permissions(&dir, Permissions::from_mode(0o700))?;
        Ok(Self(dir))
    }

    fn path(&self, owner: &str, reference: Ref) -> PathBuf {
        self.0.join(format!("{reference}.{:016x}", fingerprint(owner.bytes())))
    }

    pub(super) fn write(&self, entry: &StoredResult, body: &[u8]) -> io::Result<()> {
        let header = Header {
            owner: entry.owner.to_string(),
            tool: entry.tool.to_string(),
            time: entry.time,
            length: entry.length,
        };
        let header = serde_json::to_string(&header)?;
        if MAGIC.len() + header.len() >= HEADER_MAX {
            return Err(io::Error::other("the names of owner and tool are too long"));
        }
        let parts = [MAGIC.as_bytes(), header.as_bytes(), b"\n", body];
        file::replace_soon(&self.path(&entry.owner, entry.reference), &parts)
    }

    /// The entry and its bytes, if the file is there, whole and the owner's.
    pub(super) fn read(&self, owner: &str, reference: Ref) -> io::Result<(StoredResult, Vec<u8>)> {
        let (entry, mut rest) = head(&self.path(owner, reference), reference)?;
        if *entry.owner != *owner {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut body = Vec::with_capacity(usize::try_from(entry.length).unwrap_or(0));
        rest.by_ref().take(entry.length).read_to_end(&mut body)?;
        if body.len() as u64 == entry.length { Ok((entry, body)) } else { Err(broken()) }
    }

    pub(super) fn remove(&self, entry: &StoredResult) {
        drop(fs::remove_file(self.path(&entry.owner, entry.reference)));
    }

    /// The results that are there, oldest first. Files of ours that nobody can use are removed; what
    /// does not bear a name of ours is left alone.
    pub(super) fn scan(&self, caps: &Caps) -> io::Result<Vec<StoredResult>> {
        let mut found = Vec::new();
        for file in fs::read_dir(&self.0)?.take(FILES_MAX) {
            let Ok(file) = file else { continue };
            let name = file.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_useless = match reference_of(name) {
                Some(reference) => match head(&file.path(), reference) {
                    Ok((entry, _))
                        if caps.allow(entry.length)
                            && self.path(&entry.owner, reference) == file.path() =>
                    {
                        found.push(entry);
                        false
                    }
                    Ok(_) => true,
                    // Another process removed it just now, or we may not read it.
                    Err(error) => error.kind() == io::ErrorKind::InvalidData,
                },
                None => is_temporary(name) && is_abandoned(&file),
            };
            if is_useless {
                drop(fs::remove_file(file.path()));
            }
        }
        found.sort_by_key(|entry| (entry.time, entry.reference));
        Ok(found)
    }
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// Reads the header of a file and compares it with the file's length.
fn head(path: &Path, reference: Ref) -> io::Result<(StoredResult, BufReader<File>)> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut reader = BufReader::with_capacity(HEADER_MAX, file);
    let mut line = Vec::new();
    reader.by_ref().take(HEADER_MAX as u64).read_until(b'\n', &mut line)?;
    let header = line.strip_prefix(MAGIC.as_bytes()).ok_or_else(broken)?;
    let header: Header = serde_json::from_slice(header).map_err(|_| broken())?;
    let is_whole = line.ends_with(b"\n")
        && header.length.checked_add(line.len() as u64) == Some(metadata.len());
    if !is_whole {
        return Err(broken());
    }
    let entry = StoredResult {
        reference,
        owner: header.owner.into(),
        tool: header.tool.into(),
        time: header.time,
        length: header.length,
        body: None,
    };
    Ok((entry, reader))
}

/// The handle in a file name that [`Disk::path`] may have made.
fn reference_of(name: &str) -> Option<Ref> {
    let (reference, owner) = name.split_once('.')?;
    (owner.len() == 16 && is_hex(owner)).then(|| Ref::parse(reference))?
}

/// Whether [`file::replace`] may have made a file of this name.
fn is_temporary(name: &str) -> bool {
    let middle = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
    middle.is_some_and(|middle| middle.len() == 8 && is_hex(middle))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A file from the future was made before the clock was set back.
fn is_abandoned(file: &fs::DirEntry) -> bool {
    let Ok(metadata) = file.metadata() else { return false };
    let Ok(modified) = metadata.modified() else { return false };
    let now = SystemTime::now();
    let apart = now.duration_since(modified).unwrap_or_else(|error| error.duration());
    metadata.is_file() && apart >= ABANDONED
}
