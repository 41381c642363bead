//! Whether a test let a secret out: what everybody said and wrote is kept, and searched at the end.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::canary::{CANARY, find, forms};

/// Where the daemon keeps the texts of the config that was in force, with what is literally in them.
const LAST_GOOD: &str = ".local/state/callmux/last-good/";
/// Where it keeps the tokens of remote servers.
const CREDENTIALS: &str = ".local/state/callmux/credentials/";

/// The verifiers that any authorization server here was shown; it does not know whose they are.
static VERIFIERS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A proof key (RFC 7636) that came with a code.
pub fn was_proven(verifier: String) {
    VERIFIERS.lock().unwrap().insert(verifier);
}

/// What was said, and what must not be in it.
#[derive(Default)]
pub struct Heard {
    said: Mutex<Vec<(String, String)>>,
    /// Secrets that callmux made itself.
    made: Mutex<BTreeSet<String>>,
    /// Ids of sessions.
    sessions: Mutex<BTreeSet<String>>,
    excuses: Mutex<Vec<Excuse>>,
}

/// Lines that may have a secret in them.
struct Excuse {
    place: &'static str,
    words: &'static str,
    is_used: bool,
}

impl Excuse {
    fn covers(&mut self, place: &str, line: &str) -> bool {
        let covers = place.contains(self.place) && line.contains(self.words);
        self.is_used |= covers;
        covers
    }
}

impl Heard {
    /// Something that somebody could read in this place.
    pub fn said(&self, place: impl Into<String>, text: impl Into<String>) {
        self.said.lock().unwrap().push((place.into(), text.into()));
    }

    /// A secret without the mark.
    pub fn made(&self, secret: &str) {
        assert!(secret.len() >= 16, "{secret} may be anywhere");
        self.made.lock().unwrap().insert(secret.to_owned());
    }

    /// The id of a session of our own.
    pub fn session(&self, id: &str) {
        assert!(id.len() >= 16, "{id} may be anywhere");
        self.sessions.lock().unwrap().insert(id.to_owned());
    }
}

/// A home, and everything around it that can give a secret away.
pub struct Watch {
    home: tempfile::TempDir,
    /// What programs say on stderr.
    logs: tempfile::TempDir,
    pub heard: Arc<Heard>,
    /// What the test itself put into the home.
    written: Mutex<Vec<(PathBuf, String)>>,
    is_forgiven: AtomicBool,
}

