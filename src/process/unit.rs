//! A process that is a transient service of the user manager: it has its own `systemctl --user
//! status`, its own limits and journal, and it goes on when we end.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::pipe::PipeFlags;
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::net::unix::pipe;
use zbus::Variant;

use super::error::StartError;
use super::interpreter::unstartable;
use super::launch::Launch;
use super::sandbox;
use super::streams::{PIPE_BYTES, Streams};
use super::units::{Outcome, Units};
use crate::base::{ServerName, file, random, runtime_dir};
use crate::settings::ServerConfig;

/// How often the manager is asked whether it has taken note of an end.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOKS_MAX: u32 = 200;
/// For a unit that is stopped by the manager because its socket is.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// Variables that systemd sets by itself (systemd.exec(5)) and that speak of the unit.
const SET_BY_SYSTEMD: [&str; 7] = [
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "MANAGERPID",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "SHELL",
    "SYSTEMD_EXEC_PID",
];

/// A transient service.
#[derive(Debug)]
pub struct Unit {
    units: Units,
    name: String,
    pid: u32,
    /// Readable once the main process has ended (pidfd_open(2)); `None` if it had when it was looked
    /// for.
    ended: Option<pipe::Receiver>,
    status: Option<ExitStatus>,
    /// Somebody else looks after it when the value is dropped.
    kept: bool,
}

impl Unit {
    /// Starts the service and waits until its program runs.
    pub async fn start(
        units: &Units,
        server: &ServerName,
        config: &ServerConfig,
        launch: &Launch,
    ) -> Result<(Self, Streams), StartError> {
        let name = unit_name(server);
        let (stdin, stdout, stderr) = (pipe_of()?, pipe_of()?, pipe_of()?);
        let environment = EnvironmentFile::write(&name, launch)?;
        let unset = unset(units, launch).await?;
        let mut properties = describe(server, launch);
        properties.extend([
            ("PartOf", Variant::from(units.part_of.clone())),
            ("StandardInputFileDescriptor", Variant::from(zbus::Fd::from(stdin.0))),
            ("StandardOutputFileDescriptor", Variant::from(zbus::Fd::from(stdout.1))),
            // Not the journal: whoever writes there chooses the priority of each line, and fills the
            // pool that journald has for that priority and all services of the user.
            ("StandardErrorFileDescriptor", Variant::from(zbus::Fd::from(stderr.1))),
            ("EnvironmentFiles", Variant::from(vec![(environment.0.display().to_string(), false)])),
            ("UnsetEnvironment", Variant::from(unset)),
        ]);
        properties.extend(limits(config));
        properties.extend(sandbox::properties(config, launch, units.version));
        let started = units.start(&name, &properties).await;
        // The manager has read it, or never will.
        drop((environment, properties));
        let mut unit = match started {
            // One that ended at once has left its last words.
            Ok(()) => match Self::find(units, &name).await {
                Err(StartError::Ended) => Self::over(units, &name).await?,
                found => found?,
            },
            Err(error) => match units.outcome(&name).await {
                Some(outcome) if !is_of_manager(&outcome) => Self::of(units, &name, &outcome),
                outcome => return Err(why(&error, outcome, &launch.program)),
            },
        };
        if unit.status.is_none()
            && let Err(lost) = sandbox::check(config, unit.pid)
        {
            unit.stop(Duration::ZERO).await;
            return Err(lost);
        }
        let streams = Streams {
            stdin: pipe::Sender::from_owned_fd(stdin.1).map_err(StartError::Memory)?,
            stdout: pipe::Receiver::from_owned_fd(stdout.0).map_err(StartError::Memory)?,
            stderr: pipe::Receiver::from_owned_fd(stderr.0).map_err(StartError::Memory)?,
        };
        Ok((unit, streams))
    }

    /// The running service that an earlier process of ours started; `Err` says why there is none.
    pub async fn adopt(units: &Units, name: &str) -> Result<Self, StartError> {
        units.refer(name).await;
        Self::find(units, name).await
    }

