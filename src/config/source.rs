//! Which files are read, and whether they can be trusted.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::complaint::{Complaint, Place};

/// The largest config file, in bytes.
const FILE_MAX: u64 = 4 * 1024 * 1024;
/// The directory of further files beside the main one.
pub const DROPINS: &str = "conf.d";
/// How the kernel shows an owner from outside our user namespace (user_namespaces(7)).
const OVERFLOW_UID: u32 = 65534;

/// One file of a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub path: PathBuf,
    pub text: String,
}

/// The files of a config, in the order they are read.
///
/// A directory stands for its `config.toml` and then `conf.d/*.toml` in the order of their names;
/// what is missing is skipped. A file stands for itself.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Complaint> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    let main = path.join("config.toml");
    if main.symlink_metadata().is_ok() {
        files.push(main);
    }
    let dir = path.join(DROPINS);
    let mut dropins = Vec::new();
    match std::fs::read_dir(&dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(of_file(&dir, &error)),
        Ok(entries) => {
            for entry in entries {
                let path = entry.map_err(|error| of_file(&dir, &error))?.path();
                let hidden =
                    path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
                if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
                    dropins.push(path);
                }
            }
        }
    }
    dropins.sort();
    files.extend(dropins);
    Ok(files)
}

/// A file's text. Refused: one that somebody else owns or may write, since a config names
/// programs to run.
pub fn read(path: &Path) -> Result<String, Complaint> {
    // A pipe without a writer would keep us for ever; it is told from a file once it is open.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    let file = file.map_err(|error| of_file(path, &error))?;
    let metadata = file.metadata().map_err(|error| of_file(path, &error))?;
    let own = rustix::process::getuid().as_raw();
    if !metadata.is_file() {
        return Err(of_file(path, &"not a regular file"));
    }
    if ![own, 0, OVERFLOW_UID].contains(&metadata.uid()) {
        let message = format!("owned by user {}, so it is not trusted; `chown` it", metadata.uid());
        return Err(of_file(path, &message));
    }
    if metadata.mode() & 0o002 != 0 {
        return Err(of_file(path, &"writable by everybody, so it is not trusted; `chmod o-w` it"));
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(|error| of_file(path, &error))?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(of_file(path, &"larger than 4 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let at = Place::in_text(&path.into(), &text, text.len());
        Complaint { at, key: String::new(), message: "not UTF-8".to_owned() }
    })
}

pub(super) fn of_file(path: &Path, message: &dyn std::fmt::Display) -> Complaint {
    let file: Arc<Path> = path.into();
    Complaint { at: Place::of_file(&file), key: String::new(), message: message.to_string() }
}
