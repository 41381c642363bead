//! A copy of the last config that was in force, for a start when the current one is refused.
//!
//! Kept are the texts as they were written, with their references and without what those stand
//! for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{self, file};
use crate::config::Location;
use crate::config::source::Text;
use crate::settings::Config;

#[derive(Debug, Serialize, Deserialize)]
struct LastGood {
    version: u32,
    /// Where the config is; two daemons may have different ones.
    location: PathBuf,
    files: Vec<Text>,
}

const VERSION: u32 = 1;
/// The largest copy, in bytes.
const COPY_MAX: u64 = 64 * 1024 * 1024;
/// How long keeping it may take: everybody waits.
const WITHIN: Duration = Duration::from_secs(1);

fn path(state: &Path, location: &Location) -> PathBuf {
    let bytes = location.path().as_os_str().as_encoded_bytes();
    state.join(format!("last-good/{:016x}.json", base::fingerprint(bytes.iter().copied())))
}

/// Keeps the texts below the directory `state`. Failing to is harmless until the config breaks.
pub fn keep(state: &Path, location: &Location, texts: &[Text]) {
    let path = path(state, location);
    let kept = LastGood {
        version: VERSION,
        location: location.path().to_path_buf(),
        files: texts.to_vec(),
    };
    let Ok(json) = serde_json::to_vec(&kept) else { return };
    let at = path.clone();
    let kept = file::within_for(&path.clone(), WITHIN, move || {
        if file::read(&at, COPY_MAX).is_ok_and(|before| before == json) {
            return Ok(());
        }
        file::replace(&at, &json)
    });
    if let Err(error) = kept.unwrap_or_else(|| Err(std::io::ErrorKind::TimedOut.into())) {
        tracing::warn!(%error, path = %path.display(), "the config in force was not kept");
    }
}

/// The config that was kept, and the files it was read from.
pub fn restore(state: &Path, location: &Location) -> Option<(Config, Vec<PathBuf>)> {
    // It names programs to run, as the config does.
    let bytes = file::read_trusted(&path(state, location), COPY_MAX).ok()?;
    let kept: LastGood = serde_json::from_slice(&bytes).ok()?;
    if kept.version != VERSION || kept.location != location.path() {
        return None;
    }
    let config = location.reread(&kept.files).ok()?;
    Some((config, kept.files.into_iter().map(|text| text.path).collect()))
}

#[cfg(test)]
mod tests {
    use super::{keep, restore};
    use crate::base::file;
    use crate::config::Location;

    #[test]
    fn what_was_good_comes_back_without_its_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let (config, state) = (dir.path().join("config"), dir.path().join("state"));
        let text = "[servers.a]\ncommand = \"x\"\nenv = { T = \"${file:token}\" }\n";
        file::replace(&config.join("config.toml"), text.as_bytes()).unwrap();
        file::replace(&config.join("token"), b"canary").unwrap();
        let location = Location::named(&config);
        assert!(restore(&state, &location).is_none());
        let reading = location.read();
        keep(&state, &location, &reading.texts);
        let (found, files) = restore(&state, &location).unwrap();
        assert_eq!((found, files), (reading.config.unwrap(), vec![config.join("config.toml")]));
        assert!(restore(&state, &Location::named(dir.path())).is_none(), "another daemon's");
        let kept = std::fs::read_dir(state.join("last-good")).unwrap().next().unwrap().unwrap();
        let kept = std::fs::read_to_string(kept.path()).unwrap();
        assert!(kept.contains("${file:token}") && !kept.contains("canary"), "{kept}");
    }
}
