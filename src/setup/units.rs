//! The daemon's units in the user's systemd.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::SetupError;
use crate::base::{executable, file, program};
use crate::clients::Surroundings;
use crate::doctor::unit::{SERVICE, SOCKET, UnitState};
use crate::lasting;

/// Units of ours, for where no package put them.
const SOCKET_TEXT: &str = include_str!("../../dist/systemd/user/callmux.socket");
const SERVICE_TEXT: &str = include_str!("../../dist/systemd/user/callmux.service");
/// The program as these name it.
const PACKAGED: &str = "/usr/bin/callmux";
/// The largest unit that is looked at, in bytes.
const UNIT_MAX: u64 = 64 << 10;
/// How long the manager may take.
const WITHIN: Duration = Duration::from_secs(20);

/// What is to be done with units.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UnitPlan {
    /// There is no user manager of systemd.
    NoManager,
    /// The socket is there.
    Fine,
    Enable,
    /// They have to be written first.
    Install(Vec<(PathBuf, String)>),
}

impl UnitPlan {
    pub(super) fn of(around: &Surroundings) -> Self {
        match UnitState::ask(SOCKET) {
            None => Self::NoManager,
            Some(socket) if socket.is_installed() && socket.is_active() && socket.is_enabled() => {
                Self::Fine
            }
            Some(socket) if socket.is_installed() => Self::Enable,
            Some(_) => {
                let path = lasting::program(&around.path);
                let path = path.or_else(|| executable::find(env!("CARGO_PKG_NAME"), &around.path));
                Self::Install(files(&dir(around), &path.unwrap_or_else(|| PACKAGED.into())))
            }
        }
    }

    pub(super) fn files(&self) -> &[(PathBuf, String)] {
        if let Self::Install(files) = self { files } else { &[] }
    }

    /// Whether something is to be done.
    pub(super) fn is_work(&self) -> bool {
        matches!(self, Self::Enable | Self::Install(_))
    }
}

/// The user's own units.
fn dir(around: &Surroundings) -> PathBuf {
    around.config.join("systemd/user")
}

/// The directory that enabling makes.
pub(super) fn wants(around: &Surroundings) -> PathBuf {
    dir(around).join("sockets.target.wants")
}

/// A path as a word of a command line.
fn quoted(path: &Path) -> String {
    // What a unit takes for a specifier or a word of its own (systemd.service(5), "Command lines").
    let shown = path.display().to_string().replace('\\', "\\\\").replace('%', "%%");
    if shown.contains([' ', '"', '\'']) {
        format!("\"{}\"", shown.replace('"', "\\\""))
    } else {
        shown
    }
}

/// The texts of the units that start the program at `path`.
fn files(dir: &Path, path: &Path) -> Vec<(PathBuf, String)> {
    let quoted = quoted(path);
    let line = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        match value.strip_prefix(PACKAGED) {
            Some(rest) if key.starts_with("Exec") => format!("{key}={quoted}{rest}\n"),
            _ => format!("{line}\n"),
        }
    };
    let service: String = SERVICE_TEXT.lines().map(line).collect();
    vec![(dir.join(SOCKET), SOCKET_TEXT.to_owned()), (dir.join(SERVICE), service)]
}

/// Where units of ours lie in the user's home, if they do.
pub(super) fn own_files(around: &Surroundings) -> [PathBuf; 2] {
    [dir(around).join(SOCKET), dir(around).join(SERVICE)]
}

/// Whether callmux wrote the unit at `path`, whichever program it starts.
pub(super) fn is_ours(path: &Path) -> bool {
    let ours = if path.ends_with(SOCKET) { SOCKET_TEXT } else { SERVICE_TEXT };
    let Ok(found) = file::read(path, UNIT_MAX) else { return false };
    let without = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with("Exec")).map(str::to_owned).collect()
    };
    without(&String::from_utf8_lossy(&found)) == without(ours)
}

/// Whether the unit at `unit` starts the program at `path`.
pub(super) fn starts(unit: &Path, path: &Path) -> bool {
    let Ok(found) = file::read(unit, UNIT_MAX) else { return false };
    let line = format!("ExecStart={} serve", quoted(path));
    String::from_utf8_lossy(&found).lines().any(|found| found == line)
}

/// Has the socket listened on, now and from each login on.
pub(super) fn enable() -> Result<(), SetupError> {
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", "--now", SOCKET])
}

/// The opposite, and the daemon ends.
pub(super) fn disable() -> Result<(), SetupError> {
    systemctl(&["disable", "--now", SOCKET])?;
    systemctl(&["stop", SERVICE])
}

/// Has the manager read what is there.
pub(super) fn reload() -> Result<(), SetupError> {
    systemctl(&["daemon-reload"])
}

fn systemctl(words: &[&str]) -> Result<(), SetupError> {
    let all = ["systemctl", "--user", "--no-pager"].iter().chain(words);
    let all: Vec<String> = all.map(|word| (*word).to_owned()).collect();
    let done = program::carry_out(&all, Path::new("/"), WITHIN);
    done.map_err(|why| SetupError::Systemd { words: words.join(" "), why })
}

#[cfg(test)]
mod tests {
    use super::{files, is_ours};
    use std::path::Path;

    #[test]
    fn units_start_the_program_that_is_here() {
        let made = files(Path::new("/u"), Path::new("/home/me/my bin/100%/callmux"));
        let (path, service) = &made[1];
        assert_eq!(path, Path::new("/u/callmux.service"));
        let line = "ExecStart=\"/home/me/my bin/100%%/callmux\" serve\n";
        assert!(service.contains(line) && !service.contains("/usr/bin/callmux"), "{service}");
        assert!(
            service.contains("ExecReload=\"/home/me/my bin/100%%/callmux\" reload"),
            "{service}"
        );
        assert!(made[0].1.contains("ListenStream=%t/callmux/mcp.sock"));
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files(dir.path(), Path::new("/elsewhere/callmux")) {
            crate::base::file::replace(&path, text.as_bytes()).unwrap();
            assert!(is_ours(&path));
            crate::base::file::replace(&path, format!("{text}Nice=5\n").as_bytes()).unwrap();
            assert!(!is_ours(&path), "somebody changed it");
        }
    }
}
