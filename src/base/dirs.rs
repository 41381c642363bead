//! Where the user's directories are. The only file that knows where home is.
//!
//! XDG Base Directory Specification 0.8: a variable that is unset, empty or relative counts as
//! unset.

use std::path::{Path, PathBuf};

pub(super) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// `$HOME`, when it is an absolute path.
pub fn home() -> Option<PathBuf> {
    variable("HOME")
}

fn below_home(name: &str, default: &str) -> Option<PathBuf> {
    variable(name).or_else(|| home().map(|home| home.join(default)))
}

/// `$XDG_CONFIG_HOME/callmux`, else `~/.config/callmux`.
pub fn config() -> Option<PathBuf> {
    below_home("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("callmux"))
}

/// `$XDG_CACHE_HOME/callmux`, else `~/.cache/callmux`.
pub fn cache() -> Option<PathBuf> {
    below_home("XDG_CACHE_HOME", ".cache").map(|dir| dir.join("callmux"))
}

/// `$XDG_STATE_HOME/callmux`, else `~/.local/state/callmux`.
pub fn state() -> Option<PathBuf> {
    below_home("XDG_STATE_HOME", ".local/state").map(|dir| dir.join("callmux"))
}

/// `$XDG_DATA_HOME/callmux`, else `~/.local/share/callmux`.
pub fn data() -> Option<PathBuf> {
    below_home("XDG_DATA_HOME", ".local/share").map(|dir| dir.join("callmux"))
}

/// Replaces a leading `~` or `~/` by the home directory; other paths are returned unchanged.
pub fn expand_home(path: &str) -> PathBuf {
    let rest = if path == "~" { Some("") } else { path.strip_prefix("~/") };
    match (rest, home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_path_buf(),
    }
}
