//! An archive from outside, looked at and unpacked without harm.
//!
//! Everything is refused that would lie anywhere but below the directory it is unpacked to, or that is
//! larger than it says. Nothing of it is run.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use memchr::memmem;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::error::{BundleError, refused};
use crate::base::visible;
use crate::base::{file, quoted};

/// The largest archive, in bytes.
pub const ARCHIVE_MAX: usize = 256 << 20;
/// So many files and directories it may have.
const ENTRIES_MAX: usize = 20_000;
/// So large it may be when it is unpacked, in bytes.
const UNPACKED_MAX: u64 = 512 << 20;
/// And so many times its own size, where that is more than the least.
const RATIO_MAX: u64 = 100;
const RATIO_FROM: u64 = 16 << 20;
/// The longest path, in bytes, and the deepest.
const PATH_MAX: usize = 512;
const DEPTH_MAX: usize = 32;
/// Beginning of a file's entry in an archive's directory (APPNOTE.TXT, 4.3.12).
const CENTRAL_HEADER: &[u8] = b"PK\x01\x02";
/// How the signature of a bundle ends, which lies behind the archive.
const SIGNATURE_END: &[u8] = b"MCPB_SIG_END";
const SIGNATURE_START: &[u8] = b"MCPB_SIG_V1";
/// Kinds of files, in the upper bits of a mode (inode(7)).
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;

/// An archive whose entries were looked at.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    files: BTreeSet<String>,
    /// Somebody signed it.
    pub is_signed: bool,
}

impl<'a> Archive<'a> {
    /// Looks at an archive.
    pub fn open(bytes: &'a [u8]) -> Result<Self, BundleError> {
        if bytes.len() > ARCHIVE_MAX {
            return Err(refused(format!("it is larger than {} MiB", ARCHIVE_MAX >> 20)));
        }
        // Whatever its directory says: reading that takes memory for each.
        if memmem::find_iter(bytes, CENTRAL_HEADER).take(ENTRIES_MAX + 1).count() > ENTRIES_MAX {
            return Err(refused(format!("there are more than {ENTRIES_MAX} files in it")));
        }
        let is_signed = bytes.ends_with(SIGNATURE_END);
        let broken = |error| refused(format!("it is no archive that can be read: {error}"));
        let zip = match ZipArchive::new(Cursor::new(bytes)) {
            Err(_) if is_signed => {
                let end = memmem::rfind(bytes, SIGNATURE_START).unwrap_or(bytes.len());
                ZipArchive::new(Cursor::new(&bytes[..end])).map_err(broken)?
            }
            opened => opened.map_err(broken)?,
        };
        let mut archive = Self { zip, files: BTreeSet::new(), is_signed };
        archive.judge(bytes.len() as u64)?;
        Ok(archive)
    }

    fn judge(&mut self, len: u64) -> Result<(), BundleError> {
        let mut total = 0_u64;
        for at in 0..self.zip.len() {
            let entry = self.zip.by_index_raw(at).map_err(|error| unreadable(&error))?;
            let name = name_of(&entry)?;
            total = total.saturating_add(entry.size());
            if !entry.is_dir() && !self.files.insert(name.clone()) {
                return Err(refused(format!("`{}` is in it twice", quoted(&name))));
            }
        }
        let most = UNPACKED_MAX.min(RATIO_FROM.max(len.saturating_mul(RATIO_MAX)));
        if total > most {
            return Err(refused(format!(
                "it would be {} MiB when it is unpacked, and {} MiB are the most for one of its size",
                total >> 20,
                most >> 20
            )));
        }
        Ok(())
    }

    /// Whether there is such a file.
    pub fn has(&self, name: &str) -> bool {
        self.files.contains(name)
    }

    /// A text in it of at most so many bytes.
    pub fn text(&mut self, name: &str, max: u64) -> Result<String, BundleError> {
        let entry = self.zip.by_name(name);
        let entry = entry.map_err(|_| refused(format!("there is no {name} in it")))?;
        let mut bytes = Vec::new();
        entry.take(max + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error.into()))?;
        if bytes.len() as u64 > max {
            return Err(refused(format!("its {name} is larger than {} KiB", max >> 10)));
        }
        String::from_utf8(bytes).map_err(|_| refused(format!("its {name} is not UTF-8")))
    }

    /// Writes all of it below a directory that is empty. `program`: a file that is to be run, whatever the
    /// archive says.
    pub fn unpack(&mut self, dir: &Path, program: Option<&str>) -> Result<(), BundleError> {
        for at in 0..self.zip.len() {
            let mut entry = self.zip.by_index(at).map_err(|error| unreadable(&error))?;
            let name = name_of(&entry)?;
            let path = dir.join(&name);
            let failed = |error| BundleError::File { path: path.clone(), error };
            if entry.is_dir() {
                file::make_dir(&path).map_err(failed)?;
                continue;
            }
            file::make_dir(path.parent().unwrap_or(dir)).map_err(failed)?;
            let is_program = entry.unix_mode().is_some_and(|mode| mode & 0o100 != 0)
                || program == Some(name.as_str());
            let mode = if is_program { 0o700 } else { 0o600 };
            let mut out = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&path)
                .map_err(failed)?;
            let said = entry.size();
            let written = std::io::copy(&mut (&mut entry).take(said + 1), &mut out);
            let written = written.map_err(|error| unreadable(&error.into()))?;
            if written != said {
                return Err(refused(format!("`{}` is not as large as it says", quoted(&name))));
            }
            out.flush().map_err(failed)?;
        }
        Ok(())
    }
}

fn unreadable(error: &zip::result::ZipError) -> BundleError {
    refused(format!("it is no archive that can be read: {error}"))
}

/// The path of an entry that may be written.
fn name_of<R: Read>(entry: &ZipFile<'_, R>) -> Result<String, BundleError> {
    let name = std::str::from_utf8(entry.name_raw())
        .map_err(|_| refused("there is a file in it whose name is not UTF-8"))?;
    let shown = quoted(name);
    let path = name.strip_suffix('/').unwrap_or(name);
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= 255;
    let is_inside = path.split('/').all(is_part)
        && path.split('/').count() <= DEPTH_MAX
        && path.len() <= PATH_MAX
        && !path.contains('\\')
        && !path.chars().any(visible::is_hidden);
    if !is_inside {
        return Err(refused(format!(
            "`{shown}` in it leads out of it, or is no path that can be written"
        )));
    }
    let kind = entry.unix_mode().unwrap_or_default() & KIND;
    let is_plain = matches!(kind, 0 | REGULAR) && !entry.is_dir()
        || matches!(kind, 0 | DIRECTORY) && entry.is_dir();
    if entry.is_symlink() || !is_plain {
        return Err(refused(format!(
            "`{shown}` in it is a link or a device; only plain files are unpacked"
        )));
    }
    if entry.encrypted() {
        return Err(refused(format!("`{shown}` in it is encrypted")));
    }
    Ok(path.to_owned())
}
