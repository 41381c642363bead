//! The token that a bridge presents to a daemon over TCP.

use std::io;
use std::path::PathBuf;

use crate::base::{Secret, file};

/// The longest token, in bytes.
const TOKEN_MAX: u64 = 4096;
/// Where a token is looked for that no file has.
pub const VARIABLE: &str = "CALLMUX_TOKEN";

/// Where a token comes from. It is read anew with each connection: it may have been replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    File(PathBuf),
    Given(Secret),
}

impl TokenSource {
    /// The file that is named, or what the environment has.
    pub fn of(file: Option<PathBuf>) -> Option<Self> {
        let given = || std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
        file.map(Self::File).or_else(|| given().map(|text| Self::Given(Secret::new(text))))
    }

    /// The token. A file that others can read is refused: they have the token, too.
    pub(super) fn read(&self) -> io::Result<Secret> {
        let text = match self {
            Self::Given(secret) => secret.clone(),
            Self::File(path) => {
                let wrong = |why: String| io::Error::other(format!("{}: {why}", path.display()));
                let bytes = file::read_private(path, TOKEN_MAX);
                let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
                let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text".into()))?;
                Secret::new(text)
            }
        };
        let token = Secret::new(text.expose().trim().to_owned());
        let is_one = |byte: u8| byte.is_ascii_graphic();
        if token.expose().is_empty() || !token.expose().bytes().all(is_one) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it holds no token"));
        }
        Ok(token)
    }
}
