//! A directory of ours alone below one in which everybody may make some, such as /tmp.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::quote::word;
use super::trust::{self, Distrust};

/// Everything that others may do, in a mode (inode(7)).
const ANY_OF_OTHERS: u32 = 0o077;

/// Why it is not ours alone.
#[derive(Debug, thiserror::Error)]
pub enum NotPrivate {
    #[error("{} is a symbolic link, which may lead anywhere; remove it", .0.display())]
    Link(PathBuf),
    #[error("{} is no directory; remove it", .0.display())]
    NoDirectory(PathBuf),
    #[error("{} belongs to user {uid}", .path.display())]
    Owner { path: PathBuf, uid: u32 },
    #[error("others may use {} (its mode is {mode:04o}); `chmod 700 {}`", .path.display(), word(.path))]
    Mode { path: PathBuf, mode: u32 },
    #[error("others could exchange {}: {distrust}", .path.display())]
    Way { path: PathBuf, distrust: Distrust },
    #[error("{}: {error}", .path.display())]
    Unseen { path: PathBuf, error: io::Error },
}

/// Judges the directory at `path`, which is never followed through a link. One that is not there yet is
/// fine where nobody else could exchange what we make.
pub fn judge(path: &Path) -> Result<(), NotPrivate> {
    let at = || path.to_path_buf();
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(NotPrivate::Unseen { path: at(), error }),
        Ok(found) if found.is_symlink() => return Err(NotPrivate::Link(at())),
        Ok(found) if !found.is_dir() => return Err(NotPrivate::NoDirectory(at())),
        Ok(found) if found.uid() != rustix::process::getuid().as_raw() => {
            return Err(NotPrivate::Owner { path: at(), uid: found.uid() });
        }
        Ok(found) if found.mode() & ANY_OF_OTHERS != 0 => {
            return Err(NotPrivate::Mode { path: at(), mode: found.mode() & 0o7777 });
        }
        Ok(_) => {}
    }
    let above = path.parent().unwrap_or(path);
    trust::judge_way(above).map_err(|distrust| NotPrivate::Way { path: at(), distrust })
}

#[cfg(test)]
mod tests {
    use super::{NotPrivate, judge};
    use crate::base::file;
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::path::Path;

    fn mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn only_a_directory_of_ours_alone_will_do() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        mode(&top, 0o1777);
        let (dir, other) = (top.join("callmux-1"), top.join("other"));
        judge(&dir).unwrap();
        create_dir(&other).unwrap();
        mode(&other, 0o700);
        symlink(&other, &dir).unwrap();
        assert!(matches!(judge(&dir), Err(NotPrivate::Link(_))));
        std::fs::remove_file(&dir).unwrap();
        file::replace(&dir, b"").unwrap();
        assert!(matches!(judge(&dir), Err(NotPrivate::NoDirectory(_))));
        std::fs::remove_file(&dir).unwrap();
        file::make_dir(&dir).unwrap();
        judge(&dir).unwrap();
        for open in [0o701, 0o710, 0o704, 0o750, 0o777, 0o1777] {
            mode(&dir, open);
            let said = judge(&dir).unwrap_err().to_string();
            assert!(said.contains(&format!("{open:04o}")) && said.contains("chmod 700"), "{said}");
        }
        mode(&dir, 0o700);
        // There somebody could put another in its place.
        mode(&top, 0o777);
        assert!(matches!(judge(&dir), Err(NotPrivate::Way { .. })));
        mode(&top, 0o1777);
        if rustix::process::getuid().is_root() {
            chown(&dir, Some(12345), None).unwrap();
            assert!(matches!(judge(&dir), Err(NotPrivate::Owner { uid: 12345, .. })));
        }
    }
}
