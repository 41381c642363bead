//! Whether others could have written a file that we act on, as sshd(8) asks of a user's files
//! (`StrictModes`, sshd_config(5)).
//!
//! A file, and every directory on the way to it up to the home directory, belongs to us or to root, and
//! nobody else may write it. A group is somebody else unless it is the user's own, in which there is
//! nobody else. In a sticky directory (sticky(7)) only what belongs to others could be exchanged.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::dirs;
use super::quote::word;

/// As the kernel does (path_resolution(7)).
const LINKS_MAX: usize = 40;
/// Who may write, in a mode (inode(7)).
const GROUP: u32 = 0o020;
const OTHERS: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Why something is not trusted, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    #[error("{} belongs to user {uid}, so it is not trusted; `chown` it", .path.display())]
    Owner { path: PathBuf, uid: u32 },
    #[error("{} is writable by everybody, so it is not trusted; `chmod o-w {}`", .0.display(), word(.0))]
    Everybody(PathBuf),
    #[error("{} is writable by the group {gid}, so it is not trusted; `chmod g-w {}`", .path.display(), word(.path))]
    Group { path: PathBuf, gid: u32 },
}

/// Judges one file or directory.
pub fn judge(path: &Path, found: &Metadata) -> Result<(), Distrust> {
    let (uid, mode, path) = (found.uid(), found.mode(), path.to_path_buf());
    if ![rustix::process::getuid().as_raw(), 0].contains(&uid) {
        return Err(Distrust::Owner { path, uid });
    }
    if mode & STICKY != 0 && found.is_dir() {
        return Ok(());
    }
    if mode & OTHERS != 0 {
        return Err(Distrust::Everybody(path));
    }
    // With an access list these bits are what any of those who are on it may do (acl(5)).
    if mode & GROUP != 0 && (!is_own_group(found.gid()) || has_access_list(&path)) {
        return Err(Distrust::Group { path, gid: found.gid() });
    }
    Ok(())
}

/// Judges the directories on the way to `path`, through all symbolic links, and those links; `path`
/// itself only if it is a directory. What is missing is trusted: nothing is read there.
pub fn judge_way(path: &Path) -> Result<(), Distrust> {
    let home = dirs::home();
    let home = home.as_deref().map(|home| home.canonicalize().unwrap_or_else(|_| home.into()));
    let is_above_home = |dir: &Path| {
        home.as_ref().is_some_and(|home| home.starts_with(dir) && home.as_path() != dir)
    };
    walk(path, LINKS_MAX, &mut |at, found| {
        let dir = if found.is_symlink() { at.parent().unwrap_or(at) } else { at };
        if is_above_home(dir) {
            return Ok(());
        }
        let is_ours = [rustix::process::getuid().as_raw(), 0].contains(&found.uid());
        match () {
            // Everybody may do everything to a link, its mode says.
            () if found.is_symlink() && is_ours => Ok(()),
            () if found.is_symlink() => {
                Err(Distrust::Owner { path: at.to_path_buf(), uid: found.uid() })
            }
            () => judge(at, found),
        }
    })
}

type Visit<'a> = dyn FnMut(&Path, &Metadata) -> Result<(), Distrust> + 'a;

