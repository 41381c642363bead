//! Data of results, in files.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use bytesize::ByteSize;

use super::trouble::Trouble;

/// Files beside each other that are tried for a name.
const NAMES_MAX: usize = 10_000;
/// The longest name of a file that is made of a tool's, in characters.
const STEM_MAX: usize = 64;

/// What files of a type end with, where that is not the type's own name.
const ENDINGS: &[(&str, &str)] = &[
    ("image/jpeg", "jpg"),
    ("image/svg+xml", "svg"),
    ("audio/mpeg", "mp3"),
    ("audio/x-wav", "wav"),
    ("application/gzip", "gz"),
    ("application/octet-stream", "bin"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
];

/// An image, a sound, or other bytes.
#[derive(Debug)]
pub(super) struct Data {
    mime: String,
    pub(super) bytes: Vec<u8>,
}

impl Data {
    pub(super) fn new(mime: &str, bytes: Vec<u8>) -> Self {
        Self { mime: mime.to_owned(), bytes }
    }

    /// Its type and size, for people.
    pub(super) fn kind(&self) -> String {
        let mime = if self.mime.is_empty() { "data" } else { &self.mime };
        format!("{mime}, {}", ByteSize(self.bytes.len() as u64).display().iec())
    }

    fn ending(&self) -> &str {
        let named = ENDINGS.iter().find(|(mime, _)| *mime == self.mime);
        let own = self.mime.split_once('/').map(|(_, own)| own);
        let is_plain = |own: &&str| {
            (1..=8).contains(&own.len()) && own.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        named.map(|(_, ending)| *ending).or(own.filter(is_plain)).unwrap_or("bin")
    }

    /// Writes it there, in place of what is there.
    pub(super) fn save_as(&self, path: &Path) -> Result<PathBuf, Trouble> {
        write(path, &self.bytes)?;
        Ok(path.to_owned())
    }

    /// Writes it to a new file in the current directory that is named after the tool.
    pub(super) fn save_beside(&self, name: &str) -> Result<PathBuf, Trouble> {
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '-') { c } else { '-' };
        let stem: String = name.chars().take(STEM_MAX).map(plain).collect();
        let first = PathBuf::from(format!("{stem}.{}", self.ending()));
        for number in 0..NAMES_MAX {
            let path = numbered(&first, number);
            let made = OpenOptions::new().write(true).create_new(true).open(&path);
            match made.and_then(|mut file| file.write_all(&self.bytes)) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, &error)),
            }
        }
        Err(failed(&first, &ErrorKind::AlreadyExists.into()))
    }
}

/// The path of the file with this number among several, from 0 on: `a.png`, `a-2.png`, `a-3.png`.
pub(super) fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}-{}{}", number + 1, ending.unwrap_or_default()))
}

/// Writes a file, in place of what is there. It may be a pipe or a device.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::System(format!("{} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Data, numbered};
    use std::path::Path;

    #[test]
    fn files_are_named_by_what_they_are() {
        for (mime, ending) in [
            ("image/png", "png"),
            ("image/jpeg", "jpg"),
            ("image/svg+xml", "svg"),
            ("application/pdf", "pdf"),
            ("x/../../etc", "bin"),
            ("", "bin"),
        ] {
            assert_eq!(Data::new(mime, vec![1]).ending(), ending, "{mime}");
        }
        assert_eq!(Data::new("image/png", vec![0; 2048]).kind(), "image/png, 2.0 KiB");
    }

    #[test]
    fn further_files_are_numbered() {
        let name = |path: &str, number| numbered(Path::new(path), number).display().to_string();
        assert_eq!(name("a/b.png", 0), "a/b.png");
        assert_eq!(name("a/b.png", 1), "a/b-2.png");
        assert_eq!(name("b", 2), "b-3");
    }
}
