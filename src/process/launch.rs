//! What is to be started: the program, its arguments, its environment, its directory.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::error::StartError;
use crate::base::{Secret, Workplace, dirs, executable};
use crate::settings::ServerConfig;

/// Variables that every server gets if we have them. `LC_*` comes on top.
const PASSED_ON: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "LANGUAGE",
];

/// Variables that speak of our own process and would mislead another (sd_notify(3),
/// sd_listen_fds(3), systemd.exec(5)).
const NEVER_PASSED_ON: [&str; 14] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "CREDENTIALS_DIRECTORY",
    "FDSTORE",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "DEBUG_INVOCATION",
    super::orphans::MARK,
];

/// Tells an instance of a server where it works: not every program asks for its working directory.
const CWD: &str = "CALLMUX_CWD";

/// A command as it will run.
#[derive(Debug)]
pub struct Launch {
    pub program: PathBuf,
    pub args: Vec<Secret>,
    /// The whole environment.
    pub env: BTreeMap<OsString, OsString>,
    pub cwd: PathBuf,
}

impl Launch {
    /// `workplace`: where an instance of the server works, who looked for it being there.
    pub fn of(config: &ServerConfig, workplace: Option<&Workplace>) -> Result<Self, StartError> {
        let mut env = environment(config, std::env::vars_os());
        let path = env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let program = find_program(config.program.command.expose(), &path)?;
        if let Some(Workplace { dir, .. }) = workplace {
            env.insert(CWD.into(), (&**dir).into());
            let cwd = PathBuf::from(&**dir);
            return Ok(Self { program, args: config.program.args.clone(), env, cwd });
        }
        let cwd =
            config.program.cwd.clone().or_else(dirs::home).unwrap_or_else(|| PathBuf::from("/"));
        if !cwd.is_dir() {
            return Err(StartError::NoDirectory(cwd));
        }
        Ok(Self { program, args: config.program.args.clone(), env, cwd })
    }
}

/// The closed environment: what every server gets, what the config names, and nothing else.
fn environment(
    config: &ServerConfig,
    own: impl Iterator<Item = (OsString, OsString)>,
) -> BTreeMap<OsString, OsString> {
    let passes = |name: &str| {
        let asked = PASSED_ON.contains(&name)
            || name.starts_with("LC_")
            || config.program.inherit_env.iter().any(|n| n == name);
        asked && !NEVER_PASSED_ON.contains(&name)
    };
    let mut env: BTreeMap<OsString, OsString> =
        own.filter(|(name, _)| name.to_str().is_some_and(passes)).collect();
    env.extend(config.program.env.iter().map(|(name, value)| (name.into(), value.expose().into())));
    env
}

fn find_program(command: &str, path: &OsStr) -> Result<PathBuf, StartError> {
    if command.contains('/') {
        let program = dirs::expand_home(command);
        return if program.exists() { Ok(program) } else { Err(StartError::Missing(program)) };
    }
    executable::find(command, path).ok_or_else(|| {
        StartError::NotFound(command.to_owned(), path.to_string_lossy().into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::environment;
    use crate::settings::sample;
    use std::ffi::OsString;

    #[test]
    fn the_environment_is_closed() {
        let mut config = sample::server(&["x"]);
        config.program.inherit_env = vec!["EXTRA".into(), "NOTIFY_SOCKET".into()];
        config.program.env.insert("TOKEN".into(), crate::base::Secret::new("t".into()));
        let own =
            ["PATH", "HOME", "LC_ALL", "EXTRA", "NOTIFY_SOCKET", "LISTEN_FDS", "CANARY", "TOKEN"];
        let env = environment(
            &config,
            own.iter().map(|name| (OsString::from(name), OsString::from("own"))),
        );
        let names: Vec<_> = env.keys().map(|name| name.to_str().unwrap()).collect();
        assert_eq!(names, ["EXTRA", "HOME", "LC_ALL", "PATH", "TOKEN"]);
        assert_eq!(env[&OsString::from("TOKEN")], "t");
    }
}
