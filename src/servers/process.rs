//! A server's process: how it is started, how its end is noticed, how it is ended.
//!
//! The process leads a group of its own, inherits three file descriptors and a closed environment,
//! and is ended by a ladder: end of input, SIGTERM to the group, SIGKILL to the group (MCP
//! lifecycle, "Shutdown").

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use tokio::net::unix::pipe;

use crate::base::dirs;
use crate::config::ServerConfig;

/// What a pipe of ours is asked to hold, in bytes. The kernel may grant less
/// (`/proc/sys/fs/pipe-user-pages-soft`); the default of 64 KiB costs a third of the speed of
/// large results.
const PIPE_BYTES: usize = 1024 * 1024;

/// Variables that every server gets if we have them. `LC_*` comes on top.
const PASSED_ON: [&str; 9] =
    ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "LANGUAGE"];

/// Variables that speak of our own process and would mislead another (sd_notify(3),
/// sd_listen_fds(3), systemd.exec(5)).
const NEVER_PASSED_ON: [&str; 10] = [
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
];

/// The signals that end processes, by the names people know (signal(7)).
const SIGNALS: [(i32, &str); 13] = [
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGQUIT, "SIGQUIT"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGKILL, "SIGKILL"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGPIPE, "SIGPIPE"),
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGXCPU, "SIGXCPU"),
    (libc::SIGSYS, "SIGSYS"),
];

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("no memory for its output: {0}")]
    Memory(io::Error),
    #[error("the command `{0}` is not found in PATH ({1}); write its absolute path")]
    NotFound(String, String),
    #[error("the command `{0}` does not exist")]
    Missing(PathBuf),
    #[error("`{0}` is not executable; `chmod +x` it or name its interpreter")]
    NotExecutable(PathBuf),
    #[error("`{0}` is no program the kernel can start; does a script lack its `#!` line?")]
    NoProgram(PathBuf),
    #[error("the working directory `{0}` does not exist")]
    NoDirectory(PathBuf),
    #[error("its arguments and environment are too large")]
    TooLarge,
    #[error("starting `{0}`: {1}")]
    Other(PathBuf, io::Error),
}

/// A started process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Readable once the process has ended (pidfd_open(2)).
    ended: pipe::Receiver,
    /// The leader was reaped and its group killed.
    reaped: Option<ExitStatus>,
}

/// The three streams of a started process.
#[derive(Debug)]
pub struct Streams {
    pub stdin: pipe::Sender,
    pub stdout: pipe::Receiver,
    pub stderr: pipe::Receiver,
}

impl Process {
    /// Starts the server's command.
    pub fn start(config: &ServerConfig) -> Result<(Self, Streams), StartError> {
        let env = environment(config, std::env::vars_os());
        let path = env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let program = find_program(config.command.expose(), &path)?;
        let cwd = config.cwd.clone().or_else(dirs::home).unwrap_or_else(|| PathBuf::from("/"));
        if !cwd.is_dir() {
            return Err(StartError::NoDirectory(cwd));
        }
        let mut command = Command::new(&program);
        command
            .args(config.args.iter().map(super::super::base::secret::Secret::expose))
            .env_clear()
            .envs(env)
            .current_dir(cwd);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0);
        isolate(&mut command);
        let mut child = command.spawn().map_err(|error| explain(&program, error))?;
        let other = |error: io::Error| StartError::Other(program.clone(), error);
        let opened = streams(&mut child).and_then(|streams| Ok((streams, watch(&child)?)));
        match opened {
            Ok((streams, ended)) => Ok((Self { child, ended, reaped: None }, streams)),
            Err(error) => {
                drop(child.kill());
                drop(child.wait());
                Err(other(error))
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the leader's end, then kills what is left of its group and reaps the leader. In
    /// this order, because its number cannot be given to another process before it is reaped.
    pub async fn ended(&mut self) -> ExitStatus {
        if let Some(status) = self.reaped {
            return status;
        }
        drop(self.ended.readable().await);
        if let Some(leader) = self.leader() {
            let leave_it = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            _ = rustix::process::waitid(WaitId::Pid(leader), leave_it);
            _ = rustix::process::kill_process_group(leader, Signal::KILL);
        }
        let status = self.child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0));
        self.reaped = Some(status);
        status
    }

