//! Where the user's directories are. The only file that knows where home is.
//!
//! XDG Base Directory Specification 0.8: a variable that is unset, empty or relative counts as
//! unset.

use std::path::{Path, PathBuf};

/// Longest path a unix socket can have: `sun_path` is 108 bytes with its final NUL (unix(7)).
pub const SOCKET_PATH_MAX: usize = 107;

fn variable(name: &str) -> Option<PathBuf> {
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

/// `$XDG_RUNTIME_DIR`, else `/run/user/UID` where it exists (cron and su leave the variable unset).
pub fn runtime() -> Option<PathBuf> {
    variable("XDG_RUNTIME_DIR").or_else(|| Some(run_user()).filter(|dir| dir.is_dir()))
}

/// `/run/user/UID`, whether it exists or not.
pub fn run_user() -> PathBuf {
    PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw()))
}

/// The daemon's unix socket: `$XDG_RUNTIME_DIR/callmux/mcp.sock`.
pub fn socket() -> Option<PathBuf> {
    runtime().map(|dir| dir.join("callmux/mcp.sock"))
}

/// Replaces a leading `~` or `~/` by the home directory; other paths are returned unchanged.
pub fn expand_home(path: &str) -> PathBuf {
    let rest = if path == "~" { Some("") } else { path.strip_prefix("~/") };
    match (rest, home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_path_buf(),
    }
}
