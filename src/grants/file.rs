//! The file that a token of ours stands in.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::access::token::written;
use crate::base::file;
use crate::config::Location;
use crate::settings::access::AccessToken;
use crate::settings::complaint::Complaint;

/// What each of them begins with.
const HEAD: &str = "# Written by `callmux token`. The token itself is nowhere.\n";

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
    location.dropin_of(&format!("token-{name}"))
}

/// Whether the file at this path is one of ours.
pub(super) fn is_ours(path: &Path) -> bool {
    file::read(path, FILE_MAX).is_ok_and(|text| text.starts_with(HEAD.as_bytes()))
}

/// A token, as the config has it.
pub(super) fn text(name: &str, token: &AccessToken) -> String {
    // A name may have dots.
    let mut text =
        format!("{HEAD}[access.tokens.\"{name}\"]\nhash = \"{}\"\n", written(&token.hash));
    let mut add = |key: &str, value: String| text += &format!("{key} = \"{value}\"\n");
    if let Some(expires) = token.expires {
        add("expires", moment(expires));
    }
    if let Some((hash, until)) = &token.previous {
        add("previous", written(hash));
        add("grace_until", moment(*until));
    }
    text
}

/// A moment, to the second.
pub(super) fn moment(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

/// Writes it, if the config is one with it.
pub(super) fn write(
    location: &Location,
    name: &str,
    token: &AccessToken,
) -> Result<PathBuf, TokenFileError> {
    let path = path(location, name)
        .ok_or_else(|| TokenFileError::OneFile(location.path().to_path_buf()))?;
    let text = text(name, token);
    if let Err(complaints) = location.read_as_if(&path, Some(&text)) {
        return Err(TokenFileError::Config(complaints));
    }
    let failed = |error| TokenFileError::File(path.clone(), error);
    file::replace(&path, text.as_bytes()).map_err(failed)?;
    Ok(path)
}