    /// Ends the process. Its input must have been closed already. Each step is given `patience`.
    pub async fn stop(&mut self, patience: Duration) -> ExitStatus {
        for signal in [Signal::TERM, Signal::KILL] {
            if let Ok(status) = tokio::time::timeout(patience, self.ended()).await {
                return status;
            }
            self.signal(signal);
        }
        self.ended().await
    }

    /// Sends a signal to the whole group, unless it is gone.
    pub fn signal(&self, signal: Signal) {
        if let (None, Some(leader)) = (self.reaped, self.leader()) {
            _ = rustix::process::kill_process_group(leader, signal);
        }
    }

    fn leader(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }
}

/// The last net: a process whose owner forgot to stop it does not outlive the value.
impl Drop for Process {
    fn drop(&mut self) {
        if self.reaped.is_none() {
            self.signal(Signal::KILL);
            drop(self.child.wait());
        }
    }
}

/// How a process ended, for people.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("its process ended with exit code {code}"),
        (None, Some(signal)) => {
            let name = SIGNALS.iter().find(|(number, _)| *number == signal).map(|(_, name)| *name);
            format!("its process was ended by {} (signal {signal})", name.unwrap_or("a signal"))
        }
        (None, None) => "its process ended".to_owned(),
    }
}

fn watch(child: &Child) -> io::Result<pipe::Receiver> {
    let leader =
        i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    let pidfd: OwnedFd = rustix::process::pidfd_open(leader, PidfdFlags::NONBLOCK)?;
    // A pidfd is no pipe, but it is waited for in the same way, and nothing is ever read from it.
    pipe::Receiver::from_file_unchecked(pidfd.into())
}

fn streams(child: &mut Child) -> io::Result<Streams> {
    let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
    let stdin = OwnedFd::from(child.stdin.take().ok_or_else(missing)?);
    let stdout = OwnedFd::from(child.stdout.take().ok_or_else(missing)?);
    let stderr = OwnedFd::from(child.stderr.take().ok_or_else(missing)?);
    for pipe in [&stdin, &stdout] {
        // Refused when the user has many pipes; it only costs speed.
        _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES);
    }
    Ok(Streams {
        stdin: pipe::Sender::from_owned_fd(stdin)?,
        stdout: pipe::Receiver::from_owned_fd(stdout)?,
        stderr: pipe::Receiver::from_owned_fd(stderr)?,
    })
}

/// Closes every descriptor but the first three, and lets the kernel end the process when we die.
fn isolate(command: &mut Command) {
    let parent = rustix::process::getpid();
    let in_child = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
        // We may have died before that call; then nobody would ever tell the child.
        if rustix::process::getppid() != Some(parent) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        close_others();
        Ok(())
    };
    #[expect(unsafe_code, reason = "runs between fork and exec; makes only system calls")]
    // SAFETY: the closure allocates nothing and takes no lock (signal-safety(7)).
    unsafe {
        command.pre_exec(in_child);
    }
}

