//! Servers as READMEs and configs of clients have them.

use std::path::Path;

use super::error::PackageError;
use super::naming;
use crate::clients::Launch;
use crate::imports::ForeignFile;

/// What a pasted text is called in what is told of it.
pub(super) const PASTED: &str = "the pasted text";

/// The servers of a text.
pub(super) fn read(text: &str) -> Result<ForeignFile, PackageError> {
    let path = Path::new(PASTED);
    let whole;
    let text = if text.starts_with('"') {
        // A member of the object that a reader has already.
        whole = format!("{{{}}}", text.trim_end_matches(','));
        &whole
    } else {
        text
    };
    Ok(named(ForeignFile::of_text(path, text, None)?))
}

/// What has one server without a name gets one.
pub(super) fn named(file: ForeignFile) -> ForeignFile {
    if !file.is_one() {
        return file;
    }
    let given = file.tree().get("name").and_then(|name| name.as_str()).map(str::to_owned);
    let name = given.unwrap_or_else(|| match Launch::read(file.tree()) {
        Some(Launch::Program(program, mut words)) => {
            words.insert(0, program);
            naming::of_command(&words).to_string()
        }
        Some(Launch::Address(url)) => naming::of_url(&url).to_string(),
        None => "server".to_owned(),
    });
    file.named(&name)
}
