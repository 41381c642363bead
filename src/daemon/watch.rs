//! Notices that the config may have changed: inotify on the directories that decide about it.
//!
//! Directories are watched, never files: whoever saves a file by renaming another over it leaves
//! nothing of the first. Watched is every directory with an entry on the way from `/` to a file,
//! through all symbolic links, as far as that entry can be exchanged: the file's own directory, the
//! one above it, and those that hold a link. What is missing is waited for in the directory where
//! it would appear. An event says only that it is time to look; what is there decides.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, MutexGuard, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::base::Lock;

/// As the kernel does (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// A directory to the entries of it that matter; none named: all.
type Interests = BTreeMap<PathBuf, BTreeSet<OsString>>;

/// How long arming takes where every file system answers.
const PATIENCE: Duration = Duration::from_secs(5);

/// The watch over one config. What it looks at may hang, so a thread does that.
pub struct Watch {
    shared: Arc<WatchShared>,
    /// To the thread.
    wishes: mpsc::Sender<BTreeSet<PathBuf>>,
}

struct WatchShared {
    interests: Lock<Interests>,
    touched: Notify,
    settled: Notify,
    state: Lock<WatchStatus>,
}

struct WatchStatus {
    /// Why changes may go unnoticed.
    trouble: Option<String>,
    /// Since when the thread is at work.
    busy_since: Option<Instant>,
    /// What it has not done yet.
    wishes: usize,
}

impl Watch {
    pub fn new() -> Self {
        let shared = Arc::new(WatchShared {
            interests: Lock::default(),
            touched: Notify::new(),
            settled: Notify::new(),
            state: Lock::new(WatchStatus { trouble: None, busy_since: None, wishes: 0 }),
        });
        let (sender, wishes) = mpsc::channel();
        let theirs = shared.clone();
        let worker = thread::Builder::new().name("watch".to_owned());
        if let Err(error) = worker.spawn(move || attend(&theirs, &wishes)) {
            shared.lock().trouble = Some(error.to_string());
        }
        Self { shared, wishes: sender }
    }

    /// Completes when it is time to look.
    pub async fn touched(&self) {
        self.shared.touched.notified().await;
    }

    /// Completes when the answers of [`Watch::is_sure`] and [`Watch::trouble`] may be others.
    pub async fn settled(&self) {
        self.shared.settled.notified().await;
    }

    /// Whether every change is noticed.
    pub fn is_sure(&self) -> bool {
        let state = self.shared.lock();
        state.busy_since.is_none() && state.trouble.is_none()
    }

    /// Why changes may go unnoticed.
    pub fn trouble(&self) -> Option<String> {
        let state = self.shared.lock();
        if state.busy_since.is_some_and(|since| since.elapsed() > PATIENCE) {
            return Some("a file system on the way to it does not answer".to_owned());
        }
        state.trouble.clone()
    }

    /// Watches what decides about these files, and nothing else. If anything is watched then that was
    /// not before, it is time to look: what happened there until now went unnoticed.
    pub fn arm(&self, files: BTreeSet<PathBuf>) {
        let mut state = self.shared.lock();
        // Without the thread there is trouble already.
        if self.wishes.send(files).is_ok() {
            state.wishes += 1;
            state.busy_since.get_or_insert_with(Instant::now);
        }
    }
}

impl WatchShared {
    fn lock(&self) -> MutexGuard<'_, WatchStatus> {
        self.state.lock()
    }
}

/// What the thread does as long as somebody has wishes.
fn attend(shared: &Arc<WatchShared>, wishes: &mpsc::Receiver<BTreeSet<PathBuf>>) {
    let mut armed = Armed::new(shared.clone());
    while let Ok(mut files) = wishes.recv() {
        let mut taken = 1;
        // Only the last one counts.
        while let Ok(newer) = wishes.try_recv() {
            files = newer;
            taken += 1;
        }
        let (is_new, trouble) = armed.arm(&files);
        if is_new {
            shared.touched.notify_one();
        }
        let mut state = shared.lock();
        state.trouble = trouble;
        state.wishes -= taken;
        if state.wishes == 0 {
            state.busy_since = None;
        }
        drop(state);
        shared.settled.notify_one();
    }
}

/// What is watched.
struct Armed {
    watcher: notify::Result<RecommendedWatcher>,
    shared: Arc<WatchShared>,
    /// The watched directories and what they were: device, inode.
    dirs: BTreeMap<PathBuf, (u64, u64)>,
}

impl Armed {
    fn new(shared: Arc<WatchShared>) -> Self {
        let told = shared.clone();
        let on_event = move |event: notify::Result<notify::Event>| {
            let matters = told.interests.lock();
            if event.map_or(true, |event| concerns(&event, &matters)) {
                told.touched.notify_one();
            }
        };
        Self { watcher: notify::recommended_watcher(on_event), shared, dirs: BTreeMap::new() }
    }

