//! Which files are read, and whether they can be trusted.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::patch::PATCHES;
use crate::base::{file, trust};
use crate::settings::complaint::{Complaint, Place};

/// The largest config file, in bytes.
const FILE_MAX: u64 = 4 * 1024 * 1024;
/// The directory of further files beside the main one.
pub const DROPINS: &str = "conf.d";
/// The file that is read first.
pub const MAIN: &str = "config.toml";
/// The most files that are read, and the most entries of their directory that are looked at.
const FILES_MAX: usize = 1000;
const ENTRIES_MAX: usize = 10_000;

/// One file of a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub path: PathBuf,
    pub text: String,
}

/// The files of a config, in the order they are read.
///
/// A directory stands for its `config.toml`, then `conf.d/*.toml` and `patch.d/*.toml` in the order of their names;
/// what is missing is skipped. A file stands for itself. Refused: directories in which somebody else
/// could put one.
pub fn files(path: &Path, is_dir: bool) -> Result<Vec<PathBuf>, Complaint> {
    if !is_dir {
        return Ok(vec![path.to_path_buf()]);
    }
    let at = path.to_path_buf();
    file::within(path, move || list(&at))
        .unwrap_or_else(|| Err(Complaint::of_file(path, &file::Problem::Hangs)))
}

fn list(path: &Path) -> Result<Vec<PathBuf>, Complaint> {
    let mut files = Vec::new();
    let main = path.join(MAIN);
    if main.symlink_metadata().is_ok() {
        files.push(main);
    }
    let dir = path.join(DROPINS);
    // It need not be there, and then the other directory is all there is.
    trust::judge_way(&dir).map_err(|distrust| Complaint::of_file(path, &distrust))?;
    files.extend(further(&dir)?);
    let dir = path.join(PATCHES);
    trust::judge_way(&dir).map_err(|distrust| Complaint::of_file(path, &distrust))?;
    files.extend(further(&dir)?);
    Ok(files)
}

/// The files of one directory, in the order of their names.
fn further(dir: &Path) -> Result<Vec<PathBuf>, Complaint> {
    let mut dropins = Vec::new();
    match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Complaint::of_file(dir, &error)),
        Ok(entries) => {
            for (count, entry) in entries.enumerate() {
                let path = entry.map_err(|error| Complaint::of_file(dir, &error))?.path();
                let hidden =
                    path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
                if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
                    dropins.push(path);
                }
                if count >= ENTRIES_MAX || dropins.len() >= FILES_MAX {
                    let message = format!(
                        "it has more than {FILES_MAX} files or {ENTRIES_MAX} entries; take away what is no config"
                    );
                    return Err(Complaint::of_file(dir, &message));
                }
            }
        }
    }
    dropins.sort();
    Ok(dropins)
}

/// A file's text. Refused: one that somebody else owns or may write, since a config names
/// programs to run.
pub fn read(path: &Path) -> Result<String, Complaint> {
    let bytes = file::read_trusted(path, FILE_MAX);
    let bytes = bytes.map_err(|error| Complaint::of_file(path, &error.problem))?;
    String::from_utf8(bytes).map_err(|error| {
        if error.as_bytes().starts_with(&[0xff, 0xfe])
            || error.as_bytes().starts_with(&[0xfe, 0xff])
        {
            let message = "it is UTF-16; save it as UTF-8, or \
                           `iconv -f UTF-16 -t UTF-8 OLD > NEW`";
            return Complaint::of_file(path, &message);
        }
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let at = Place::in_text(&path.into(), &text, text.len());
        Complaint { at, key: String::new(), message: "not UTF-8".to_owned() }
    })
}