fn close_others() {
    #[expect(unsafe_code, reason = "no safe wrapper of close_range(2) exists")]
    // SAFETY: only marks descriptors close-on-exec; a kernel without the call changes nothing, and
    // then the flag that every descriptor of ours carries has to do.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

fn explain(program: &Path, error: io::Error) -> StartError {
    let program = program.to_path_buf();
    match error.raw_os_error() {
        Some(libc::ENOENT) => StartError::Missing(program),
        Some(libc::EACCES) => StartError::NotExecutable(program),
        Some(libc::ENOEXEC) => StartError::NoProgram(program),
        Some(libc::E2BIG) => StartError::TooLarge,
        _ => StartError::Other(program, error),
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
            || config.inherit_env.iter().any(|n| n == name);
        asked && !NEVER_PASSED_ON.contains(&name)
    };
    let mut env: BTreeMap<OsString, OsString> =
        own.filter(|(name, _)| name.to_str().is_some_and(passes)).collect();
    env.extend(config.env.iter().map(|(name, value)| (name.into(), value.expose().into())));
    env
}

fn find_program(command: &str, path: &OsStr) -> Result<PathBuf, StartError> {
    if command.contains('/') {
        let program = dirs::expand_home(command);
        return if program.exists() { Ok(program) } else { Err(StartError::Missing(program)) };
    }
    let is_program = |candidate: &PathBuf| {
        candidate
            .metadata()
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(command))
        .find(is_program)
        .ok_or_else(|| {
            StartError::NotFound(command.to_owned(), path.to_string_lossy().into_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::{Process, describe, environment};
    use crate::config::{Config, ServerConfig};
    use std::ffi::OsString;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;

    fn config(words: &[&str]) -> ServerConfig {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let config: Config = crate::config::load::inline(&words, None).unwrap();
        (*config.servers["default"]).clone()
    }

    #[test]
    fn the_environment_is_closed() {
        let mut config = config(&["x"]);
        config.inherit_env = vec!["EXTRA".into(), "NOTIFY_SOCKET".into()];
        config.env.insert("TOKEN".into(), crate::base::Secret::new("t".into()));
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

    #[tokio::test]
    async fn a_process_that_cannot_start_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        std::fs::File::create(&script).unwrap();
        let script = script.to_str().unwrap();
        let check = |words: &[&str], expected: &str| {
            let error = Process::start(&config(words)).unwrap_err().to_string();
            assert!(error.contains(expected), "{words:?}: {error}");
        };
        check(&["no-such-command"], "`no-such-command` is not found in PATH");
        check(&["/no/such/command"], "`/no/such/command` does not exist");
        check(&[script], "is not executable");
        check(&["true", &"x".repeat(3 << 20)], "too large");
        let mut elsewhere = config(&["true"]);
        elsewhere.cwd = Some("/no/such/dir".into());
        assert!(Process::start(&elsewhere).unwrap_err().to_string().contains("`/no/such/dir`"));
    }

    #[tokio::test]
    async fn a_child_has_three_descriptors_and_its_own_group() {
        // A directory is open while the shell expands the pattern, hence the fourth.
        let script = "echo /proc/self/fd/*; ps -o pgid= -p $$ | tr -d ' '; echo $$";
        let (mut process, mut streams) = Process::start(&config(&["sh", "-c", script])).unwrap();
        let mut out = String::new();
        streams.stdout.read_to_string(&mut out).await.unwrap();
        assert!(process.ended().await.success());
        let lines: Vec<&str> = out.lines().collect();
        let fds: Vec<&str> = lines[0].split("/proc/self/fd/").skip(1).map(str::trim).collect();
        assert_eq!(fds, ["0", "1", "2", "3"], "{out}");
        assert_eq!((lines[1], lines[2]), (lines[2], process.pid().to_string().as_str()), "{out}");
    }

    #[tokio::test]
    async fn the_ladder_ends_what_ignores_its_first_steps() {
        let stubborn =
            "trap '' TERM; (trap '' TERM; sleep 1000) & echo up; while :; do sleep 1; done";
        let (mut process, mut streams) = Process::start(&config(&["sh", "-c", stubborn])).unwrap();
        let mut up = [0; 3];
        streams.stdout.read_exact(&mut up).await.unwrap();
        drop(streams.stdin);
        let status = process.stop(Duration::from_millis(50)).await;
        assert_eq!(describe(status), "its process was ended by SIGKILL (signal 9)");
        // The output ends only when nobody of the group holds it any more.
        let mut rest = Vec::new();
        streams.stdout.read_to_end(&mut rest).await.unwrap();
    }

    #[tokio::test]
    async fn a_leader_that_ends_takes_its_group_with_it() {
        let (mut process, mut streams) =
            Process::start(&config(&["sh", "-c", "sleep 1000 & exit 3"])).unwrap();
        assert_eq!(describe(process.ended().await), "its process ended with exit code 3");
        let mut rest = Vec::new();
        streams.stdout.read_to_end(&mut rest).await.unwrap();
    }
}