    /// Returns whether anything is watched that was not before, and why changes may go unnoticed.
    fn arm(&mut self, files: &BTreeSet<PathBuf>) -> (bool, Option<String>) {
        let watcher = match &mut self.watcher {
            Ok(watcher) => watcher,
            Err(error) => return (false, Some(error.to_string())),
        };
        let interests = interests(files);
        let before = std::mem::take(&mut self.dirs);
        let mut trouble = None;
        let mut is_new = false;
        for dir in interests.keys() {
            let Ok(found) = dir.metadata() else { continue };
            let identity = (found.dev(), found.ino());
            if before.get(dir) == Some(&identity) {
                self.dirs.insert(dir.clone(), identity);
                continue;
            }
            // A directory of the same name that was there before is no longer this one.
            drop(watcher.unwatch(dir));
            match watcher.watch(dir, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    is_new = true;
                    self.dirs.insert(dir.clone(), identity);
                }
                // A directory that we may not read is none that our user exchanges files in.
                Err(error) if is_denied(&error) => {}
                Err(error) => trouble = Some(format!("{}: {error}", dir.display())),
            }
        }
        for dir in before.keys().filter(|dir| !self.dirs.contains_key(*dir)) {
            drop(watcher.unwatch(dir));
        }
        *self.shared.interests.lock() = interests;
        (is_new, trouble)
    }
}

fn is_denied(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
        _ => false,
    }
}

fn concerns(event: &notify::Event, interests: &Interests) -> bool {
    match event.kind {
        // Our own reading is no change.
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
        EventKind::Access(_) => return false,
        _ => {}
    }
    let matters = |path: &PathBuf| {
        let named = |dir: &Path| Some((interests.get(dir)?, path.file_name()?));
        interests.contains_key(path)
            || path
                .parent()
                .and_then(named)
                .is_some_and(|(names, name)| names.is_empty() || names.contains(name))
    };
    event.need_rescan() || event.paths.iter().any(matters)
}

fn interests(files: &BTreeSet<PathBuf>) -> Interests {
    let mut out = Interests::new();
    let mut whole = Vec::new();
    for file in files {
        follow(file, &mut out, LINKS_MAX);
        // Anything that appears in a directory of drop-ins may be one.
        whole.extend(file.canonicalize().ok().filter(|path| path.is_dir()));
    }
    out.extend(whole.into_iter().map(|dir| (dir, BTreeSet::new())));
    out
}

/// Notes every entry on the way to `path` that can be exchanged for another.
fn follow(path: &Path, out: &mut Interests, links_left: usize) {
    let mut at = PathBuf::from("/");
    let mut components = path.components();
    while let Some(component) = components.next() {
        let name: &OsStr = match component {
            Component::Normal(name) => name,
            Component::ParentDir => {
                at.pop();
                continue;
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => continue,
        };
        let next = at.join(name);
        match next.symlink_metadata() {
            Err(_) => return note(&at, name, out),
            Ok(found) if found.is_symlink() => {
                note(&at, name, out);
                if let (Ok(target), true) = (next.read_link(), links_left > 0) {
                    let rest = components.as_path();
                    return follow(&at.join(target).join(rest), out, links_left - 1);
                }
                return;
            }
            Ok(_) => at = next,
        }
    }
    // The file in its directory, and that directory in the one above.
    for entry in at.ancestors().take(2) {
        if let (Some(dir), Some(name)) = (entry.parent(), entry.file_name()) {
            note(dir, name, out);
        }
    }
}

fn note(dir: &Path, name: &OsStr, out: &mut Interests) {
    out.entry(dir.to_path_buf()).or_default().insert(name.to_owned());
}

#[cfg(test)]
mod tests {
    use super::interests;
    use crate::base::file;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    #[test]
    fn every_link_on_the_way_is_watched() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        file::replace(&top.join("dots/v1/config.toml"), b"").unwrap();
        file::make_dir(&top.join("home/.config")).unwrap();
        symlink("v1", top.join("dots/current")).unwrap();
        symlink("../../dots/current", top.join("home/.config/callmux")).unwrap();
        let main = top.join("home/.config/callmux/config.toml");
        let token = top.join("home/.secrets/new/token");
        let found = interests(&[main, token, top.join("dots/v1")].into());
        let shown: Vec<String> = found
            .iter()
            .map(|(dir, names)| {
                let dir = dir.strip_prefix(&top).unwrap_or(Path::new("…")).display().to_string();
                let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
                format!("{dir}: {}", names.join(" "))
            })
            .collect();
        let expected =
            [": dots", "dots: current v1", "dots/v1: ", "home: .secrets", "home/.config: callmux"];
        assert_eq!(shown, expected);
    }
}
