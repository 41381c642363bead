//! A process that is our child, where there is no manager to give it to: the leader of a group of
//! its own, which ends when we end. What leaves the group is found all the same ([`super::orphans`]).

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{self, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Resource, Signal, WaitId, WaitIdOptions, setrlimit};
use tokio::net::unix::pipe;

use super::error::StartError;
use super::interpreter::unstartable;
use super::launch::Launch;
use super::orphans::{MARK, ServerRun};
use super::streams::{PIPE_BYTES, Streams};
use crate::base::children::{self, Started};
use crate::base::{core_dump, descriptors};

/// A child.
#[derive(Debug)]
pub struct Child {
    inner: process::Child,
    /// Readable once the process has ended (pidfd_open(2)).
    ended: pipe::Receiver,
    /// The leader was reaped and its group killed.
    reaped: Option<ExitStatus>,
    run: ServerRun,
    /// Until it was reaped.
    started: Option<Started>,
}

impl Child {
    pub fn start(launch: &Launch) -> Result<(Self, Streams), StartError> {
        let program = &launch.program;
        let mut command = Command::new(program);
        command
            .args(launch.args.iter().map(crate::base::Secret::expose))
            .env_clear()
            .envs(&launch.env)
            .current_dir(&launch.cwd);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0);
        let run = ServerRun::new();
        command.env(MARK, run.mark());
        isolate(&mut command);
        let started = children::start(&mut command).map_err(|error| explain(program, error))?;
        let (mut child, started) = started;
        let other = |error: io::Error| StartError::Other(program.clone(), error);
        let opened = streams(&mut child).and_then(|streams| Ok((streams, watch(&child)?)));
        match opened {
            Ok((streams, ended)) => {
                let started = Some(started);
                Ok((Self { inner: child, ended, reaped: None, run, started }, streams))
            }
            Err(error) => {
                drop(child.kill());
                drop(child.wait());
                Err(other(error))
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.inner.id()
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
        let status = self.inner.wait().unwrap_or_else(|_| ExitStatus::from_raw(0));
        self.reaped = Some(status);
        self.started = None;
        status
    }

    /// Ends what it left behind beyond its group, once it has ended.
    pub async fn clear(&mut self, patience: Duration) {
        self.run.end(patience).await;
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
        Pid::from_raw(i32::try_from(self.inner.id()).ok()?)
    }
}

/// The last net: a process whose owner forgot to stop it does not outlive the value.
impl Drop for Child {
    fn drop(&mut self) {
        if self.reaped.is_none() {
            self.signal(Signal::KILL);
            drop(self.inner.wait());
        }
        self.run.kill();
    }
}

fn watch(child: &process::Child) -> io::Result<pipe::Receiver> {
    let leader =
        i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    let pidfd: OwnedFd = rustix::process::pidfd_open(leader, PidfdFlags::NONBLOCK)?;
    // A pidfd is no pipe, but it is waited for in the same way, and nothing is ever read from it.
    pipe::Receiver::from_file_unchecked(pidfd.into())
}

fn streams(child: &mut process::Child) -> io::Result<Streams> {
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

/// Closes every descriptor but the first three, lets the kernel end the process when we die, and gives
/// it the limit on core files that we were given.
fn isolate(command: &mut Command) {
    let parent = rustix::process::getpid();
    let core = core_dump::limit_before();
    let in_child = move || {
        if let Some(limit) = core {
            setrlimit(Resource::Core, limit)?;
        }
        rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
        // We may have died before that call; then nobody would ever tell the child.
        if rustix::process::getppid() != Some(parent) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        descriptors::close_others();
        descriptors::give_back();
        Ok(())
    };
    #[expect(unsafe_code, reason = "runs between fork and exec; makes only system calls")]
    // SAFETY: the closure allocates nothing and takes no lock (signal-safety(7)).
    unsafe {
        command.pre_exec(in_child);
    }
}

fn explain(program: &Path, error: io::Error) -> StartError {
    let program = program.to_path_buf();
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EACCES | libc::ENOEXEC) => unstartable(&program),
        Some(libc::E2BIG) => StartError::TooLarge,
        _ => StartError::Other(program, error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::end::describe;
    use super::super::error::StartError;
    use super::super::streams::Streams;
    use super::{Child, Launch};
    use crate::settings::{ServerConfig, sample};
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;

    fn start(config: &ServerConfig) -> Result<(Child, Streams), StartError> {
        Child::start(&Launch::of(config, None)?)
    }

    #[tokio::test]
    async fn a_process_that_cannot_start_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        std::fs::File::create(&script).unwrap();
        let script = script.to_str().unwrap();
        let check = |words: &[&str], expected: &str| {
            let error = start(&sample::server(words)).unwrap_err().to_string();
            assert!(error.contains(expected), "{words:?}: {error}");
        };
        check(&["no-such-command"], "`no-such-command` is not found in PATH");
        check(&["/no/such/command"], "`/no/such/command` does not exist");
        check(&[script], "is not executable");
        let made_executable = |text: &str| {
            crate::base::file::replace(std::path::Path::new(script), text.as_bytes()).unwrap();
            std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        made_executable("#!/no/such/python -u\n");
        check(&[script], "begins with `#!/no/such/python`, and there is no `/no/such/python`");
        check(&["true", &"x".repeat(3 << 20)], "too large");
        let mut elsewhere = sample::server(&["true"]);
        elsewhere.program.cwd = Some("/no/such/dir".into());
        assert!(start(&elsewhere).unwrap_err().to_string().contains("`/no/such/dir`"));
    }

    #[tokio::test]
    async fn a_child_has_three_descriptors_and_its_own_group() {
        // A directory is open while the shell expands the pattern, hence the fourth.
        let script = "echo /proc/self/fd/*; ps -o pgid= -p $$ | tr -d ' '; echo $$";
        let (mut process, mut streams) = start(&sample::server(&["sh", "-c", script])).unwrap();
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
        let (mut process, mut streams) = start(&sample::server(&["sh", "-c", stubborn])).unwrap();
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
    async fn what_left_the_group_is_ended_too() {
        // One that would go on after SIGTERM, below one that would not.
        let deaf = "trap '' TERM; echo deaf; while :; do sleep 1; done";
        let script = format!("setsid sh -c \"setsid sh -c \\\"{deaf}\\\" & wait\" & wait");
        let (mut process, mut streams) = start(&sample::server(&["sh", "-c", &script])).unwrap();
        let mut up = [0; 5];
        streams.stdout.read_exact(&mut up).await.unwrap();
        drop(streams.stdin);
        process.stop(Duration::from_millis(50)).await;
        process.clear(Duration::from_millis(50)).await;
        // The output ends only when nobody holds it any more.
        let mut rest = Vec::new();
        streams.stdout.read_to_end(&mut rest).await.unwrap();
    }

    #[tokio::test]
    async fn a_leader_that_ends_takes_its_group_with_it() {
        let (mut process, mut streams) =
            start(&sample::server(&["sh", "-c", "sleep 1000 & exit 3"])).unwrap();
        assert_eq!(describe(process.ended().await), "its process ended with exit code 3");
        let mut rest = Vec::new();
        streams.stdout.read_to_end(&mut rest).await.unwrap();
    }
}
