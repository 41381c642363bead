//! Whether changes can be written at all, for who offers them before anybody asks for one.

use std::path::PathBuf;

use super::error::ChangeError;
use crate::clients::target::ClientFile;
use crate::config::Location;

/// What no section is called, as its name begins with a dot.
const NO_SECTION: &str = ".permit";

/// Whether a file can be made for a section that is not there yet.
///
/// # Errors
/// Why not: the config is one file, or its directory cannot be written to.
pub fn may_add(location: &Location) -> Result<(), ChangeError> {
    may_write(location, location.dropin_of(NO_SECTION))
}

/// Whether a patch file can be made for a section that somebody wrote.
///
/// # Errors
/// As of [`may_add`].
pub fn may_patch(location: &Location) -> Result<(), ChangeError> {
    may_write(location, location.patch_of("servers", NO_SECTION))
}

fn may_write(location: &Location, path: Option<PathBuf>) -> Result<(), ChangeError> {
    let path = path.ok_or_else(|| ChangeError::OneFile(location.main_file()))?;
    Ok(ClientFile::at(&path)?.permit()?)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{may_add, may_patch};
    use crate::changes::ChangeError;
    use crate::config::Location;

    #[test]
    fn what_cannot_be_written_to_is_told_before_somebody_tries() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("callmux");
        let store = home.path().join("store");
        for dir in [&config, &store] {
            fs::create_dir(dir).unwrap();
        }
        let location = Location::named(&config);
        may_add(&location).unwrap();
        may_patch(&location).unwrap();
        // As a home manager has it: `conf.d` is a link into what it made, and the rest is the user's.
        fs::set_permissions(&store, Permissions::from_mode(0o555)).unwrap();
        symlink(&store, config.join("conf.d")).unwrap();
        let why = may_add(&location).unwrap_err().to_string();
        assert!(why.contains("conf.d") && why.contains("read-only"), "{why}");
        may_patch(&location).unwrap();
        fs::set_permissions(&config, Permissions::from_mode(0o500)).unwrap();
        let why = may_patch(&location).unwrap_err().to_string();
        assert!(why.contains("callmux") && why.contains("read-only"), "{why}");
        fs::set_permissions(&config, Permissions::from_mode(0o700)).unwrap();
        let file = home.path().join("one.toml");
        crate::base::file::replace(&file, b"").unwrap();
        assert!(matches!(may_add(&Location::named(&file)), Err(ChangeError::OneFile(_))));
    }
}
