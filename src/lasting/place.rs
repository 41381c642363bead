//! Places that go away with what was started from them.

use std::path::{Path, PathBuf};

use crate::base::dirs;

/// Directories that packages of npm are in. npm, pnpm, yarn and bun replace and remove what is below.
const OF_NPM: [&str; 2] = ["node_modules", "_npx"];
/// What lies at the top of an environment of Python (PEP 405): those of uvx and pipx are such.
const OF_PYTHON: &str = "pyvenv.cfg";
/// For everybody's temporary files (hier(7)), beside `TMPDIR`.
const TEMPORARY: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// Why a program is not there for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fleeting {
    Npm,
    Python,
    Cache,
    Temporary,
}

impl Fleeting {
    /// What the place is, for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Npm => "a directory of npm",
            Self::Python => "an environment of Python",
            Self::Cache => "a cache",
            Self::Temporary => "a directory for temporary files",
        }
    }
}

/// What decides which places stay.
#[derive(Debug)]
pub(super) struct Grounds {
    home: PathBuf,
    caches: Vec<PathBuf>,
    temporary: Vec<PathBuf>,
}

impl Grounds {
    /// This user's; `None` without a home directory.
    pub(super) fn here() -> Option<Self> {
        let real = |dir: PathBuf| dir.canonicalize().unwrap_or(dir);
        let home = real(dirs::home()?);
        let caches = dirs::cache().and_then(|own| own.parent().map(Path::to_path_buf));
        let caches = caches.into_iter().chain([home.join(".cache")]).map(real).collect();
        let temporary = TEMPORARY.map(PathBuf::from).into_iter().chain([std::env::temp_dir()]);
        Some(Self { temporary: temporary.map(real).collect(), caches, home })
    }

    /// Why the program at `path`, which has no links, goes away; `None`: it stays.
    pub(super) fn fleeting(&self, path: &Path) -> Option<Fleeting> {
        let is_of_npm = |part: &std::ffi::OsStr| OF_NPM.iter().any(|name| part == *name);
        // A home that is temporary itself holds nothing that outlives it.
        let is_below = |dirs: &[PathBuf]| {
            dirs.iter().any(|dir| path.starts_with(dir) && !self.home.starts_with(dir))
        };
        let environment = path.parent().and_then(Path::parent);
        match () {
            () if path.iter().any(is_of_npm) => Some(Fleeting::Npm),
            () if environment.is_some_and(|dir| dir.join(OF_PYTHON).exists()) => {
                Some(Fleeting::Python)
            }
            () if is_below(&self.caches) => Some(Fleeting::Cache),
            () if is_below(&self.temporary) => Some(Fleeting::Temporary),
            () => None,
        }
    }

    /// Where a program is put that is this user's alone: the XDG Base Directory Specification names it.
    pub(super) fn for_programs(&self) -> PathBuf {
        self.home.join(".local/bin")
    }
}

#[cfg(test)]
mod tests {
    use super::{Fleeting, Grounds};
    use std::path::{Path, PathBuf};

    #[test]
    fn places_are_told_apart() {
        let grounds = |home: &str| Grounds {
            home: PathBuf::from(home),
            caches: vec![PathBuf::from(home).join(".cache")],
            temporary: vec!["/tmp".into()],
        };
        let check = |home: &str, path: &str, expected: Option<Fleeting>| {
            assert_eq!(grounds(home).fleeting(Path::new(path)), expected, "{path}");
        };
        for (path, expected) in [
            ("/home/me/.npm/_npx/1/node_modules/@callmux/linux-x64/callmux", Some(Fleeting::Npm)),
            ("/usr/lib/node_modules/callmux/callmux", Some(Fleeting::Npm)),
            ("/home/me/.cache/uv/archive-v0/1/bin/callmux", Some(Fleeting::Cache)),
            ("/tmp/callmux", Some(Fleeting::Temporary)),
            ("/home/me/.local/bin/callmux", None),
            ("/usr/bin/callmux", None),
            ("/home/me/node_modules.d/callmux", None),
            ("/tmpfs/callmux", None),
        ] {
            check("/home/me", path, expected);
        }
        check("/tmp/home", "/tmp/home/callmux", None);
        check("/tmp/home", "/tmp/home/.cache/callmux", Some(Fleeting::Cache));
    }
}