/// Shows every directory and every link on the way.
fn walk(path: &Path, links_left: usize, visit: &mut Visit<'_>) -> Result<(), Distrust> {
    let mut at = PathBuf::from("/");
    let mut components = path.components();
    if let Ok(top) = at.symlink_metadata() {
        visit(&at, &top)?;
    }
    while let Some(component) = components.next() {
        let name = match component {
            Component::Normal(name) => name,
            Component::ParentDir => {
                at.pop();
                continue;
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => continue,
        };
        let next = at.join(name);
        let Ok(found) = next.symlink_metadata() else { return Ok(()) };
        if found.is_symlink() {
            visit(&next, &found)?;
            let (Ok(target), true) = (next.read_link(), links_left > 0) else { return Ok(()) };
            let rest = components.as_path();
            return walk(&at.join(target).join(rest), links_left - 1, visit);
        }
        if !found.is_dir() {
            return Ok(());
        }
        at = next;
        visit(&at, &found)?;
    }
    Ok(())
}

fn has_access_list(path: &Path) -> bool {
    let mut none = [0; 0];
    rustix::fs::getxattr(path, "system.posix_acl_access", &mut none).is_ok_and(|size| size > 0)
}

fn is_own_group(gid: u32) -> bool {
    let (uid, own) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let table = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    gid == own && is_private(uid, gid, &table("/etc/passwd"), &table("/etc/group"))
}

/// Whether nobody but the user is in the group (passwd(5), group(5)). Of users who are in no table of
/// this machine only the usual custom is known: the group has the user's number.
fn is_private(uid: u32, gid: u32, passwd: &str, group: &str) -> bool {
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let is = |field: Option<&String>, number: u32| field.is_some_and(|f| *f == number.to_string());
    let users: Vec<Vec<String>> = passwd.lines().map(fields).collect();
    let names: Vec<&str> = users
        .iter()
        .filter(|user| is(user.get(2), uid))
        .filter_map(|user| user.first().map(String::as_str))
        .collect();
    let is_shared = users.iter().any(|user| is(user.get(3), gid) && !is(user.get(2), uid));
    let groups = group.lines().map(fields).filter(|group| is(group.get(2), gid));
    let members = groups.filter_map(|group| group.get(3).cloned()).collect::<Vec<_>>().join(",");
    let is_stranger = |name: &str| !name.is_empty() && !names.contains(&name);
    let has_others = is_shared || members.split(',').any(is_stranger);
    !has_others && (gid == uid || !names.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Distrust, is_private, judge, judge_way};
    use crate::base::file;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::path::Path;

    fn mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_group_is_the_users_own_if_nobody_else_is_in_it() {
        let passwd = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:\nbob:x:1001:1002::/:\n\
                      eve:x:1003:100::/:\nmay:x:1004:100::/:\nbroken\n";
        let group = "root:x:0:\nann:x:1000:ann\nbob:x:1002:\nusers:x:100:\nmay:x:1004:bob\n";
        let check = |uid, gid, expected: bool| {
            assert_eq!(is_private(uid, gid, passwd, group), expected, "{uid} in {gid}");
        };
        check(0, 0, true);
        check(1000, 1000, true);
        check(1001, 1002, true);
        check(1003, 100, false);
        check(1004, 1004, false);
        // Nobody in the tables.
        check(5000, 5000, true);
        check(5000, 100, false);
        check(5000, 6000, false);
    }

    #[test]
    fn a_file_that_others_may_write_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        file::replace(&path, b"").unwrap();
        let found = || judge(&path, &path.metadata().unwrap());
        for (bits, is_fine) in
            [(0o600, true), (0o644, true), (0o666, false), (0o602, false), (0o1602, false)]
        {
            mode(&path, bits);
            assert_eq!(found().is_ok(), is_fine, "{bits:o}");
        }
        assert!(
            found().unwrap_err().to_string().ends_with(&format!("`chmod o-w {}`", path.display()))
        );
        if !rustix::process::getuid().is_root() {
            return;
        }
        mode(&path, 0o660);
        assert!(found().is_ok(), "root's own group");
        chown(&path, None, Some(12345)).unwrap();
        assert_eq!(found(), Err(Distrust::Group { path: path.clone(), gid: 12345 }));
        for uid in [12345, 65534] {
            chown(&path, Some(uid), Some(0)).unwrap();
            assert_eq!(found(), Err(Distrust::Owner { path: path.clone(), uid }));
        }
    }

    #[test]
    fn the_way_to_a_file_is_judged_through_its_links() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        let (open, way) = (top.join("open"), top.join("config/config.toml"));
        file::replace(&top.join("dots/config.toml"), b"").unwrap();
        file::replace(&open.join("deep/config.toml"), b"").unwrap();
        mode(&open, 0o777);
        let found = |target: &str| {
            drop(std::fs::remove_file(top.join("config")));
            symlink(target, top.join("config")).unwrap();
            judge_way(&way)
        };
        assert_eq!(found("dots"), Ok(()));
        assert_eq!(found("open/deep"), Err(Distrust::Everybody(open.clone())));
        assert_eq!(judge_way(&open), Err(Distrust::Everybody(open.clone())));
        assert_eq!(judge_way(&top.join("none/at/all")), Ok(()));
        // Only what belongs to somebody else could be exchanged there.
        mode(&open, 0o1777);
        assert_eq!(found("open/deep"), Ok(()));
        if rustix::process::getuid().is_root() {
            chown(open.join("deep"), Some(12345), None).unwrap();
            let path = open.join("deep");
            assert_eq!(found("open/deep"), Err(Distrust::Owner { path, uid: 12345 }));
            std::os::unix::fs::lchown(top.join("config"), Some(12345), None).unwrap();
            let path = top.join("config");
            assert_eq!(judge_way(&way), Err(Distrust::Owner { path, uid: 12345 }));
        }
    }
}
