//! The real daemon, and the facts it tells on stderr.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::processes::{Owners, look_at, state};
use super::watch::Watch;
use super::{Sandbox, config, until};

/// A running daemon; killed when dropped.
pub struct Daemon {
    child: Child,
    facts: Arc<Mutex<Vec<Value>>>,
    reader: Option<JoinHandle<String>>,
    pub watch: Arc<Watch>,
    /// The variables that only it has.
    given: Vec<String>,
    pub address: String,
    pub socket: PathBuf,
}

impl Daemon {
    /// Starts a daemon with these servers and waits until they are ready.
    pub fn with(sandbox: &Sandbox, servers: &[(&str, &[&str])]) -> Self {
        sandbox.write("config/callmux/config.toml", &config(servers));
        let daemon = Self::start(sandbox);
        for (name, _) in servers {
            daemon.wait_for("server_ready", |fact| fact["server"] == *name);
        }
        daemon
    }

    /// Starts a daemon with the sandbox's config and waits until it serves.
    pub fn start(sandbox: &Sandbox) -> Self {
        Self::start_with(sandbox, &[])
    }

    /// The same, with these variables in its environment.
    pub fn start_with(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Self {
        let mut command = sandbox.command();
        for (name, value) in variables {
            command.env(name, value);
        }
        command.args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0"]);
        let mut child = command.spawn_heard();
        let facts = Arc::new(Mutex::new(Vec::new()));
        let (stderr, sink) = (child.stderr.take().unwrap(), facts.clone());
        let reader = std::thread::spawn(move || {
            let mut log = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                log += &line;
                log.push('\n');
                let fact = serde_json::from_str(&line).unwrap_or(Value::String(line));
                sink.lock().unwrap().push(fact);
            }
            log
        });
        let mut daemon = Self {
            child,
            facts,
            reader: Some(reader),
            watch: sandbox.watch.clone(),
            given: command.given(),
            address: String::new(),
            socket: sandbox.socket(),
        };
        daemon.wait_for("daemon_ready", |_| true);
        let listening =
            |fact: &Value| fact["address"].as_str().is_some_and(|a| a.starts_with("http://"));
        let fact = daemon.wait_for("listening", listening);
        let address = fact["address"].as_str().unwrap();
        address.trim_start_matches("http://").clone_into(&mut daemon.address);
        daemon
    }

    /// The first fact so far, or to come, of this name that fits.
    pub fn wait_for(&self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        until(&format!("the fact {name}; told were {:?}", self.names()), || {
            // Asked first: what it told before it ended has been read by then.
            let has_ended = self.reader.as_ref().is_none_or(JoinHandle::is_finished);
            let facts = self.facts.lock().unwrap();
            let found = facts.iter().find(|fact| fact["fact"] == name && fits(fact)).cloned();
            drop(facts);
            assert!(found.is_some() || !has_ended, "ended without {name}: {}", self.told());
            found
        })
    }

    /// How many facts of this name fit.
    pub fn count(&self, name: &str, fits: impl Fn(&Value) -> bool) -> usize {
        self.facts.lock().unwrap().iter().filter(|fact| fact["fact"] == name && fits(fact)).count()
    }

    /// Waits until at least so many facts of this name fit.
    pub fn wait_for_count(&self, name: &str, least: usize, fits: impl Fn(&Value) -> bool) {
        until(&format!("{least} facts {name}; told were {:?}", self.names()), || {
            (self.count(name, &fits) >= least).then_some(())
        });
    }

    /// There are so many facts of this name that fit. The last of them may be on its way.
    #[track_caller]
    pub fn expect_count(&self, name: &str, expected: usize, fits: impl Fn(&Value) -> bool) {
        self.wait_for_count(name, expected, &fits);
        assert_eq!(self.count(name, fits), expected, "{name}: {}", self.told());
    }

    /// Everything that was told.
    pub fn told(&self) -> String {
        let facts = self.facts.lock().unwrap();
        facts.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
    }

    fn names(&self) -> Vec<String> {
        let facts = self.facts.lock().unwrap();
        facts.iter().map(|fact| fact["fact"].as_str().unwrap_or("?").to_owned()).collect()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The newest process of a server.
    pub fn server_pid(&self, server: &str) -> u32 {
        let facts = self.facts.lock().unwrap();
        let started = |fact: &&Value| fact["fact"] == "server_started" && fact["server"] == server;
        let fact = facts.iter().rev().find(started).unwrap();
        fact["server_pid"].as_str().unwrap().parse().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Does something while the daemon does nothing.
    pub fn while_it_stands_still(&self, act: impl FnOnce()) {
        self.signal(Signal::STOP);
        until("the daemon to stand still", || (state(self.pid()) == Some('T')).then_some(()));
        act();
        self.signal(Signal::CONT);
    }

    /// Tells the daemon to stop, and returns its exit code. What it said is all there then.
    pub fn stop(&mut self) -> Option<i32> {
        self.look();
        self.signal(Signal::TERM);
        let status = until("the daemon's end", || self.child.try_wait().unwrap());
        self.wait_for_the_end_of_the_log();
        status.code()
    }

    /// Nobody but the daemon has its stderr.
    fn wait_for_the_end_of_the_log(&self) {
        let reader = self.reader.as_ref();
        until("the end of the log", || reader.is_none_or(JoinHandle::is_finished).then_some(()));
    }

    /// Ends the daemon without a chance to say anything.
    pub fn kill(&mut self) {
        self.look();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.wait_for_the_end_of_the_log();
    }

    /// Resident memory in KiB.
    pub fn memory_kib(&self) -> usize {
        self.memory("VmRSS:")
    }

    /// The same without what is mapped of files: of the program, which is large in a build for tests.
    pub fn own_memory_kib(&self) -> usize {
        self.memory("RssAnon:")
    }

    fn memory(&self, what: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Open descriptors.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Keeps what can be seen of it and of its servers from outside.
    pub fn look(&self) {
        let facts = self.facts.lock().unwrap();
        let server = |fact: &Value| {
            let pid = fact["server_pid"].as_str()?.parse().ok()?;
            Some((pid, fact["server"].as_str()?.to_owned()))
        };
        let servers = facts.iter().filter_map(server).collect();
        drop(facts);
        look_at(
            &self.watch,
            self.pid(),
            &Owners { given: &self.given, is_inherited: false, servers },
        );
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !std::thread::panicking() && matches!(self.child.try_wait(), Ok(None)) {
            self.look();
        }
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            return;
        }
        self.wait_for_the_end_of_the_log();
        let Some(reader) = self.reader.take() else { return };
        self.watch.heard.said("the log of the daemon", reader.join().unwrap_or_default());
    }
}
