//! The file that a token of ours stands in.

use std::path::{Path, PathBuf};

use crate::base::file;
use crate::config::Location;
use crate::settings::access::AccessToken;
use crate::settings::complaint::Complaint;

/// None of them is longer, in bytes.
const FILE_MAX: u64 = 4096;

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenFileError {
    #[error("{}: the config is one file, and that is yours: add the text below to it", .0.display())]
    OneFile(PathBuf),
    #[error("the config would be wrong with it: {}", first(.0))]
    Config(Vec<Complaint>),
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, std::io::Error),
}

fn first(complaints: &[Complaint]) -> String {
    complaints.first().map(ToString::to_string).unwrap_or_default()
}

/// Where the token of this name is written by us; `None`: the config is one file.
pub(super) fn path(location: &Location, name: &str) -> Option<PathBuf> {
    location.dropin_of(&AccessToken::file_name(name))
}

/// Whether the file at this path is one of ours.
pub(super) fn is_ours(path: &Path) -> bool {
    file::read(path, FILE_MAX).is_ok_and(|text| text.starts_with(AccessToken::HEAD.as_bytes()))
}

/// Writes it, if the config is one with it.
pub(super) fn write(
    location: &Location,
    name: &str,
    token: &AccessToken,
) -> Result<PathBuf, TokenFileError> {
    let path = path(location, name)
        .ok_or_else(|| TokenFileError::OneFile(location.path().to_path_buf()))?;
    let text = token.file_text(name);
    if let Err(complaints) = location.read_as_if(&path, Some(&text)) {
        return Err(TokenFileError::Config(complaints));
    }
    let failed = |error| TokenFileError::File(path.clone(), error);
    file::replace(&path, text.as_bytes()).map_err(failed)?;
    Ok(path)
}
