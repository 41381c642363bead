//! Whether a TCP client runs in the sandbox of a server.
//!
//! A server with `sandbox = "net"` is the same user and sees the same loopback. At our TCP port it could
//! call servers that have no sandbox. What tells it from other clients is the control group that its
//! socket was made in: the kernel says its number, which is the inode number of the group's directory
//! (cgroups(7)), and no number is used twice. A process in a sandbox can make groups below its own
//! and leave and remove them, so it is not enough that the number is none of a sandbox's: it must be
//! found elsewhere.

use std::collections::HashMap;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::peer::Refusal;
use crate::base::{Lock, ServerName};
use crate::settings::{Config, Sandbox};

/// Where the groups may be: the second for systems that have both kinds.
const ROOTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// `CGROUP2_SUPER_MAGIC` of linux/magic.h.
const CGROUP2: u64 = 0x6367_7270;
/// The group of everything on a system without groups of the second kind: it says nothing.
const EVERYTHING: u64 = 1;
/// Directories looked through for one number.
const DIRS_MAX: usize = 20_000;
/// After a search in vain there is none for so long: a search is work, and a sandbox can ask for any
/// number of them.
const SEARCH_AGAIN: Duration = Duration::from_secs(1);
/// Groups that are remembered.
const KNOWN_MAX: usize = 1024;

/// What is known of the groups of clients.
#[derive(Debug)]
pub struct Groups {
    /// Where they are, if there are any.
    root: Option<PathBuf>,
    state: Lock<Sightings>,
}

#[derive(Debug, Default)]
struct Sightings {
    /// By their numbers: the server whose they are.
    known: HashMap<u64, Whereabouts>,
    in_vain: Option<Instant>,
    /// There was a server with such a sandbox: until it has ended, it may still be there.
    is_watchful: bool,
}

/// Where a group is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whereabouts {
    /// In the unit of this server, as far as the name says it.
    Server(String),
    Elsewhere,
    Nowhere,
}

impl Default for Groups {
    fn default() -> Self {
        Self::at(ROOTS.iter().map(Path::new).find(|path| is_root(path)).map(Path::to_path_buf))
    }
}

fn is_root(path: &Path) -> bool {
    let kind = rustix::fs::statfs(path).map(|found| found.f_type);
    kind.is_ok_and(|kind| u64::try_from(kind).is_ok_and(|kind| kind == CGROUP2))
}

impl Groups {
    fn at(root: Option<PathBuf>) -> Self {
        Self { root, state: Lock::default() }
    }

    /// Refuses a client that may be in a sandbox. `group`: the number of its control group, as the
    /// kernel tells it.
    pub fn check(&self, group: Option<u64>, config: &Config, now: Instant) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        state.is_watchful |= config
            .servers
            .values()
            .any(|server| server.enabled && server.program.sandbox == Sandbox::Net);
        if !state.is_watchful {
            return Ok(());
        }
        let unknown = || {
            let why = "whether it runs in a server's sandbox cannot be told by its control group";
            Refusal::Unknown(why.to_owned())
        };
        let group = group.filter(|group| *group != EVERYTHING).ok_or_else(unknown)?;
        let place = match state.known.get(&group) {
            Some(place) => place.clone(),
            None => self.search(&mut state, group, now).ok_or_else(unknown)?,
        };
        match place {
            Whereabouts::Elsewhere => Ok(()),
            Whereabouts::Nowhere => Err(unknown()),
            Whereabouts::Server(name) => {
                let server =
                    ServerName::parse(&name).ok().and_then(|name| config.servers.get(&name));
                match server {
                    Some(server) if server.program.sandbox == Sandbox::None => Ok(()),
                    _ => Err(Refusal::Sandboxed(name)),
                }
            }
        }
    }

    /// Looks for a group and remembers where it is; `None` if there was no search.
    fn search(&self, state: &mut Sightings, group: u64, now: Instant) -> Option<Whereabouts> {
        if state.in_vain.is_some_and(|at| now.duration_since(at) < SEARCH_AGAIN) {
            return None;
        }
        let place = find(self.root.as_deref()?, group);
        state.in_vain = (place == Whereabouts::Nowhere).then_some(now);
        if state.known.len() >= KNOWN_MAX {
            state.known.clear();
        }
        state.known.insert(group, place.clone());
        Some(place)
    }
}

/// Goes through all groups, those of users first.
fn find(root: &Path, group: u64) -> Whereabouts {
    let mut left = vec![(root.to_path_buf(), Whereabouts::Elsewhere)];
    for _ in 0..DIRS_MAX {
        let Some((dir, place)) = left.pop() else { break };
        let new = left.len();
        // One that was removed meanwhile holds nothing.
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let name = entry.file_name();
            let server =
                name.to_str().and_then(server_of).map(str::to_owned).map(Whereabouts::Server);
            // What is below a server's unit is the server's, whatever its name.
            let place = match &place {
                Whereabouts::Elsewhere => server.unwrap_or(Whereabouts::Elsewhere),
                within => within.clone(),
            };
            if entry.ino() == group {
                return place;
            }
            left.push((entry.path(), place));
        }
        // The last one is the next: names such as `user.slice` come late.
        left[new..].sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    Whereabouts::Nowhere
}

/// The server whose unit has this name: `app-callmux-NAME-XXXXXXXX.service`.
fn server_of(unit: &str) -> Option<&str> {
    let (name, _) =
        unit.strip_prefix("app-callmux-")?.strip_suffix(".service")?.rsplit_once('-')?;
    Some(name)
}

#[cfg(test)]
mod tests;
