//! Where a client works, as an instance can have it.

use std::path::Path;

use super::error::{BadDirectory, NoInstance};
use crate::base::{Principal, ServerName, Workplace, quoted};
use crate::process::directory;

/// The longest directory, in bytes (`PATH_MAX`).
const DIR_MAX: usize = 4096;

/// The workplace of a client that says it works in `cwd`. Two names of one directory are one workplace.
pub(super) async fn of(
    server: &ServerName,
    principal: &Principal,
    cwd: &Path,
) -> Result<Workplace, NoInstance> {
    match resolved(cwd).await {
        Ok(dir) => Ok(Workplace { dir, principal: principal.clone() }),
        Err(why) => {
            let dir = quoted(&cwd.to_string_lossy()).to_string();
            Err(NoInstance::BadDirectory { server: server.clone(), dir, why })
        }
    }
}

async fn resolved(cwd: &Path) -> Result<Box<str>, BadDirectory> {
    if !cwd.is_absolute() {
        return Err(BadDirectory::Relative);
    }
    let is_long = |path: &Path| path.as_os_str().len() > DIR_MAX;
    if is_long(cwd) {
        return Err(BadDirectory::TooLong);
    }
    let dir = directory::resolved(cwd).await?;
    if is_long(&dir) {
        return Err(BadDirectory::TooLong);
    }
    // It becomes a line of a unit.
    let text = dir.to_str().filter(|text| !text.chars().any(char::is_control));
    text.map(Into::into).ok_or(BadDirectory::Unreadable)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::of;
    use crate::base::{Principal, ServerName};

    async fn at(cwd: &Path) -> Result<String, String> {
        let server = ServerName::parse("s").unwrap();
        let found = of(&server, &Principal::user(7), cwd).await;
        found.map(|found| found.dir.into()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_directory_has_one_name_or_says_what_is_wrong_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&real, real.join("link")).unwrap();
        for same in [real.clone(), real.join("link"), real.join("link/../."), real.join(".")] {
            let expected = if same.ends_with("..") { real.parent().unwrap() } else { &real };
            let found = at(&same).await.unwrap();
            assert!(Path::new(&found) == expected || same.ends_with("link/../."), "{found}");
        }
        crate::base::file::replace(&real.join("file"), b"").unwrap();
        std::fs::create_dir(real.join("new\nline")).unwrap();
        for (cwd, why) in [
            (Path::new("relative").into(), "`relative` of its client: it must be an absolute path"),
            (real.join("gone"), "it does not exist"),
            (real.join("file"), "it is no directory"),
            (real.join("new\nline"), "characters that are no text"),
            (format!("/{}", "d/".repeat(2100)).into(), "longer than a path can be"),
        ] {
            let error = at(&cwd).await.unwrap_err();
            assert!(error.contains(why) && error.starts_with("server s "), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
