//! Which version of callmux a program is.

use std::cmp::Ordering;
use std::path::Path;
use std::time::Duration;

use crate::base::program;

/// How long a program may take to say it.
const WITHIN: Duration = Duration::from_secs(10);
/// The longest version that is one, in characters.
const LENGTH_MAX: usize = 40;

/// What `callmux --version` says behind the name, as semver.org has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) text: String,
    numbers: [u64; 3],
    /// Of a pre-release, which comes before its release.
    is_early: bool,
}

impl Version {
    /// That of the program at `path`; `None` if it does not say that it is callmux.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let words = [path.to_str()?.to_owned(), "--version".to_owned()];
        let said = program::output(&words, Path::new("/"), WITHIN).ok()?;
        Self::read(said.expose())
    }

    /// Our own.
    pub(super) fn own() -> Option<Self> {
        Self::read(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))
    }

    fn read(line: &str) -> Option<Self> {
        let text = line.strip_prefix(env!("CARGO_PKG_NAME"))?.strip_prefix(' ')?;
        let is_version = |c: char| c.is_ascii_alphanumeric() || ['.', '-', '+'].contains(&c);
        if text.chars().count() > LENGTH_MAX || !text.chars().all(is_version) {
            return None;
        }
        let core = text.split(['-', '+']).next()?;
        let mut numbers = core.split('.').map(|number| number.parse().ok());
        let found = [numbers.next()??, numbers.next()??, numbers.next()??];
        let is_early = text.split('+').next()?.contains('-');
        numbers.next().is_none().then(|| Self { text: text.to_owned(), numbers: found, is_early })
    }

    /// Pre-releases of one version are all the same here.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then(other.is_early.cmp(&self.is_early))
    }
}

#[cfg(test)]
mod tests {
    use super::Version;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_are_read_and_compared() {
        for (one, other, expected) in [
            ("0.1.0", "0.1.0", Equal),
            ("0.9.0", "0.10.0", Less),
            ("1.0.0", "0.99.99", Greater),
            ("1.0.0-rc.1", "1.0.0", Less),
            ("1.0.0+build-1", "1.0.0", Equal),
        ] {
            let read = |text: &str| Version::read(&format!("callmux {text}")).unwrap();
            assert_eq!(read(one).compare(&read(other)), expected, "{one} {other}");
        }
        for line in [
            "",
            "0.24.3",
            "callmux",
            "callmux 1.0",
            "callmux 1.0.0.0",
            "callmux one",
            "other 1.0.0",
            "callmux 1.0.0 x",
        ] {
            assert_eq!(Version::read(line), None, "{line}");
        }
        assert!(Version::own().is_some());
    }
}