    async fn find(units: &Units, name: &str) -> Result<Self, StartError> {
        let gone = || StartError::Ended;
        let pid = units.main_pid(name).await.ok_or_else(gone)?;
        let leader = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
        let watched = rustix::process::pidfd_open(leader, PidfdFlags::NONBLOCK)
            .map(|pidfd| pipe::Receiver::from_file_unchecked(pidfd.into()));
        let ended = watched
            .map_err(io::Error::from)
            .and_then(|watched| watched)
            .map_err(StartError::Unwatched)?;
        // The number may have passed to another process in between.
        if units.main_pid(name).await != Some(pid) {
            return Err(gone());
        }
        let name = name.to_owned();
        let ended = Some(ended);
        Ok(Self { units: units.clone(), name, pid, ended, status: None, kept: false })
    }

    /// The service that ended before it was looked for.
    async fn over(units: &Units, name: &str) -> Result<Self, StartError> {
        settled(units, name).await;
        let outcome = units.outcome(name).await.ok_or(StartError::Ended)?;
        Ok(Self::of(units, name, &outcome))
    }

    fn of(units: &Units, name: &str, outcome: &Outcome) -> Self {
        let (pid, status) = (outcome.pid, Some(exit_status(outcome)));
        Self { units: units.clone(), name: name.to_owned(), pid, ended: None, status, kept: false }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// It goes on when the value is dropped.
    pub fn keep(&mut self) {
        self.kept = true;
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the end of the main process and of what is left of its control group.
    pub async fn ended(&mut self) -> ExitStatus {
        if let Some(status) = self.status {
            return status;
        }
        if let Some(ended) = &self.ended {
            drop(ended.readable().await);
        }
        settled(&self.units, &self.name).await;
        let outcome = self.units.outcome(&self.name).await;
        let status = outcome.map_or_else(|| ExitStatus::from_raw(0), |it| exit_status(&it));
        *self.status.insert(status)
    }

    /// Ends the service. Its input must have been closed already.
    pub async fn stop(&mut self, patience: Duration) -> ExitStatus {
        for signal in [Signal::TERM, Signal::KILL] {
            if let Ok(status) = tokio::time::timeout(patience, self.ended()).await {
                return status;
            }
            self.units.kill(&self.name, signal).await;
        }
        self.ended().await
    }
}

/// The last net: a unit whose owner forgot to stop it does not outlive the value.
impl Drop for Unit {
    fn drop(&mut self) {
        if self.status.is_none()
            && !self.kept
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (units, name) = (self.units.clone(), self.name.clone());
            runtime.spawn(async move { units.kill(&name, Signal::KILL).await });
        }
    }
}

/// Waits until the manager has taken note of the end of the unit.
async fn settled(units: &Units, name: &str) {
    for _ in 0..LOOKS_MAX {
        if units.is_over(name).await {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// wait(2): an exit code is in the second byte, a signal in the first.
fn exit_status(outcome: &Outcome) -> ExitStatus {
    ExitStatus::from_raw(match outcome.code {
        libc::CLD_EXITED => outcome.status << 8,
        _ => outcome.status,
    })
}

/// Whether it was the manager that gave the start up, before the program ran (systemd.exec(5), "Process
/// Exit Codes").
fn is_of_manager(outcome: &Outcome) -> bool {
    outcome.code == 0 || (outcome.code == libc::CLD_EXITED && (200..=245).contains(&outcome.status))
}

/// One that is in use once.
fn unit_name(server: &ServerName) -> String {
    let number = u32::from_ne_bytes(random::bytes());
    format!("app-callmux-{}-{number:08x}.service", server.as_str())
}

/// What the manager shows of the unit, and how it runs it.
fn describe<'a>(server: &ServerName, launch: &Launch) -> Vec<(&'a str, Variant<'a>)> {
    let text = |text: &str| Variant::from(text.to_owned());
    let program = launch.program.display().to_string();
    let args = launch.args.iter().map(|arg| arg.expose().to_owned());
    let words: Vec<String> = std::iter::once(program.clone()).chain(args).collect();
    // Nothing in the words stands for a variable.
    let command = vec![(program, words, vec!["no-env-expand".to_owned()])];
    vec![
        ("Description", text(&format!("MCP server {server} of callmux"))),
        ("Type", text("exec")),
        ("ExecStartEx", Variant::from(command)),
        ("Slice", text("app-callmux.slice")),
        ("CollectMode", text("inactive-or-failed")),
        // It stays to be asked how it ended, for as long as we are there.
        ("AddRef", Variant::from(true)),
        ("WorkingDirectory", text(&launch.cwd.display().to_string())),
        ("KillMode", text("control-group")),
        ("TimeoutStopUSec", Variant::from(micros(STOP_WITHIN))),
        ("IgnoreSIGPIPE", Variant::from(false)),
    ]
}

fn limits<'a>(config: &ServerConfig) -> Vec<(&'a str, Variant<'a>)> {
    let limits = &config.program.limits;
    let mut out = Vec::new();
    out.extend(limits.memory_max.map(|bytes| ("MemoryMax", Variant::from(bytes))));
    out.extend(limits.tasks_max.map(|count| ("TasksMax", Variant::from(count))));
    out.extend(limits.cpu_weight.map(|weight| ("CPUWeight", Variant::from(weight))));
    out.extend(limits.runtime_max.map(|time| ("RuntimeMaxUSec", Variant::from(micros(time)))));
    out
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn pipe_of() -> Result<(OwnedFd, OwnedFd), StartError> {
    let ends =
        rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(|e| StartError::Memory(e.into()))?;
    // Refused when the user has many pipes; it only costs speed.
    _ = rustix::pipe::fcntl_setpipe_size(&ends.0, PIPE_BYTES);
    Ok(ends)
}

/// What the unit would get beyond the closed environment.
async fn unset(units: &Units, launch: &Launch) -> Result<Vec<String>, StartError> {
    let failed = |error: zbus::Error| StartError::Unit(error.to_string());
    let mut names: BTreeSet<String> =
        units.environment().await.map_err(failed)?.into_iter().collect();
    names.extend(SET_BY_SYSTEMD.map(str::to_owned));
    names.retain(|name| !launch.env.contains_key(std::ffi::OsStr::new(name)));
    Ok(names.into_iter().collect())
}

/// Why there is no process. `outcome`: what the manager made of it.
fn why(error: &zbus::Error, outcome: Option<Outcome>, program: &Path) -> StartError {
    // systemd.exec(5), "Process Exit Codes".
    if outcome.as_ref().is_some_and(|outcome| outcome.status == 203) {
        return unstartable(program);
    }
    StartError::Unit(match (outcome, error) {
        (Some(outcome), _) if outcome.status == 217 => {
            "its sandbox needs user namespaces, which are not allowed here; set `sandbox = \"none\"`"
                .to_owned()
        }
        (Some(outcome), _) if (218..=228).contains(&outcome.status) => format!(
            "its sandbox or a limit of it cannot be had here (status {}; systemd.exec(5) says of what)",
            outcome.status
        ),
        (Some(outcome), _) => format!(
            "systemd could not start it ({}, status {})",
            outcome.result, outcome.status
        ),
        (None, error) => format!("systemd could not start it: {error}"),
    })
}

/// The environment on its way to the manager: a file only we and the manager can read, in memory
/// (systemd.exec(5), `EnvironmentFile=`). `Environment=` would show in `systemctl show`.
#[derive(Debug)]
struct EnvironmentFile(PathBuf);

impl EnvironmentFile {
    fn write(unit: &str, launch: &Launch) -> Result<Self, StartError> {
        let dir = runtime_dir::runtime()
            .ok_or_else(|| StartError::Unit("XDG_RUNTIME_DIR is not set".into()))?;
        let path = dir.join("callmux").join(format!("{unit}.env"));
        let mut text = Vec::new();
        for (name, value) in &launch.env {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"=\"");
            for byte in value.as_bytes() {
                if b"\"\\`$".contains(byte) {
                    text.push(b'\\');
                }
                text.push(*byte);
            }
            text.extend_from_slice(b"\"\n");
        }
        let file = Self(path);
        file::replace(&file.0, &text).map_err(StartError::Memory)?;
        Ok(file)
    }
}

impl Drop for EnvironmentFile {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}