impl Watch {
    pub fn new() -> Self {
        // The path of a unix socket is short, so the directory's must be too.
        let dir = || tempfile::Builder::new().prefix("cmx").tempdir_in("/tmp").unwrap();
        Self {
            home: dir(),
            logs: dir(),
            heard: Arc::default(),
            written: Mutex::default(),
            is_forgiven: AtomicBool::new(false),
        }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A new file for what a program says on stderr.
    pub fn log(&self, program: &str) -> PathBuf {
        let name: String = program.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
        let prefix = format!("{} ", name.chars().take(60).collect::<String>());
        let file = tempfile::Builder::new().prefix(&prefix).tempfile_in(self.logs.path()).unwrap();
        file.keep().unwrap().1
    }

    /// The logs, each with its name.
    pub fn logs(&self) -> Vec<(String, String)> {
        files(self.logs.path())
    }

    /// The test puts this there.
    pub fn wrote(&self, path: PathBuf, text: &str) {
        self.written.lock().unwrap().push((path, text.to_owned()));
    }

    /// Every text of the config that the test put there, and those that are there.
    pub fn configs(&self) -> Vec<String> {
        let written = self.written.lock().unwrap();
        let there = files(&self.home.path().join("config")).into_iter().map(|(_, text)| text);
        written.iter().map(|(_, text)| text.clone()).chain(there).collect()
    }

    /// A secret may be in lines with these `words` of places with this in their name. The reason is
    /// for whoever reads the test.
    pub fn excuse(&self, place: &'static str, words: &'static str, _reason: &'static str) {
        self.heard.excuses.lock().unwrap().push(Excuse { place, words, is_used: false });
    }

    /// For what is only made up.
    pub fn forgive(&self) {
        self.is_forgiven.store(true, Ordering::Relaxed);
    }

    /// Every line with a secret in it that is nobody's business there, and every excuse for none.
    pub fn leaks(&self) -> Vec<String> {
        let mut secrets = forms(CANARY);
        secrets.extend(self.heard.made.lock().unwrap().iter().cloned());
        secrets.extend(VERIFIERS.lock().unwrap().iter().cloned());
        let sessions: Vec<String> = self.heard.sessions.lock().unwrap().iter().cloned().collect();
        let places = self.heard.said.lock().unwrap().clone().into_iter();
        let logs = self.logs().into_iter().map(|(name, text)| (format!("the log of {name}"), text));
        let kept = files(self.home.path()).into_iter().filter(|(name, text)| {
            let has_any = [&secrets, &sessions].into_iter().any(|all| !find(text, all).is_empty());
            has_any && !self.belongs(name, text)
        });
        let kept = kept.map(|(name, text)| (format!("the file {name}"), text));
        let mut excuses = self.heard.excuses.lock().unwrap();
        let mut leaks = Vec::new();
        for (place, text) in places.chain(logs).chain(kept) {
            let found =
                find(&text, &secrets).into_iter().chain(of_sessions(&place, &text, &sessions));
            for line in found {
                // Each of them is asked, for an excuse must be of use.
                let covered =
                    excuses.iter_mut().filter_map(|e| e.covers(&place, &line).then_some(()));
                if covered.count() == 0 {
                    leaks.push(format!("{place}, line {line}"));
                }
            }
        }
        let idle = excuses.iter().filter(|excuse| !excuse.is_used);
        leaks.extend(
            idle.map(|e| format!("nothing of {:?} has to be excused in {}", e.words, e.place)),
        );
        leaks
    }

    /// Whether secrets may be in this file of the home.
    fn belongs(&self, name: &str, text: &str) -> bool {
        let path = self.home.path().join(name);
        let mode = std::fs::metadata(&path).map_or(0, |data| data.permissions().mode() & 0o777);
        if name.starts_with(LAST_GOOD) {
            // What is literally in the config is in its copy, and nothing else is.
            return mode == 0o600 && is_copied(text, &self.configs());
        }
        let written = self.written.lock().unwrap();
        let is_own = name.starts_with("config/") || name.starts_with("creds/");
        is_own
            || (name.starts_with(CREDENTIALS) && mode == 0o600)
            || written.iter().any(|(own, before)| *own == path && before == text)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.is_forgiven.load(Ordering::Relaxed) {
            let mut leaks = self.leaks();
            let count = leaks.len();
            leaks.truncate(20);
            assert!(leaks.is_empty(), "secrets are out, {count} times:\n{}", leaks.join("\n"));
        }
    }
}

/// The lines with ids of sessions that must not be there.
///
/// An id works only for the user whom it was given to, and what the journal tells of a session names
/// it, in a field for that. Anywhere else it is as secret as a token.
fn of_sessions(place: &str, text: &str, ids: &[String]) -> Vec<String> {
    let mut plain = text.to_owned();
    let is_log = |id: &&String| place.starts_with("the log of ") && text.contains(*id);
    for id in ids.iter().filter(is_log) {
        plain = plain.replace(&format!("\"session\":\"{id}\""), "");
    }
    find(&plain, ids)
}

/// Whether each file in a copy of a config is as the test wrote it.
fn is_copied(copy: &str, texts: &[String]) -> bool {
    let copy: serde_json::Value = serde_json::from_str(copy).unwrap_or_default();
    let is_known =
        |file: &serde_json::Value| texts.iter().any(|text| file["text"] == text.as_str());
    copy["files"].as_array().is_some_and(|files| files.iter().all(is_known))
}

/// The files below a directory, by their names there, with what is in them.
fn files(dir: &Path) -> Vec<(String, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => walk(&entry.path(), out),
                Ok(kind) if kind.is_file() => out.push(entry.path()),
                _ => {}
            }
        }
    }
    let mut paths = Vec::new();
    walk(dir, &mut paths);
    let text = |path: &PathBuf| std::fs::read(path).unwrap_or_default();
    let name = |path: &PathBuf| path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
    paths
        .iter()
        .map(|path| (name(path), String::from_utf8_lossy(&text(path)).into_owned()))
        .collect()
}
