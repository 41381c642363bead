//! What a client answers when it is asked for its roots (2025-11-25, "Roots").

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use crate::base::Lock;

/// Of so many roots the first directory is looked for.
const LOOKED_AT: usize = 64;
/// The longest path of a directory (`PATH_MAX` of Linux), in bytes.
pub const PATH_MAX: usize = 4096;

/// What came of asking a client for its roots.
#[derive(Debug, Default)]
pub struct AskedRoots(Lock<RootsAnswer>);

#[derive(Debug, Clone, Default)]
enum RootsAnswer {
    #[default]
    Unasked,
    /// None of them is a directory, or there is no answer.
    Nothing,
    Directory(Arc<Path>),
}

impl AskedRoots {
    /// The directory, if there is one.
    pub fn directory(&self) -> Option<Arc<Path>> {
        match &*self.0.lock() {
            RootsAnswer::Directory(path) => Some(path.clone()),
            RootsAnswer::Unasked | RootsAnswer::Nothing => None,
        }
    }

    /// They are others now.
    pub fn forget(&self) {
        *self.0.lock() = RootsAnswer::Unasked;
    }

    /// It answered, or did not in time.
    pub fn note(&self, directory: Option<Arc<Path>>) {
        *self.0.lock() = directory.map_or(RootsAnswer::Nothing, RootsAnswer::Directory);
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        !matches!(&*self.0.lock(), RootsAnswer::Unasked)
    }
}

#[derive(Deserialize)]
struct RootList {
    roots: Vec<Root>,
}

#[derive(Deserialize)]
struct Root {
    uri: String,
}

/// The first directory of a result. Whether it is one is seen when it is used.
pub fn first(result: &str) -> Option<Arc<Path>> {
    let list: RootList = serde_json::from_str(result).ok()?;
    let path = |root: &Root| {
        let path = Url::parse(&root.uri).ok()?.to_file_path().ok()?;
        (path.as_os_str().len() <= PATH_MAX).then(|| path.into())
    };
    list.roots.iter().take(LOOKED_AT).find_map(path)
}

#[cfg(test)]
mod tests {
    use super::{PATH_MAX, first};

    #[test]
    fn the_first_root_of_files_is_the_directory() {
        let found = |roots: &str| {
            first(&format!(r#"{{"roots":[{roots}]}}"#)).map(|path| path.display().to_string())
        };
        let check = |roots: &str, expected: Option<&str>| {
            assert_eq!(found(roots).as_deref(), expected, "{roots}");
        };
        check(
            r#"{"uri":"file:///home/u/my%20files","name":"a"},{"uri":"file:///b"}"#,
            Some("/home/u/my files"),
        );
        check(r#"{"uri":"https://h/x"},{"uri":"file://localhost/b"}"#, Some("/b"));
        check(r#"{"uri":"file://elsewhere/b"},{"uri":"b"},{"uri":""}"#, None);
        check("", None);
        check(&format!(r#"{{"uri":"file:///{}"}}"#, "d".repeat(PATH_MAX)), None);
        assert_eq!((first("{}"), first("[]"), first(r#"{"roots":[7]}"#)), (None, None, None));
    }
}
