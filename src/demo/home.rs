//! The temporary home and the daemon in it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ends::{Ends, send};
use super::step::{StepError, StepResult};
use crate::base::{Span, file, random};

/// Nothing in the demo takes longer, unless something is broken.
const PATIENCE: Duration = Duration::from_secs(30);

const CONFIG: &str = r#"
[servers.counter]
command = "PROGRAM"
args = ["example-server", "counter"]

[servers.slow]
command = "PROGRAM"
args = ["example-server", "slow"]
"#;

/// A directory that is gone at the end, and the daemon that lives there.
#[derive(Debug)]
pub(super) struct Home {
    dir: PathBuf,
    program: PathBuf,
    ends: Ends,
    daemon: Option<Child>,
    facts: Option<Receiver<Value>>,
    /// The processes of the servers, as the daemon told.
    pids: HashMap<String, u32>,
}

impl Home {
    pub(super) fn make() -> StepResult<Self> {
        let program =
            std::env::current_exe().map_err(|error| StepError::when("own program")(&error))?;
        let name = format!("callmux-demo-{:08x}", u32::from_ne_bytes(random::bytes()));
        let dir = std::env::temp_dir().join(name);
        let config = CONFIG.replace("PROGRAM", &program.display().to_string());
        let path = dir.join("config.toml");
        let ends = Ends::watch()?;
        // From here on it is taken away, whatever happens.
        let home = Self { dir, program, ends, daemon: None, facts: None, pids: HashMap::new() };
        file::replace(&path, config.as_bytes())
            .map_err(|error| StepError::when(path.display().to_string())(&error))?;
        Ok(home)
    }

    pub(super) fn ends(&self) -> &Ends {
        &self.ends
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.dir.join("mcp.sock")
    }

    /// Our own program, living in this home.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("XDG_RUNTIME_DIR", &self.dir).env("XDG_CACHE_HOME", self.dir.join("cache"));
        command.env("XDG_STATE_HOME", self.dir.join("state"));
        command
    }

    /// Starts the daemon and waits until it serves.
    pub(super) fn start_daemon(&mut self) -> StepResult<()> {
        let mut command = self.command();
        command.args(["serve", "--log-format", "json", "--config"]).arg(&self.dir);
        command.arg("--socket").arg(self.socket());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut daemon = self.ends.spawn(&mut command, "starting the daemon")?;
        let stderr = daemon.stderr.take().ok_or(StepError::Missing("the daemon has no stderr"))?;
        let (sender, facts) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let fact = serde_json::from_str(&line).unwrap_or(Value::String(line));
                // Even when nobody listens any more, the pipe must not fill up.
                drop(sender.send(fact));
            }
        });
        (self.daemon, self.facts) = (Some(daemon), Some(facts));
        self.wait_for("daemon_ready")
    }

    /// The process of a server that has been started.
    pub(super) fn server_pid(&mut self, server: &str) -> StepResult<u32> {
        let told = self.facts.iter().flat_map(Receiver::try_iter);
        told.for_each(|fact| note_pid(&mut self.pids, &fact));
        self.pids.get(server).copied().ok_or_else(|| StepError::Untold(server.to_owned()))
    }

    /// Reads facts up to one of this name.
    fn wait_for(&mut self, name: &str) -> StepResult<()> {
        let deadline = Instant::now() + PATIENCE;
        let facts = self.facts.as_ref().ok_or(StepError::Missing("there is no daemon"))?;
        let mut last = String::new();
        loop {
            match facts.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(fact) => {
                    note_pid(&mut self.pids, &fact);
                    if fact["fact"] == name {
                        return Ok(());
                    }
                    fact["message"].as_str().unwrap_or_default().clone_into(&mut last);
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(StepError::Late(name.to_owned(), Span(PATIENCE)));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(StepError::DaemonEnded(last));
                }
            }
        }
    }

    /// Ends the daemon as `systemctl stop` does.
    pub(super) fn stop_daemon(&mut self) -> StepResult<()> {
        let Some(mut daemon) = self.daemon.take() else { return Ok(()) };
        send(daemon.id(), rustix::process::Signal::TERM);
        self.wait(&mut daemon)
    }

    /// Waits until the daemon is ended, by a signal to it or to us.
    pub(super) fn wait_for_daemon(&mut self) -> StepResult<()> {
        let Some(mut daemon) = self.daemon.take() else { return Ok(()) };
        self.wait(&mut daemon)
    }

    fn wait(&self, daemon: &mut Child) -> StepResult<()> {
        let ended = daemon.wait();
        self.ends.forget(daemon);
        ended.map(drop).map_err(|error| StepError::when("waiting for the daemon")(&error))
    }
}

fn note_pid(pids: &mut HashMap<String, u32>, fact: &Value) {
    let pid = fact["server_pid"].as_str().and_then(|pid| pid.parse().ok());
    if let (Some(server), Some(pid)) = (fact["server"].as_str(), pid) {
        pids.insert(server.to_owned(), pid);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(self.stop_daemon());
        drop(std::fs::remove_dir_all(&self.dir));
    }
}
