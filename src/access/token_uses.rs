//! On which day each token was used last, and on how many: for who wonders whether anybody still has it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::base::{Lock, file};

/// In the state directory.
const FILE: &str = "token-uses.json";
/// The largest that is read, in bytes: some ten thousand tokens.
const FILE_MAX: u64 = 1 << 20;
const DAY: Duration = Duration::from_hours(24);

/// When a token was used. Days are those of UTC, counted since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUse {
    /// The last one.
    day: u64,
    /// How many there were.
    pub days: u64,
}

impl TokenUse {
    /// The last day on which it was used, as RFC 3339 writes one; `None` if no clock can have said so.
    pub fn last(self) -> Option<String> {
        let since = DAY.checked_mul(u32::try_from(self.day).ok()?)?;
        let at = humantime::format_rfc3339_seconds(UNIX_EPOCH.checked_add(since)?).to_string();
        at.split_once('T').map(|(day, _)| day.to_owned())
    }
}

/// What is written in this state directory, by the names of tokens. What cannot be read was never written.
pub fn token_uses(state: &Path) -> BTreeMap<String, TokenUse> {
    let bytes = file::read(&state.join(FILE), FILE_MAX).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// When tokens are used, for the daemon that sees it.
#[derive(Debug, Default)]
pub struct TokenUses {
    /// `None`: it is written nowhere.
    state: OnceLock<PathBuf>,
    uses: Lock<BTreeMap<String, TokenUse>>,
    /// Held by who writes: what was noted last is written last.
    writing: Lock<()>,
}

impl TokenUses {
    /// From now on it is written in this state directory, beside what stands there.
    pub fn keep_in(&self, state: PathBuf) {
        *self.uses.lock() = token_uses(&state);
        _ = self.state.set(state);
    }

    /// A token is used. `true`: for the first time today, which is to be written.
    pub fn note(&self, name: &str, now: SystemTime) -> bool {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let today = since.as_secs() / DAY.as_secs();
        let mut uses = self.uses.lock();
        match uses.get_mut(name) {
            Some(known) if known.day >= today => false,
            Some(known) => {
                *known = TokenUse { day: today, days: known.days.saturating_add(1) };
                true
            }
            None => {
                uses.insert(name.to_owned(), TokenUse { day: today, days: 1 });
                true
            }
        }
    }

    /// Writes what was noted of the tokens that there are. It waits for the disk.
    ///
    /// # Errors
    /// Why the file cannot be written; the next day it is tried again.
    pub fn write(&self, is_there: impl Fn(&str) -> bool) -> io::Result<()> {
        let Some(state) = self.state.get() else { return Ok(()) };
        let one = self.writing.lock();
        let text = {
            let mut uses = self.uses.lock();
            uses.retain(|name, _| is_there(name));
            serde_json::to_string(&*uses)?
        };
        let written = file::replace(&state.join(FILE), text.as_bytes());
        drop(one);
        written
    }
}

#[cfg(test)]
mod tests {
    use super::{TokenUses, token_uses};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_use_is_written_once_a_day_and_outlives_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let at = |hours: u64| UNIX_EPOCH + Duration::from_hours(24 * 20_000 + hours);
        let uses = TokenUses::default();
        uses.keep_in(dir.path().to_owned());
        assert!(uses.note("ci", at(1)) && uses.note("old", at(2)));
        uses.write(|_| true).unwrap();
        assert!(!uses.note("ci", at(23)), "not again on that day");
        assert!(!uses.note("ci", at(0) - Duration::from_hours(48)), "a clock that was set back");

        let uses = TokenUses::default();
        uses.keep_in(dir.path().to_owned());
        assert!(!uses.note("ci", at(5)) && uses.note("ci", at(24)));
        uses.write(|name| name != "old").unwrap();
        let written = token_uses(dir.path());
        assert_eq!(written.keys().collect::<Vec<_>>(), ["ci"], "of a token that is gone nothing");
        assert_eq!(
            (written["ci"].days, written["ci"].last().unwrap()),
            (2, "2024-10-05".to_owned())
        );
    }

    #[test]
    fn what_is_no_such_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "[]", "{\"ci\":7}", "{\"ci\":{\"day\":1}}"] {
            crate::base::file::replace(&dir.path().join(super::FILE), text.as_bytes()).unwrap();
            assert!(token_uses(dir.path()).is_empty(), "{text}");
        }
        let far = super::TokenUse { day: u64::MAX, days: 1 };
        assert_eq!(far.last(), None);
    }
}
